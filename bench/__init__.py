"""What Kontor costs, as ratios against floors that run beside it."""
