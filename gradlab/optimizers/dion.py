"""Dion, which orthonormalizes a momentum of low rank."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.decay import add_decayed_weights
from ..transforms.matrices.low_rank import orthonormalize_low_rank
from ..transforms.matrix_shapes import Layout
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.shape_factors import scale_by_shape
from ..values.numeric_arguments import Decay, NonNegative
from .adam import adamw
from .matrix_groups import partition_matrices


@recipe(claims=("descends",))
def dion(
    learning_rate: NonNegative = 0.01,
    momentum: Decay = 0.95,
    weight_decay: NonNegative = 0.01,
    *,
    rank: int = 64,
    matrices: Any = None,
    layout: Layout = "flax",
    adam_b1: Decay = 0.9,
    adam_b2: Decay = 0.95,
    adam_eps: NonNegative = 1e-8,
):
    r"""Dion: matrices step along orthonormal directions of a momentum, $x_t = x_{t-1} - \alpha (\sqrt{r / c}\, P_t
    Q_t^\top + \lambda x_{t-1})$, and all other leaves as with AdamW.

    $P_t Q_t^\top$ is the direction of `orthonormalize_low_rank`. Its decay $\mu$ in [0, 1) is `momentum`, and `rank` is
    the number of columns of $P$ and $Q$, at least 1. $r$ and $c$ are the numbers of outputs and inputs. `weight_decay`
    is $\lambda$ in [0, inf), for all leaves. The `adam_...` arguments are those of `adamw` for the other leaves, which
    have the same learning rate.

    `matrices` is a selector of the leaves that are orthonormalized, by default all with two axes. `layout` says how
    they are matrices (see `orthogonalize`).

    Needs `params`. Source: Ahn et al. (2025), Dion: Distributed orthonormalized updates, algorithm 1.

    >>> tx, x = gl.dion(0.1, rank=1, weight_decay=0.0), jnp.zeros((2, 2))
    >>> step, state = tx.update(jnp.array([[3.0, 4.0], [0.0, 0.0]]), tx.init(x), x)
    >>> print(x + step)  # at rank 1: 0.1 sqrt(2 / 2) times the direction, with length 1
    [[-0.06 -0.08]
     [ 0.    0.  ]]
    """
    of_matrices = chain(
        orthonormalize_low_rank(momentum, rank, layout),
        scale_by_shape("sqrt(r / c)", layout),
        add_decayed_weights(weight_decay),
        scale_by_learning_rate(learning_rate),
    )
    of_others = adamw(learning_rate, adam_b1, adam_b2, adam_eps, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)
