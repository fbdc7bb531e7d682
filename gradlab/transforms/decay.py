"""Weight decay: coupled before the links that measure the gradient, decoupled after them, or proximal at the end."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.safe_arithmetic import agreement
from ..combinators.rules import claims_about_names
from ..core.claims import ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..core.stateless import require_empty
from ..equations import Expression, Writer, equation_of
from ..selectors import Selector
from ..selectors.masks import Mask, init_for
from ..values.numeric_arguments import NonNegative


def _claims(tx):
    return {
        **dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC if tx.mask is None else ELEMENTWISE_AND_SYMMETRIC[1:], True),
        **(claims_about_names(tx.mask) if isinstance(tx.mask, Selector) else {}),
    }


@transformation(claims=_claims)
def add_decayed_weights(weight_decay: NonNegative = 1e-2, mask: Mask = None, cautious: bool = False):
    r"""Add a share of the parameters, $d' = d + \lambda x$.

    First in a chain, it is L2 regularization: it becomes part of the gradient (coupled). Just before the learning rate,
    it is decoupled, as in AdamW. `weight_decay` is $\lambda$ in [0, inf). `mask` is a selector of the leaves that
    decay, such as `ndim(2)` or `~path("**/bias", "**/scale")`, or a pattern of paths, such as `"**/kernel"`. As in
    optax, it may also be a tree of booleans that is a prefix of the parameters, or a function from the whole tree of
    parameters to one, which `init` tries. `cautious` decays an element only where the step does not take it away from
    0, $d x \ge 0$. Needs `params`.

    Raises TypeError for a mask that holds anything but booleans, and for a function of one leaf, or of a path and a
    leaf.

    Source: Krogh & Hertz (1991); Loshchilov & Hutter (2019), algorithm 2; Chen et al. (2025), algorithm 1 (cautious).

    >>> tx, x = gl.add_decayed_weights(0.1), jnp.array([2.0, -4.0])
    >>> print(tx.update(jnp.array([1.0, 1.0]), tx.init(x), x)[0])
    [1.2 0.6]
    """

    def decay(d, x):
        decayed = weight_decay * x.astype(d.dtype)
        if not cautious:
            return d + decayed
        return d + jnp.where(agreement(d, x.astype(d.dtype)) >= 0, decayed, 0)

    def update(updates, state, params):
        require_empty(state)
        decays = _choose_leaves("add_decayed_weights", mask, params)
        return map_by_shape(decay, updates, params, only=decays), state

    return init_for("add_decayed_weights", mask), update


@transformation(claims=lambda tx: {**_claims(tx), "link": True})
def proximal_decay(learning_rate: NonNegative, weight_decay: NonNegative = 1e-2, mask: Mask = None):
    r"""Shrink the parameters after the step, $x' = (x + d) / (1 + \alpha \lambda)$ for a step $d$.

    It is the exact step towards 0 for the penalty $\frac{\lambda}{2} \|x\|^2$, so it is stable for any rate. Place it
    last, after the learning rate. `learning_rate` is $\alpha$ and `weight_decay` is $\lambda$, both in [0, inf).
    `mask` is that of `add_decayed_weights`, with the same error. Needs `params`.

    Source: Zhuang et al. (2022), equation 5 (AdamProx); Xie et al. (2022), algorithm 1 (Adan).

    >>> tx, x = gl.proximal_decay(learning_rate=0.5, weight_decay=2.0), jnp.array([2.0, -4.0])
    >>> step, _ = tx.update(jnp.zeros(2), tx.init(x), x)
    >>> print(x + step)  # x / (1 + 0.5 * 2)
    [ 1. -2.]
    """

    def update(updates, state, params):
        require_empty(state)
        shrink = learning_rate * weight_decay
        decays = _choose_leaves("proximal_decay", mask, params)
        return map_by_shape(
            lambda d, x: (d - shrink * x.astype(d.dtype)) / (1 + shrink), updates, params, only=decays
        ), state

    return init_for("proximal_decay", mask), update


def decay_links(weight_decay, mask: Any = None):
    """Return the link of a decoupled decay in a recipe, and none for a decay of None, so that it needs no `params`."""
    return () if weight_decay is None else (add_decayed_weights(weight_decay, mask),)


def _choose_leaves(owner, mask, params):
    """Return a tree of booleans like the parameters."""
    is_function = callable(mask) and all(leaf is mask for leaf in jax.tree.leaves(mask))
    mask = True if mask is None else mask(params) if is_function else mask

    def as_bool(path, on):
        is_array = getattr(getattr(on, "dtype", None), "name", "") == "bool" and on.ndim == 0
        if isinstance(on, bool) or (is_array and not isinstance(on, jax.core.Tracer)):
            return bool(on)
        text = getattr(on, "__qualname__", repr(on))
        raise TypeError(
            f"{owner}: mask must hold True or False at {jax.tree_util.keystr(path)}, got "
            f"{type(on).__name__}: {text}; a function may decide by shapes and dtypes, not by what is computed"
        )

    return jax.tree_util.tree_map_with_path(as_bool, jax.tree.broadcast(mask, params))


@equation_of(add_decayed_weights)
def _(write: Writer, weight_decay: Any, mask: Any, cautious: bool) -> Expression:
    decay, mask_symbol = write.number(r"\lambda", weight_decay), "" if mask is None else r"M \odot "
    direction = write.symbol() if cautious else write.whole()
    condition = rf"[{direction} x_{{t-1}} \ge 0] " if cautious else ""
    return direction.plus(Expression(rf"{decay} {condition}{mask_symbol}x_{{t-1}}", "product"))


@equation_of(proximal_decay)
def _(write: Writer, learning_rate: Any, weight_decay: Any, mask: Any) -> Expression:
    rate, decay = write.number(r"\alpha", learning_rate), write.number(r"\lambda", weight_decay)
    mask_symbol = "" if mask is None else r"M \odot "
    moved = Expression("x_{t-1}").plus(write.whole())
    point = Expression(rf"\frac{{{moved}}}{{1 + {rate} {decay} {mask_symbol}}}".replace(" }", "}"), "product")
    return Expression.step_to(point)
