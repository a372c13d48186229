"""Optimal transport between discrete measures, certified."""
