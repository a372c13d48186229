"""KL, JS and their relatives."""
