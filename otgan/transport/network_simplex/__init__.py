"""The engine: the network simplex method, from coarse to fine."""
