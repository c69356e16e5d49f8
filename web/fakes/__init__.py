"""Development only: shops of our own making, connected as real ones are."""
