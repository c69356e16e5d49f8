"""Small stand-ins for the outside world, real enough to be talked to."""
