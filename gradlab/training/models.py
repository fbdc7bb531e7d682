"""Models taken apart: what is trained, what else they hold, and the loss as a function of both.

A compiled step takes as its structure a function `call(loss, params, kept, batch)`, which returns what the loss returns
for the whole model, and what the model keeps beside its parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..core.boundary import PyTree
from ..selectors.base import Selector
from ..values.static import Static


def call_whole(loss: Callable[..., Any], params: PyTree, kept: PyTree, batch: PyTree) -> Any:
    """Call the loss of a tree all of whose leaves are trained."""
    return loss(params, batch), kept


def call_joined(loss: Callable[..., Any], params: PyTree, kept: PyTree, batch: PyTree) -> Any:
    """Call the loss of a tree of which `take_apart` made two."""
    return loss(join(params, kept), batch), kept


def take_apart(model: PyTree, trainable: Any) -> tuple[PyTree, PyTree]:
    """Return the leaves that are trained, and the others. Each tree has None in the place of the other's leaves.

    `trainable` is a function of a leaf that returns a boolean, a selector, or a tree of booleans like the model. A
    selector sees the floating-point arrays only. In the second tree, leaves that are not arrays are structure.

    Raises TypeError if `trainable` is none of these, and ValueError if it chooses no leaf.
    """
    chosen_by = trainable
    if isinstance(trainable, Selector):
        trainable = trainable(jax.tree.map(lambda leaf: leaf if _has_derivatives(leaf) else None, model))
    elif callable(trainable):
        trainable = jax.tree.map(trainable, model)
    try:
        mask = jax.tree.map(lambda leaf, is_trained: bool(is_trained), model, trainable)
    except (TypeError, ValueError):
        raise TypeError(
            "make_step: trainable must be a function of a leaf, such as equinox.is_inexact_array, a selector, such as "
            f'gl.path("head/**"), or a tree of booleans like the parameters; got {type(trainable).__name__}'
        ) from None

    chosen = jax.tree.leaves(mask)
    if chosen and not any(chosen):
        text = " ".join(getattr(chosen_by, "__qualname__", repr(chosen_by)).split())[:80]
        dtypes = sorted({str(leaf.dtype) for leaf in jax.tree.leaves(model) if hasattr(leaf, "dtype")})
        raise ValueError(
            f"make_step: trainable={text} chooses none of the {len(chosen)} leaves, so nothing would be trained; the "
            f"dtypes are {', '.join(dtypes) or 'none'}, and trainable(params) of a selector shows what it chooses"
        )

    def keep(leaf: Any, is_trained: bool) -> Any:
        if is_trained:
            return None
        return leaf if isinstance(leaf, jax.Array | np.ndarray) else Static(leaf)

    return jax.tree.map(lambda leaf, is_trained: leaf if is_trained else None, model, mask), jax.tree.map(
        keep, model, mask
    )


def join(trained: PyTree, kept: PyTree) -> PyTree:
    """Undo `take_apart`."""

    def one(leaf: Any, other: Any) -> Any:
        return leaf if leaf is not None else other.value if isinstance(other, Static) else other

    return jax.tree.map(one, trained, kept, is_leaf=lambda node: node is None)


def _has_derivatives(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray) and jnp.issubdtype(leaf.dtype, jnp.inexact)
