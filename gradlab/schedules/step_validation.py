"""The conversion of the step that users pass to an exact integer, and the errors for anything that is not a step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .step_arithmetic import Count, largest_step


def as_counter(step: Any) -> Any:
    """Return a step as a whole number >= 0: of Python or NumPy if its value is known, else an array.

    It may be an integer of any kind, or a float that holds a whole number. A negative step counts as step 0. Inside a
    trace, where values are unknown, a float is rounded down. Raises TypeError for anything that is not a number, such
    as a boolean, and ValueError for a float that is not whole.
    """
    if isinstance(step, int) and not isinstance(step, bool):
        return max(step, 0)
    dtype = getattr(step, "dtype", np.dtype(type(step)) if isinstance(step, (bool, float)) else None)
    is_traced = isinstance(step, jax.core.Tracer)
    if dtype is not None and jnp.issubdtype(dtype, jnp.floating):
        if not is_traced:
            return _as_whole(np.asarray(step, np.float64))
        top = float(np.nextafter(np.float32(largest_step()), np.float32(0)))
        return jnp.nan_to_num(jnp.clip(step.astype(jnp.float32 if dtype.itemsize < 4 else dtype), 0, top)).astype(int)
    if dtype is None or not jnp.issubdtype(dtype, jnp.integer):
        raise TypeError(
            f"a schedule takes the step, an integer scalar that counts from 0; got {type(step).__name__}: {step!r}"
        )
    may_overflow = int(jnp.iinfo(dtype).max) > largest_step()
    if may_overflow and not is_traced:
        return np.maximum(np.asarray(step), 0)
    if may_overflow:
        return jnp.minimum(jnp.maximum(step, 0), np.asarray(largest_step(), dtype)).astype(int)
    return jnp.maximum(jnp.asarray(step).astype(int), 0)


def is_too_large(counter: Any) -> bool:
    """Return whether a step is known and too large for the default integer dtype."""
    return isinstance(counter, (int, np.ndarray, np.generic)) and bool(np.any(np.asarray(counter) > largest_step()))


def as_count(counter: Any) -> Count:
    """Return the step for schedules, an array of the default integer dtype and at most its maximum."""
    if isinstance(counter, int):
        return Count(jnp.asarray(min(counter, largest_step())))
    if isinstance(counter, (np.ndarray, np.generic)):
        top = min(largest_step(), int(np.iinfo(counter.dtype).max))
        return Count(jnp.asarray(np.minimum(counter, counter.dtype.type(top)).astype(int)))
    return Count(counter)


def _as_whole(step: np.ndarray) -> Any:
    """Return a float step as an integer >= 0. Raises ValueError if it is not whole."""
    if not np.all(np.isfinite(step)) or np.any(step != np.floor(step)):
        raise ValueError(f"a schedule counts whole steps from 0, got {step}; pass an integer")
    return max(int(step), 0) if step.ndim == 0 else np.maximum(step, 0).astype(np.int64)
