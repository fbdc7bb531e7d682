"""Schedule-Free gradient descent and Schedule-Free AdamW."""

from __future__ import annotations

from ..combinators.chain import chain
from ..combinators.schedule_free import schedule_free
from ..core.decorators import recipe
from ..transforms.bias_correction import bias_correction
from ..transforms.decay import add_decayed_weights
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def schedule_free_sgd(
    learning_rate: NonNegative = 1.0,
    b1: Decay = 0.9,
    weight_decay: NonNegative = 0.0,
    weight_lr_power: NonNegative = 2.0,
    weight_power: NonNegative = 0.0,
    store_average: bool = False,
):
    r"""Schedule-Free SGD: gradient descent with an average of its points in place of a schedule, $z_t = z_{t-1} -
    \alpha (g_t + \lambda x_{t-1})$, evaluated at the average of $z$.

    The gradient is taken at the parameters, $x_t = \beta \bar x_t + (1 - \beta) z_t$, with `b1` as $\beta$. Evaluate at
    `eval_params(tx, state, params)`, which is $\bar x_t$. A schedule for `learning_rate` should only warm up, as
    `schedules.linear(0.0, 1.0, 100)` does. The authors advise rates of 10 to 50 times those of `sgd`. In the baselines
    of gradlab, the best rate is 1 to 10 times that of `sgd` on 17 of 21 problems; on one more, both always diverge.
    `weight_decay` is $\lambda$ in [0, inf). The other arguments are those of `schedule_free`. Needs `params`. Source:
    Defazio et al. (2024), algorithm 1.

    >>> tx, x = gl.schedule_free_sgd(0.1), jnp.array([1.0, 2.0])
    >>> state = tx.init(x)
    >>> for _ in range(2):  # f(x) = |x|^2 / 2
    ...     step, state = tx.update(x, state, x)
    ...     x = x + step
    >>> print(x, gl.eval_params(tx, state, x))
    [0.8505 1.701 ] [0.855 1.71 ]
    """
    moves = chain(add_decayed_weights(weight_decay), scale_by_learning_rate(learning_rate))
    return schedule_free(moves, learning_rate, b1, weight_lr_power, weight_power, store_average)


@recipe(claims=("descends",))
def schedule_free_adamw(
    learning_rate: NonNegative = 2.5e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
    weight_lr_power: NonNegative = 2.0,
    weight_power: NonNegative = 0.0,
    store_average: bool = False,
):
    r"""Schedule-Free AdamW: AdamW with an average of its points in place of a schedule, $z_t = z_{t-1} - \alpha (g_t /
    (\sqrt{\hat v_t} + \epsilon) + \lambda x_{t-1})$, evaluated at the average of $z$.

    $\hat v_t$ is that of `adam`, with `b2` and `eps`. `b1` takes the place of a momentum: it is the share of the
    average in the parameters. The best rate is 1 to 10 times that of `adamw` on 18 of 22 problems of the baselines. The
    other arguments are those of `schedule_free_sgd`. Needs `params`. Source: Defazio et al. (2024), algorithm 1.

    >>> tx, x = gl.schedule_free_adamw(0.1), jnp.array([1.0, 2.0])
    >>> step, state = tx.update(x, tx.init(x), x)
    >>> x = x + step
    >>> print(x, gl.eval_params(tx, state, x))  # the first average is the first point
    [0.9 1.9] [0.9 1.9]
    """
    estimator = chain(scale_by_momentum(b2), bias_correction(b2))
    moves = chain(
        scale_by_rms(estimator, eps), add_decayed_weights(weight_decay), scale_by_learning_rate(learning_rate)
    )
    return schedule_free(moves, learning_rate, b1, weight_lr_power, weight_power, store_average)
