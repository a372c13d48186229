"""Any critic held against the exact dual."""
