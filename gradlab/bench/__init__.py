"""Benchmarks: comparisons of the speed of gradlab with other ways to do the same work."""
