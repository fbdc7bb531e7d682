"""Shampoo, which preconditions matrices from both sides."""

from __future__ import annotations

from typing import Any

import optax

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.decay import add_decayed_weights
from ..transforms.matrices.kronecker import scale_by_kronecker
from ..transforms.matrix_shapes import Layout
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..values.numeric_arguments import Decay, NonNegative
from .adam import adamw
from .matrix_groups import partition_matrices

_ADAM_SHARE = 0.01


@recipe(claims=("descends",))
def shampoo(
    learning_rate: NonNegative = 0.1,
    decay: Decay | optax.GradientTransformation | None = None,
    exponent: NonNegative = 0.25,
    eps: NonNegative = 1e-6,
    weight_decay: NonNegative = 0.0,
    *,
    momentum: Decay | None = None,
    every: int = 1,
    matrices: Any = None,
    layout: Layout = "flax",
    adam_learning_rate: NonNegative | None = None,
    adam_b1: Decay = 0.9,
    adam_b2: Decay = 0.999,
    adam_eps: NonNegative = 1e-8,
):
    r"""Shampoo: gradients of matrices divided by statistics of both sides, $x_t = x_{t-1} - \alpha ((L_t + \epsilon
    I)^{-p} g_t (R_t + \epsilon I)^{-p} + \lambda x_{t-1})$, and AdamW for all other leaves.

    $L_t$ and $R_t$ are sums of $g_t g_t^\top$ and $g_t^\top g_t$, or running means with a `decay`. `decay`, `exponent`,
    `eps` and `every` are those of `scale_by_kronecker`: as published without a decay, with $p$ = 1/4. With `momentum`
    in [0, 1), a running mean of the gradients takes the place of $g_t$ in the product. `weight_decay` is $\lambda$ in
    [0, inf), for all leaves.

    `matrices` is a selector of the leaves that are preconditioned, by default all with two axes. `layout` says how they
    are matrices (see `orthogonalize`). The `adam_...` arguments are those of `adamw` for the other leaves. Their
    learning rate is 0.01 times that of the matrices, if it is not given. To take the size of the steps from Adam, see
    `graft`.

    Needs `params`. Source: Gupta et al. (2018), Shampoo: Preconditioned stochastic tensor optimization, algorithm 1.

    >>> tx, x = gl.shampoo(0.1), jnp.zeros((2, 2))
    >>> step, state = tx.update(jnp.array([[3.0, 0.0], [0.0, -2.0]]), tx.init(x), x)
    >>> print(x + step)  # L^(-1/4) g R^(-1/4) = 9^(-1/4) 3 9^(-1/4) = 1 for the first element
    [[-0.1  0. ]
     [ 0.   0.1]]
    """
    adam_rate = _ADAM_SHARE * learning_rate if adam_learning_rate is None else adam_learning_rate
    of_matrices = chain(
        *(() if momentum is None else (scale_by_momentum(momentum),)),
        scale_by_kronecker(decay, exponent, eps, every, layout),
        add_decayed_weights(weight_decay),
        scale_by_learning_rate(learning_rate),
    )
    of_others = adamw(adam_rate, adam_b1, adam_b2, adam_eps, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)
