"""Selection by the shapes and dtypes of leaves."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from .base import Selector, choose_by, selector

_KINDS = {"floating": jnp.floating, "complexfloating": jnp.complexfloating}


@selector
def ndim(*counts: int):
    """Select the leaves with one of some numbers of axes: `ndim(2)` are matrices, `~ndim(0, 1)` all but vectors.

    `counts` are integers of at least 0. In `each`, a leaf is that of one layer.

    Raises TypeError without a count or for one that is no integer, and ValueError for a negative one.

    >>> tx, gradient = gl.only(gl.ndim(2), gl.scale(10.0)), [jnp.ones((1, 2)), jnp.ones(2)]
    >>> print(*tx.update(gradient, tx.init(gradient))[0])
    [[10. 10.]] [1. 1.]
    """
    if not counts:
        raise TypeError("ndim() has no number of axes; pass at least one, such as ndim(2)")
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"ndim: a number of axes must be an integer, got {type(count).__name__}: {count!r}")
        if count < 0:
            raise ValueError(f"ndim: a number of axes must not be negative, got {count}")
    return choose_by(lambda leaf: leaf.ndim in counts)


@selector
def size(at_least: int | None = None, at_most: int | None = None):
    """Select the leaves with a number of elements in a range, both ends included: `size(at_least=1000)`.

    Raises ValueError without a bound, for a negative one, and for a range that is empty.

    >>> tx, gradient = gl.only(gl.size(at_least=2), gl.scale(10.0)), [jnp.ones(1), jnp.ones(2)]
    >>> print(*tx.update(gradient, tx.init(gradient))[0])
    [1.] [10. 10.]
    """
    low, high = 0 if at_least is None else at_least, at_most
    if at_least is None and at_most is None:
        raise ValueError("size() has no bound; pass size(at_least=...) or size(at_most=...)")
    if low < 0 or (high is not None and high < low):
        raise ValueError(
            f"size: the bounds must be at least 0 and in order, got at_least={at_least}, at_most={at_most}"
        )
    return choose_by(lambda leaf: leaf.size >= low and (high is None or leaf.size <= high))


def dtype(*dtypes: Any) -> Selector:
    """Select the leaves with one of some dtypes: `dtype("bfloat16")`, `dtype("float16", "bfloat16")`.

    Each is anything that `jnp.dtype` takes, or `"floating"` for all real and `"complexfloating"` for all complex ones.
    The dtype is that of the parameter as it is handed to the optimizer, whatever the dtype of its gradient.

    Raises TypeError without a dtype, and for what is none. In an update without parameters, raises ValueError.

    >>> tx = gl.only(gl.dtype("bfloat16"), gl.scale(10.0))
    >>> params = [jnp.ones(2, "bfloat16"), jnp.ones(2, "float16")]
    >>> direction, _ = tx.update(params, tx.init(params), params)
    >>> print([float(d[0]) for d in direction])
    [10.0, 1.0]
    """
    if not dtypes:
        raise TypeError('dtype() has no dtype; pass at least one, such as dtype("bfloat16")')
    return _dtype(*map(_read_name, dtypes))


@selector
def _dtype(*names: str):
    kinds = tuple(_KINDS.get(name) or jnp.dtype(name) for name in names)
    return choose_by(lambda leaf: any(jnp.issubdtype(leaf.dtype, kind) for kind in kinds))


dtype.factory = _dtype.factory  # type: ignore[attr-defined]


def _read_name(thing: Any) -> str:
    for name, kind in _KINDS.items():
        if thing is kind or (isinstance(thing, str) and thing == name):
            return name
    try:
        if thing is not None:  # of which NumPy makes float64
            return jnp.dtype(thing).name
    except TypeError:
        pass
    raise TypeError(
        f"dtype: expected a dtype or its name, such as 'bfloat16', or 'floating' or 'complexfloating'; "
        f"got {type(thing).__name__}: {thing!r}"
    )
