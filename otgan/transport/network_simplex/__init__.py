"""The network simplex method, from coarse to fine: the solver of exact transport."""
