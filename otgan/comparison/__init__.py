"""Every distance and divergence that fits two samples, in one table."""
