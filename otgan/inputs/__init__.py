"""Input validation: arrays, tables and labels as float64 arrays, and options by type and range."""
