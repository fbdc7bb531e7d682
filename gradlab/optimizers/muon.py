"""Muon, which orthogonalizes the momentum of matrices."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..transforms.decay import add_decayed_weights
from ..transforms.matrix_shapes import Layout
from ..transforms.momentum import nesterov as look_ahead
from ..transforms.momentum import scale_by_momentum
from ..transforms.orthogonalize import orthogonalize
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.shape_factors import scale_by_shape
from ..values.numeric_arguments import Decay, NonNegative
from .adam import adamw
from .matrix_groups import partition_matrices

_ADAM_SHARE = 0.015  # 3e-4 / 0.02, the rates of the reference implementation


@recipe(claims=("descends",))
def muon(
    learning_rate: NonNegative = 0.02,
    momentum: Decay = 0.95,
    weight_decay: NonNegative = 0.0,
    *,
    matrices: Any = None,
    nesterov: bool = True,
    layout: Layout = "flax",
    adam_learning_rate: NonNegative | None = None,
    adam_b1: Decay = 0.9,
    adam_b2: Decay = 0.95,
    adam_eps: NonNegative = 1e-10,
):
    r"""Muon: matrices step along their orthogonalized momentum, $x_t = x_{t-1} - \alpha (\sqrt{\max(1, r / c)}\, O_t +
    \lambda x_{t-1})$, and all other leaves as with AdamW.

    $O_t$ is `orthogonalize` of $\mu m_t + (1 - \mu) g_t$ with $m_t = \mu m_{t-1} + (1 - \mu) g_t$, or of $m_t$ without
    `nesterov`, and $r$ and $c$ are the numbers of outputs and inputs. `momentum` is $\mu$ in [0, 1), and `weight_decay`
    is $\lambda$ in [0, inf), for all leaves.

    `matrices` is a selector of the leaves that are orthogonalized, by default all with two axes. Muon is meant for
    hidden layers: leave out embeddings and the output layer, which also have two axes, as in
    `matrices=ndim(2) & ~path("embedding/**", "head/**")`. `layout` says how these leaves are matrices (see
    `orthogonalize`). The `adam_...` arguments are those of `adamw` for the other leaves. Their learning rate is 0.015
    times that of the matrices, if it is not given, so one schedule serves both. Products are computed in the dtype of
    the leaf; the reference implementation uses bfloat16.

    Needs `params`. Source: Jordan et al. (2024), Muon: An optimizer for hidden layers in neural networks.

    >>> tx = gl.muon(0.1, weight_decay=0.0)
    >>> x = {"kernel": jnp.zeros((2, 2)), "bias": jnp.zeros(2)}
    >>> gradient = {"kernel": jnp.array([[3.0, 0.0], [0.0, -2.0]]), "bias": jnp.array([3.0, -2.0])}
    >>> step, state = tx.update(gradient, tx.init(x), x)
    >>> print(x["kernel"] + step["kernel"])  # singular values near 1, times the rate
    [[-0.1117  0.    ]
     [ 0.      0.0682]]
    >>> print(step["bias"])  # as with AdamW, at 0.015 times the rate
    [-0.0015  0.0015]
    """
    adam_rate = _ADAM_SHARE * learning_rate if adam_learning_rate is None else adam_learning_rate
    of_matrices = chain(
        *make_orthogonal_direction(momentum, nesterov, layout),
        scale_by_shape(layout=layout),
        add_decayed_weights(weight_decay),
        scale_by_learning_rate(learning_rate),
    )
    of_others = adamw(adam_rate, adam_b1, adam_b2, adam_eps, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)


@letters_of(muon)
def _(momentum: Any, **_: Any) -> tuple[Letter, ...]:
    return (Letter(r"\beta", "1", momentum, r"\mu"),)


def make_orthogonal_direction(momentum: Any, nesterov: bool, layout: Any) -> tuple[Any, ...]:
    """Return the links that orthogonalize the momentum of matrices."""
    ahead = (look_ahead(momentum),) if nesterov else ()
    return (scale_by_momentum(momentum), *ahead, orthogonalize(layout=layout))
