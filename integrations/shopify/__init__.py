"""Shopify, spoken at its edge and nowhere else."""

# The version we call, hear and check our documents against; all four quarters of a year it moves on.
API_VERSION = "2026-10"
