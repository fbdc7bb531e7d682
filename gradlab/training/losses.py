"""The check of what a loss returns."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ..core.tree_differences import show_array


def require_scalar(result: Any, has_aux: bool) -> None:
    """Raise TypeError unless a loss returned a real scalar, or with `has_aux` a pair that begins with one."""
    expected = "a pair of a real scalar and anything else, because has_aux is set" if has_aux else "a real scalar"
    is_pair = isinstance(result, tuple) and len(result) == 2
    if has_aux and not is_pair:
        raise TypeError(f"the loss must return {expected}; got {_describe(result)}")
    if not has_aux and is_pair:
        raise TypeError(
            f"the loss must return {expected}; got a pair: pass make_step(loss, has_aux=True); or "
            f"the loss alone, if it is jax.value_and_grad(loss)"
        )
    value = result[0] if has_aux else result
    dtype = getattr(value, "dtype", None) or jnp.result_type(type(value)) if _is_number(value) else None
    if dtype is None or jnp.shape(value) or not jnp.issubdtype(dtype, jnp.floating):
        remedy = (
            "" if dtype is not None else "; the step takes the gradient itself, so pass the loss and not jax.grad(loss)"
        )
        raise TypeError(f"the loss must return {expected}; got {_describe(value)}{remedy}")


def _is_number(value: Any) -> bool:
    return hasattr(value, "dtype") or isinstance(value, (bool, int, float, complex))


def _describe(value: Any) -> str:
    if hasattr(value, "dtype"):
        return show_array(value)
    return "nothing" if value is None else f"a {type(value).__name__}"
