"""W1 from critics: which constraint, what is trained, and what it shows on held-out points."""
