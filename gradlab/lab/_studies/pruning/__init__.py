"""The pruning of studies: what users pass for it, and how the points of a task are scored at a rung."""
