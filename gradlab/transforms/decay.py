"""Weight decay: coupled before the links that measure the gradient, decoupled after them."""

from __future__ import annotations

from typing import Any

import jax

from ..claims import ELEMENTWISE_AND_SYMMETRIC
from ..combinators.rules import claims_about_names
from ..decorators import transformation
from ..equations import Expression, Writer, equation_of
from ..numeric_arguments import NonNegative
from ..selectors import Selector
from ..stateless import init_empty, require_empty


@transformation(
    claims=lambda tx: {
        **dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC if tx.mask is None else ELEMENTWISE_AND_SYMMETRIC[1:], True),
        **(claims_about_names(tx.mask) if isinstance(tx.mask, Selector) else {}),
    }
)
def add_decayed_weights(weight_decay: NonNegative = 1e-2, mask=None):
    r"""Add a share of the parameters, $d' = d + \lambda x$.

    First in a chain, it is L2 regularization: it becomes part of the gradient (coupled). Just before the learning rate,
    it is decoupled, as in AdamW. `weight_decay` is $\lambda$ in [0, inf). `mask` is a selector of the
    leaves that decay, such as `ndim(2)` or `~path("**/bias", "**/scale")`. As in optax, it may also be a tree of
    booleans that is a prefix of the parameters, or a function from the parameters to one. Needs `params`.

    Raises TypeError for a mask that holds anything but booleans.

    Source: Krogh & Hertz (1991); Loshchilov & Hutter (2019), algorithm 2.
    """

    def update(updates, state, params):
        require_empty(state)
        decays = _choose_leaves(mask, params)
        return jax.tree.map(
            lambda d, x, on: d + weight_decay * x.astype(d.dtype) if on else d, updates, params, decays
        ), state

    return init_empty, update


def _choose_leaves(mask, params):
    """Return a tree of booleans like the parameters."""
    is_function = callable(mask) and all(leaf is mask for leaf in jax.tree.leaves(mask))
    mask = True if mask is None else mask(params) if is_function else mask

    def as_bool(path, on):
        is_array = getattr(getattr(on, "dtype", None), "name", "") == "bool" and on.ndim == 0
        if isinstance(on, bool) or (is_array and not isinstance(on, jax.core.Tracer)):
            return bool(on)
        text = getattr(on, "__qualname__", repr(on))
        raise TypeError(
            f"add_decayed_weights: mask must hold True or False at {jax.tree_util.keystr(path)}, got "
            f"{type(on).__name__}: {text}; a function may decide by shapes and dtypes, not by what is computed"
        )

    return jax.tree_util.tree_map_with_path(as_bool, jax.tree.broadcast(mask, params))


@equation_of(add_decayed_weights)
def _(write: Writer, weight_decay: Any, mask: Any) -> Expression:
    decay, mask_symbol = write.number(r"\lambda", weight_decay), "" if mask is None else r"M \odot "
    return write.whole().plus(Expression(rf"{decay} {mask_symbol}x_{{t-1}}", "product"))
