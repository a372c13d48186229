"""How a critic is trained."""
