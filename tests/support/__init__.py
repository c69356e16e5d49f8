"""What the tests lean on: real servers, the cast, and small fakes."""
