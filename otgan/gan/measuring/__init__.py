"""What is measured of a generator: spaces, features, scores, a test, and which one is kept."""
