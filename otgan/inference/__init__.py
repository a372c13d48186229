"""How sure to be of a distance: intervals for the laws, and permutation tests."""
