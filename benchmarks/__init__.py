"""Measured claims: each script prints its table, and `results` holds what they printed."""
