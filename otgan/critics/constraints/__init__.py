"""What keeps a critic 1-Lipschitz."""
