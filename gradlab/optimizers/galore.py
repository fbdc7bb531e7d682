"""GaLore, which runs Adam on a projection of the gradient of low rank."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..transforms.decay import add_decayed_weights
from ..transforms.matrices.in_basis import in_basis
from ..transforms.matrices.singular_basis import singular_basis
from ..transforms.matrix_shapes import Layout
from ..transforms.scaling import scale as multiply
from ..transforms.scaling import scale_by_learning_rate
from ..values.numeric_arguments import Decay, NonNegative
from .adam import adamw, make_adam_direction
from .matrix_groups import partition_matrices


@recipe(claims=("descends",))
def galore(
    learning_rate: NonNegative = 0.01,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
    *,
    rank: int = 128,
    every: int = 200,
    scale: NonNegative = 0.25,
    turn_moments: bool = False,
    matrices: Any = None,
    layout: Layout = "flax",
):
    r"""GaLore: Adam on a projection of each matrix's gradient to a low rank, $x_t = x_{t-1} - \alpha (s Q_t u_t +
    \lambda x_{t-1})$, and all other leaves as with AdamW.

    $u_t$ is Adam's direction for the gradient $Q_t^\top g_t$, where $Q_t$ are singular vectors of a recent gradient.
    So the moments of a matrix of $m$ rows and $n$ columns, $m < n$, have $r n$ elements instead of $m n$.
    `learning_rate`, `b1`, `b2`, `eps` and `weight_decay` are those of `adamw`. `rank` is $r$, and `every` is the number
    of steps after which $Q$ is computed anew (see `singular_basis`). `scale` is $s$ in [0, inf).

    As published, the moments keep their numbers when $Q$ changes. With `turn_moments`, the first moment is
    turned into the new basis.

    `matrices` is a selector of the leaves that are projected, by default all with two axes. `layout` says how these
    leaves are matrices (see `orthogonalize`).

    Needs `params`. Source: Zhao et al. (2024), GaLore: Memory-efficient LLM training, algorithm 2.

    >>> tx = gl.galore(rank=2)
    >>> state = tx.init(jnp.zeros((8, 4)))
    >>> print(state.groups[0][0].inner[0].moment.shape)  # Adam sees 2 * 8 numbers of 4 * 8
    (1, 2, 8)
    """
    of_matrices = chain(
        in_basis(chain(*make_adam_direction(b1, b2, eps)), singular_basis(rank, every), layout, turn_moments),
        multiply(scale),
        add_decayed_weights(weight_decay),
        scale_by_learning_rate(learning_rate),
    )
    of_others = adamw(learning_rate, b1, b2, eps, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)


@letters_of(galore)
def _(scale: Any, **_: Any) -> tuple[Letter, ...]:
    return (Letter(r"\alpha", "", scale, "s"),)
