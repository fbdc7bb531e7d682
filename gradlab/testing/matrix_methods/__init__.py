"""Matrices of known spectra, and the polynomials of iterations such as Newton-Schulz."""
