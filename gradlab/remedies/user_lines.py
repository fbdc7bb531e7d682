"""The line of the user that a warning is about."""

from __future__ import annotations

import sys

_INSIDE = frozenset({"gradlab", "jax", "jaxlib", "optax", "functools", "contextlib"})


def find_stacklevel() -> int:
    """Return the `stacklevel` with which the caller warns at the first line outside of gradlab and JAX."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _INSIDE:
        level, frame = level + 1, frame.f_back
    return level
