"""Whatever a user brings, as float64 arrays, with labels matched by name."""
