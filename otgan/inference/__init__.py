"""How sure to be of a distance: intervals for the distributions, and permutation tests."""
