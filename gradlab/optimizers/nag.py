"""Nesterov's accelerated gradient."""

from __future__ import annotations

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.momentum import nesterov_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def nag(learning_rate: NonNegative = 1e-2, momentum: Decay = 0.9):
    r"""Nesterov's accelerated gradient as published, $v_t = \mu v_{t-1} - \alpha \nabla f(x_{t-1} + \mu v_{t-1})$, $x_t
    = x_{t-1} + v_t$.

    `momentum` is $\mu$ in [0, 1). The gradient is taken at `gradient_params(tx, state, params)`, as `make_step` and the
    laboratory do. `sgd(momentum=..., nesterov=True)` is the same method for any training loop: its parameters are the
    points at which this one takes its gradients. Source: Nesterov (1983); Sutskever et al. (2013), equations 3 and 4.

    >>> tx, x = gl.nag(0.1, momentum=0.9), jnp.array([1.0, 2.0])
    >>> step, state = tx.update(x, tx.init(x), x)  # f(x) = |x|^2 / 2
    >>> x = x + step
    >>> print(x, gl.gradient_params(tx, state, x))  # the next gradient is taken 0.9 of a step ahead
    [0.9 1.8] [0.81 1.62]
    """
    return chain(scale_by_learning_rate(learning_rate), nesterov_momentum(momentum))
