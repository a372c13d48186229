"""Lipschitz constants that the weights of a network prove."""
