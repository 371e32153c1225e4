"""Independent points on a manifold, few or many inside the kernel."""
