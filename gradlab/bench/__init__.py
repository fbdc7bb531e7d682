"""Benchmarks: how fast gradlab is beside its peers, measured side by side."""
