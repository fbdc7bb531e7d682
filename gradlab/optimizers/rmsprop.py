"""RMSProp."""

from __future__ import annotations

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.bias_correction import bias_correction
from ..transforms.momentum import nesterov as look_ahead
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms, scale_by_stddev
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def rmsprop(
    learning_rate: NonNegative = 1e-3,
    decay: Decay = 0.9,
    eps: NonNegative = 1e-8,
    centered: bool = False,
    momentum: Decay | None = None,
    nesterov: bool = False,
    *,
    eps_in_sqrt: bool = False,
    initial_scale: NonNegative | None = None,
    bias_correction: bool = False,
):
    r"""RMSProp, whose rates fall with the size of recent gradients, $x_t = x_{t-1} - \alpha g_t / (\sqrt{v_t} +
    \epsilon)$.

    `decay` is $\beta$ in [0, 1), and $v_t = \beta v_{t-1} + (1 - \beta) g_t^2$. `centered` takes the variance in place
    of the second moment. `momentum` in [0, 1) is that of a heavy ball over the scaled gradient, and `nesterov` looks
    ahead along it; the learning rate multiplies the result. `eps_in_sqrt` adds `eps` inside the root, $\sqrt{v_t +
    \epsilon}$. `initial_scale` is $v_0$ in [0, inf), and None means 0; the mean of `centered` starts at 0.
    `bias_correction` divides $v_t$ and the mean by $1 - \beta^t$.

    Raises ValueError for `nesterov` without `momentum`.
    Source: Hinton (2012), lecture 6e; Graves (2013); Goodfellow et al. (2016), algorithm 8.5.

    >>> tx, gradient = gl.rmsprop(0.1, decay=0.75), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step)  # the mean begins at 0, so the first step is 1 / sqrt(0.25) times the rate
    [-0.2  0.2]
    """
    if nesterov and momentum is None:
        raise ValueError("rmsprop: nesterov=True looks ahead along the momentum; pass momentum too, such as 0.9")
    outside, inside = (0.0, eps) if eps_in_sqrt else (eps, 0.0)
    second_moment = _make_estimator(decay, bias_correction, initial_scale)
    mean = (
        None if initial_scale is None else _make_estimator(decay, bias_correction)
    )  # None: the estimator of the second moment
    links = [
        scale_by_stddev(second_moment, outside, inside, mean)
        if centered
        else scale_by_rms(second_moment, outside, inside)
    ]
    if momentum is not None:
        links.append(scale_by_momentum(momentum, dampening=0.0))
    if nesterov:
        links.append(look_ahead(momentum, dampening=0.0))
    return chain(*links, scale_by_learning_rate(learning_rate))


def _make_estimator(decay, corrected, initial=None):
    """Return the estimator of a moment. A decay alone means a running mean that starts at 0."""
    if initial is None and not corrected:
        return decay
    mean = scale_by_momentum(decay, initial=0.0 if initial is None else initial)
    return chain(mean, bias_correction(decay)) if corrected else mean
