"""SOAP, which runs Adam in the eigenbasis of Shampoo."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.decay import add_decayed_weights
from ..transforms.matrices.eigenbasis import eigenbasis
from ..transforms.matrices.in_basis import in_basis
from ..transforms.matrix_shapes import Layout
from ..transforms.scaling import scale_by_learning_rate
from ..values.numeric_arguments import Decay, NonNegative
from .adam import adamw, make_adam_direction
from .matrix_groups import partition_matrices


@recipe(claims=("descends",))
def soap(
    learning_rate: NonNegative = 3e-3,
    b1: Decay = 0.95,
    b2: Decay = 0.95,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.01,
    *,
    shampoo_decay: Decay | None = None,
    every: int = 10,
    max_size: int = 10_000,
    matrices: Any = None,
    layout: Layout = "flax",
):
    r"""SOAP: AdamW for matrices in the eigenbasis of Shampoo, $x_t = x_{t-1} - \alpha (Q_t u_t
    P_t^\top + \lambda x_{t-1})$, and all other leaves as with AdamW.

    $Q_t$ and $P_t$ are the eigenvectors of Shampoo's statistics of the rows and of the columns. $u_t$ is Adam's
    direction for $Q_t^\top g_t P_t$, the gradient in this basis. `learning_rate`, `b1`, `b2`, `eps` and `weight_decay`
    are those of `adamw`. `shampoo_decay` in [0, 1) is that of the statistics, `b2` if it is not given. `every` and
    `max_size` are those of `eigenbasis`. As in the implementation of the authors, the first gradient only makes the
    basis, so that matrices do not move at the first step, but for their decay.

    `matrices` is a selector of the leaves that are rotated, by default all with two axes. `layout` says how they
    are matrices (see `orthogonalize`).

    Needs `params`. Source: Vyas et al. (2024), SOAP: Improving and stabilizing Shampoo using Adam, algorithm 3.

    >>> tx, x = gl.soap(0.1, weight_decay=0.0), jnp.zeros((2, 2))
    >>> state, gradient = tx.init(x), jnp.array([[3.0, 0.0], [0.0, -2.0]])
    >>> for _ in range(2):  # the first gradient only makes the basis
    ...     step, state = tx.update(gradient, state, x)
    ...     print(x + step)
    [[0. 0.]
     [0. 0.]]
    [[-0.1  0. ]
     [ 0.   0.1]]
    """
    basis = eigenbasis(b2 if shampoo_decay is None else shampoo_decay, every, max_size)
    of_matrices = chain(
        in_basis(chain(*make_adam_direction(b1, b2, eps)), basis, layout),
        add_decayed_weights(weight_decay),
        scale_by_learning_rate(learning_rate),
    )
    of_others = adamw(learning_rate, b1, b2, eps, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)
