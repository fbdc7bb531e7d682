"""Inspection of programs without a run: equations, kernels, copies, collectives, and the bytes that must be moved."""
