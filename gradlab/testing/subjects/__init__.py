"""The transformation under examination: what it is, what surrounds it, and its runs at any values of its arguments."""
