"""Many processes on one store: one that says whose turn it is, and workers that run accounts."""
