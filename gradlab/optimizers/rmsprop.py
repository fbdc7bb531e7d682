"""RMSProp."""

from __future__ import annotations

from ..base import transformation
from ..compose import chain
from ..hyperparameters import Decay, NonNegative
from ..transforms.momentum import nesterov as look_ahead
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms, scale_by_stddev


@transformation
def rmsprop(
    learning_rate: NonNegative = 1e-3,
    decay: Decay = 0.9,
    eps: NonNegative = 1e-8,
    centered: bool = False,
    momentum: Decay | None = None,
    nesterov: bool = False,
):
    r"""RMSProp: rates that fall with the recent gradients, $x_t = x_{t-1} - \alpha g_t / (\sqrt{v_t} + \epsilon)$.

    `centered` measures the variance in place of the second moment. `momentum` in [0, 1) is a heavy ball over the
    scaled gradient, and `nesterov` looks ahead along it; the rate stands outside. Raises ValueError for `nesterov`
    without `momentum`. Source: Hinton (2012), lecture 6e; Graves (2013); Goodfellow et al. (2016), algorithm 8.5.
    """
    if nesterov and momentum is None:
        raise ValueError("rmsprop: nesterov=True looks ahead along the momentum; pass momentum too, such as 0.9")
    links = [scale_by_stddev(decay, eps) if centered else scale_by_rms(decay, eps)]
    if momentum is not None:
        links.append(scale_by_momentum(momentum, dampening=0.0))
    if nesterov:
        links.append(look_ahead(momentum, dampening=0.0))
    return chain(*links, scale_by_learning_rate(learning_rate))
