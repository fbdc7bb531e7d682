"""Weight decay: coupled before the links that measure the gradient, decoupled behind them."""

from __future__ import annotations

import jax

from ..base import transformation
from ..hyperparameters import NonNegative
from ..stateless import init_empty, require_empty


@transformation
def add_decayed_weights(weight_decay: NonNegative = 1e-2, mask=None):
    r"""Add a share of the parameters, $d' = d + \lambda x$.

    First in a chain it is L2 regularization (coupled: it becomes part of the gradient); just before the learning rate
    it is decoupled, as in AdamW. `weight_decay` is $\lambda$ in [0, inf). `mask` is a tree of booleans, a prefix of
    the parameters, or a function from them to one: only leaves at True decay. Needs `params`.

    Source: Krogh & Hertz (1991); Loshchilov & Hutter (2019), algorithm 2.
    """

    def update(updates, state, params):
        require_empty(state)
        chosen = mask(params) if callable(mask) else True if mask is None else mask
        chosen = jax.tree.broadcast(chosen, params)
        for path, on in jax.tree_util.tree_leaves_with_path(chosen):
            if not isinstance(on, bool):
                place = jax.tree_util.keystr(path)
                raise TypeError(f"add_decayed_weights: mask must hold True or False at {place}, got {on!r}")
        return jax.tree.map(
            lambda d, x, on: d + weight_decay * x.astype(d.dtype) if on else d, updates, params, chosen
        ), state

    return init_empty, update
