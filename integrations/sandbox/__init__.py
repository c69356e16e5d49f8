"""A small shop of our own, so that everything runs with no account."""
