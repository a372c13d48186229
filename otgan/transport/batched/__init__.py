"""Stacks of problems of equal sizes, (B, n, d) or (B, n, m), solved side by side."""
