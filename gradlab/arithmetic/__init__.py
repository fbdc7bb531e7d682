"""Arithmetic that the links share: finite roots and quotients, maps over leaves, sums over devices."""
