"""Gradient descent, plain, with momentum, or with Nesterov's momentum."""

from __future__ import annotations

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..schedules.base import shift_ahead
from ..transforms.momentum import nesterov as look_ahead
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..values.numeric_arguments import Decay, Fraction, NonNegative


@recipe(claims=lambda tx: ("descends", "unbiased") if tx.momentum is None else ("descends",))
def sgd(
    learning_rate: NonNegative = 1e-2,
    momentum: Decay | None = None,
    nesterov: bool = False,
    dampening: Fraction = 0.0,
):
    r"""Gradient descent, $x_t = x_{t-1} - \alpha g_t$, for full batches, mini-batches or single examples.

    `momentum` is $\mu$ in [0, 1), that of Polyak's heavy ball: $v_t = \mu v_{t-1} + (1 - \tau) g_t$, $x_t = x_{t-1} -
    \alpha v_t$. `dampening` is $\tau$ in [0, 1]; $\tau = \mu$ makes $v$ a running mean. `nesterov` looks ahead along
    the momentum, $v_t = \mu v_{t-1} - \alpha g_t$, $x_t = x_{t-1} + \mu v_t - \alpha g_t$. The learning rate is inside
    this buffer, so the method is exact while the rate changes. While $\mu$ changes, the look-ahead uses $\mu_{t+1}
    v_t$.

    Raises ValueError for `nesterov` without `momentum`.
    Source: Cauchy (1847); Robbins & Monro (1951); Polyak (1964); Nesterov (1983); Sutskever et al. (2013).

    >>> tx, gradient = gl.sgd(0.1, momentum=0.9), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for _ in range(2):  # -0.1 g, then -0.1 (0.9 + 1) g
    ...     step, state = tx.update(gradient, state)
    ...     print(step)
    [-0.2  0.4]
    [-0.38  0.76]
    """
    step = scale_by_learning_rate(learning_rate)
    if momentum is None:
        if nesterov:
            raise ValueError("sgd: nesterov=True looks ahead along the momentum; pass momentum too, such as 0.9")
        return chain(step)
    if nesterov:
        return chain(
            step, scale_by_momentum(momentum, dampening), look_ahead(momentum, dampening, shift_ahead(momentum))
        )
    return chain(scale_by_momentum(momentum, dampening), step)
