"""MoMo and MoMo-Adam, whose rates follow from the loss."""

from __future__ import annotations

from typing import Any

from ..arithmetic.mesh_axes import AxisName
from ..combinators.chain import chain
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..transforms.bias_correction import bias_correction
from ..transforms.decay import proximal_decay
from ..transforms.loss_model import minimize_loss_model
from ..transforms.momentum import scale_by_heavy_ball, scale_by_momentum
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, Hyperparameter, NonNegative


@recipe(claims=("descends",))
def momo(
    learning_rate: NonNegative = 1.0,
    momentum: Decay = 0.9,
    lower_bound: Hyperparameter = 0.0,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    adapt_lower_bound: bool = False,
    axis_name: AxisName = None,
):
    r"""MoMo: momentum whose rate follows from the loss and its lower bound, $x_t = (x_{t-1} - \eta_t b_t) / (1 +
    \alpha \lambda)$.

    $b$ begins as the first gradient, $b_t = \beta b_{t-1} + (1 - \beta) g_t$, with `momentum` as $\beta$ in [0, 1).
    $\eta_t$ is that of `minimize_loss_model`, at most `learning_rate`, which is $\alpha$; `lower_bound` and
    `adapt_lower_bound` are those of that link. `weight_decay` is $\lambda$ and `mask` selects what decays, as in
    `proximal_decay`; None decays nothing. optax divides $x_{t-1}$ alone by $1 + \alpha \lambda$, and not the step.

    `axis_name` is that of `minimize_loss_model`. Needs `params` and the loss `value`, which `make_step` passes.
    Source: Schaipp et al. (2024), algorithm 1.

    >>> tx, x = gl.momo(10.0), jnp.array([3.0, 4.0])
    >>> step, state = tx.update(2 * x, tx.init(x), x, value=25.0)  # f(x) = |x|^2, whose least value is 0
    >>> print(step)  # f / |gradient|^2 = 25 / 100 of the gradient, as 10 would be too much
    [-1.5 -2. ]
    """
    mean = scale_by_heavy_ball(momentum, momentum)
    return _minimize(mean, chain(), learning_rate, lower_bound, weight_decay, mask, adapt_lower_bound, axis_name)


@letters_of(momo)
def _(momentum: Any, **_: Any) -> tuple[Letter, ...]:
    return Letter(r"\mu", "1", momentum, r"\beta"), Letter(r"\tau", "", momentum, r"\beta")


@recipe(claims=("descends",))
def momo_adam(
    learning_rate: NonNegative = 1e-2,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    lower_bound: Hyperparameter = 0.0,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    adapt_lower_bound: bool = False,
    axis_name: AxisName = None,
):
    r"""MoMo-Adam: Adam whose rate follows from the loss and its lower bound, $x_t = (x_{t-1} - \eta_t \hat m_t /
    (\sqrt{\hat v_t} + \epsilon)) / (1 + \alpha \lambda)$.

    The moments are those of `adam`, with `b1`, `b2` and `eps`. The other arguments, and what it needs, are those of
    `momo`. Source: Schaipp et al. (2024), algorithm 2.

    >>> tx, x = gl.momo_adam(10.0), jnp.array([3.0, 4.0])
    >>> step, state = tx.update(2 * x, tx.init(x), x, value=25.0)  # f(x) = |x|^2, whose least value is 0
    >>> print(step)  # f divided by the sum of the gradient, 25 / 14, as 10 would be too much
    [-1.7857 -1.7857]
    """
    mean, square = (chain(scale_by_momentum(decay), bias_correction(decay)) for decay in (b1, b2))
    scaled = scale_by_rms(square, eps)
    return _minimize(mean, scaled, learning_rate, lower_bound, weight_decay, mask, adapt_lower_bound, axis_name)


def _minimize(mean, tx, learning_rate, lower_bound, weight_decay, mask, adapt_lower_bound, axis_name):
    share = 0.0 if weight_decay is None else weight_decay
    step = minimize_loss_model(mean, tx, learning_rate, lower_bound, share, adapt_lower_bound, axis_name)
    return step if weight_decay is None else chain(step, proximal_decay(learning_rate, weight_decay, mask))
