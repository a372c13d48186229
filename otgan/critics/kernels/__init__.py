"""Gradients of penalized critics, matrix products and optimizer steps, written out by hand."""
