"""The dtypes that users pass to `check`, as names."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp


def name_dtypes(dtypes: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of dtypes, which may be given as names or as dtypes such as `jnp.float32`.

    Raises TypeError for one dtype without a tuple, and ValueError for what is no floating-point or complex dtype.
    """
    if isinstance(dtypes, str) or not hasattr(type(dtypes), "__iter__"):
        shown = repr(dtypes) if isinstance(dtypes, str) else repr(_find_name(dtypes, known))
        kind = "the string" if isinstance(dtypes, str) else "the dtype"
        raise TypeError(f"dtypes must be a tuple of names, got {kind} {shown}; write dtypes=({shown},)")
    return tuple(_find_name(dtype, known) for dtype in dtypes)


def _find_name(dtype: Any, known: tuple[str, ...]) -> str:
    try:
        found = jnp.dtype(dtype)
    except TypeError:
        found = None
    if dtype is None or found is None:
        raise ValueError(f"unknown dtype {dtype!r}; there are: {', '.join(known)} and complex128") from None
    if not jnp.issubdtype(found, jnp.inexact):
        raise ValueError(f"dtypes must be floating-point or complex, got {dtype!r}")
    return dtype if isinstance(dtype, str) else str(found.name)
