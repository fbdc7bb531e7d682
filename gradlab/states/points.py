"""The points of an optimizer: where its model is evaluated, and where its gradient is taken."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..core.base import Transformation
from ..core.boundary import Boundary, PyTree, raise_precision, restore_dtypes
from ..core.composites import POINTS, find_point, points_of, walk_hidden
from ..core.running_calls import entering
from ..core.transformation_calls import signals_of
from ..core.tree_differences import have_same_structure, require_same_trees
from ..selectors.leaves import unbox
from .argument_order import refuse_exchanged, show_arguments


def eval_params(tx: optax.GradientTransformation, state: PyTree, params: PyTree) -> PyTree:
    """Return the parameters at which the model is evaluated: an average, the slow weights, or `params` themselves.

    `state` and `params` are those after the last update, or after `init`. The result is like `params`, with the same
    dtypes. Parts of a model that are no floating-point arrays, such as functions, are those of `params`. For an
    optimizer that defines no such point, and for one of another library, the result is `params` itself.

    Raises TypeError if `tx` is no transformation. Raises ValueError if `state` is not one of `tx` for these parameters,
    if two transformations within `tx` define such a point, if a wrapper of another library within `tx` holds one that
    does, or if links of a chain change the step after the one that defines it.

    >>> tx, x = gl.average_params(gl.sgd(0.5)), jnp.array([4.0, 8.0])
    >>> state = tx.init(x)
    >>> for _ in range(2):  # of |x|^2 / 2: half, and half of that
    ...     step, state = tx.update(x, state, x)
    ...     x = x + step
    >>> print(x, gl.eval_params(tx, state, x))  # the average of both
    [1. 2.] [1.5 3. ]
    """
    return _find(tx, state, params, "eval_params")


def gradient_params(tx: optax.GradientTransformation, state: PyTree, params: PyTree) -> PyTree:
    """Return the parameters at which the gradient for the next update is taken, such as those ahead along the momentum.

    Call it before each update, as `make_step` and the laboratory do. The result, the arguments and the errors are those
    of `eval_params`. A link that asks for `gradient_fn` also takes the gradient at a point of its own, so a ValueError
    is raised if there are both.

    >>> tx, x = gl.nag(0.1, momentum=0.5), jnp.array([1.0, 2.0])
    >>> step, state = tx.update(x, tx.init(x), x)
    >>> print(x + step, gl.gradient_params(tx, state, x + step))  # half of the step ahead
    [0.9 1.8] [0.85 1.7 ]
    """
    return _find(tx, state, params, "gradient_params")


def _find(tx: Any, state: PyTree, params: PyTree, kind: str) -> PyTree:
    if not isinstance(tx, optax.GradientTransformation):
        raise TypeError(
            f"{kind}(tx, state, params) takes a transformation first, such as adam(); got "
            f"{show_arguments(tx, state, params)}"
        )
    if not isinstance(tx, Transformation):
        return params
    try:
        return _find_in(tx, state, params, kind)
    except ValueError:  # `nnx.Optimizer` keeps a state in variables of its own kind, or of pure arrays
        structure: Any = jax.tree.structure(params)
        pure_state, pure_params = unbox(state), unbox(params)
        if have_same_structure((pure_state, pure_params), (state, params)):
            raise
    return structure.unflatten(jax.tree.leaves(_find_in(tx, pure_state, pure_params, kind)))


def _find_in(tx: Transformation, state: PyTree, params: PyTree, kind: str) -> PyTree:
    arrays = jax.tree.map(lambda leaf: leaf if _is_inexact(leaf) else None, params)
    try:
        point = find_point(tx, state, kind)
        if point is None:
            _require_none_hidden(tx, kind)
            if isinstance(params, tuple):  # as states are; parameters mostly are dicts
                refuse_exchanged(f"{kind}(tx, state, params)", tx, params, state)
            return params
        with entering(arrays):
            result = point(raise_precision(arrays, "the parameter"))
        require_same_trees(result, arrays, "the point", "params")
    except Exception as error:
        refuse_exchanged(f"{kind}(tx, state, params)", tx, params, state)
        Boundary(tx.core).require_own_state(state, arrays, error)
        raise
    if kind == "gradient_params" and "gradient_fn" in signals_of(tx):
        raise ValueError(
            "two links take the gradient at points of their own, one through gradient_params and one through "
            "gradient_fn; keep one of them. sgd(momentum=..., nesterov=True) looks ahead without a point of its own"
        )
    return _join(restore_dtypes(result, arrays), params)


def _require_none_hidden(tx: Transformation, kind: str) -> None:
    """Raise ValueError if a wrapper of another library holds a transformation that defines such a point."""
    for wrapper, held in walk_hidden(tx):
        if kind in points_of(held):
            raise ValueError(
                f"{held!r} defines {POINTS[kind]}, but {wrapper}, a wrapper of another library, holds it and does not "
                f"hand the point out; use gradlab's own combinator, such as only or skip_nonfinite, or put {wrapper} "
                f"inside, as in average_params(chain({wrapper}(tx)))"
            )


def _join(arrays: PyTree, params: PyTree) -> PyTree:
    """Return a tree with the arrays of one tree, and the other's leaves where that has None."""
    return jax.tree.map(
        lambda array, leaf: leaf if array is None else array, arrays, params, is_leaf=lambda node: node is None
    )


def _is_inexact(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None) or (jnp.result_type(leaf) if isinstance(leaf, float | complex) else None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.inexact)
