"""Shapes of images that networks are built for in tests: even and odd sides, not square."""

IMAGES = [(1, 8, 8), (2, 8, 8), (3, 8, 8), (1, 11, 13), (1, 28, 28), (3, 32, 32), (3, 64, 64)]
