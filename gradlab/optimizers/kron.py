"""PSGD Kron, which whitens the momentum of matrices."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..combinators.signals import isolate
from ..core.decorators import recipe
from ..transforms.bias_correction import bias_correction
from ..transforms.clipping import clip_by_rms
from ..transforms.decay import add_decayed_weights
from ..transforms.matrices.whitening import Rate, scale_by_whitening
from ..transforms.matrix_shapes import Layout
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..values.numeric_arguments import Decay, Limit, NonNegative, Positive, PositiveSteps, Seed
from .adam import adamw
from .matrix_groups import partition_matrices


@recipe(claims=("descends",))
def kron(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    rate: Rate = 0.1,
    weight_decay: NonNegative = 0.0,
    *,
    every: PositiveSteps = 1,
    max_size: int = 8192,
    initial_scale: Positive = 1.0,
    damping: NonNegative = 2.0**-11.5,
    max_rms: Limit = 1.1,
    fit_to_momentum: bool = True,
    key: Seed | None = None,
    matrices: Any = None,
    layout: Layout = "flax",
    adam_learning_rate: NonNegative | None = None,
    adam_b1: Decay = 0.9,
    adam_b2: Decay = 0.999,
    adam_eps: NonNegative = 1e-8,
):
    r"""PSGD Kron: the momentum of matrices, whitened by two triangular factors, and AdamW for all other leaves.

    A matrix moves by

    $$x_t = x_{t-1} - \alpha (\operatorname{clip}(Q_t^\top Q_t\, \hat m_t\, P_t^\top P_t) + \lambda x_{t-1})$$

    $\hat m_t$ is the corrected running mean of the gradients with the decay `b1` in [0, 1). `rate`, `every`,
    `max_size`, `initial_scale`, `damping` and `key` are those of `scale_by_whitening`, whose factors are fitted to
    $\hat m_t$, or to the gradient without `fit_to_momentum`. `max_rms` in [0, inf] bounds the root mean square of each
    whitened matrix. `weight_decay` is $\lambda$ in [0, inf), for all leaves. A learning rate of a third to a half of
    Adam's is usual. Later in a run, the factors need to be fitted less often: the released implementation makes `every`
    rise from 1 at 500 updates to 33 at 4000, as `schedules.exponential(1.0, 1000, math.e, transition_begin=500,
    end_value=100 / 3)` does here.

    `matrices` is a selector of the leaves that are whitened, by default all with two axes. `layout` says how they are
    matrices (see `orthogonalize`). The `adam_...` arguments are those of `adamw` for the other leaves. Their learning
    rate is that of the matrices, if it is not given.

    The authors draw random vectors for each fit. With a `key`, so does this; without one, the fit uses the mean over
    all such vectors. Needs `params`.
    Source: Li (2018), Preconditioned stochastic gradient descent; Pooladzandi & Li (2024), Curvature-informed SGD via
    general purpose Lie-group preconditioners; the momentum and the bound as in psgd_jax 0.2.9.

    >>> tx, x = gl.kron(0.1, weight_decay=0.0), jnp.zeros((2, 2))
    >>> step, state = tx.update(jnp.array([[3.0, 0.0], [0.0, -1.0]]), tx.init(x), x)
    >>> print(x + step)  # the factors already make the lengths more equal
    [[-0.2007  0.    ]
     [ 0.      0.0902]]
    """
    whiten = scale_by_whitening(rate, every, max_size, initial_scale, damping, key, layout)
    of_matrices = chain(
        scale_by_momentum(b1),
        bias_correction(b1),
        isolate(whiten) if fit_to_momentum else whiten,
        clip_by_rms(max_rms),
        add_decayed_weights(weight_decay),
        scale_by_learning_rate(learning_rate),
    )
    adam_rate = learning_rate if adam_learning_rate is None else adam_learning_rate
    of_others = adamw(adam_rate, adam_b1, adam_b2, adam_eps, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)
