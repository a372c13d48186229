"""Architectures of critics, and ensembles of them."""
