r"""The optimizers of Keras, as keras 3.15 computes them.

These rules hold for all of them. `weight_decay` is always decoupled, $x \leftarrow x - \alpha_t \lambda x$ with the
learning rate of the step, and never enters a moment; None leaves it out. The learning rate is inside the momentum
buffer, which matters only while the rate changes. A learning rate that is a schedule counts from 0, as `iterations`
does. Every other number may be a schedule, too, and gives what Keras computes if that attribute is assigned at each
step: bias correction is $1 - \beta_t^t$.

`clipnorm`, `clipvalue` and `global_clipnorm` clip the gradient before anything else, as `gl.clip_by_norm`,
`gl.clip_by_value` and `gl.clip_by_global_norm` do. Only one of them may be given. Before that, the gradient is divided
by `loss_scale_factor`.

The differences from Keras are these. The ranges are those of gradlab: a momentum of 1 raises, and so does clipping at
0, which Keras takes for no clipping. The learning rate may be an integer. `name`, `ema_momentum` and
`ema_overwrite_frequency` have no effect. `use_ema` and `gradient_accumulation_steps` raise ValueError, because they act
on the parameters and on when a step happens.
"""

from __future__ import annotations

from ..combinators.chain import chain
from ..schedules import as_schedule, nadam_momentum
from ..transforms.bias_correction import bias_correction
from ..transforms.decay import add_decayed_weights
from ..transforms.estimators import running_max
from ..transforms.momentum import nesterov as look_ahead
from ..transforms.momentum import scale_by_heavy_ball, scale_by_momentum
from ..transforms.scaling import scale, scale_by_learning_rate
from ..transforms.second_moment import (
    scale_by_infinity_norm,
    scale_by_rms,
    scale_by_rss,
    scale_by_stddev,
    scale_by_update_rms,
)
from ..values.numeric_arguments import Decay, NonNegative, is_schedule
from .extra_arguments import keras_flavor, refuse_classes

__getattr__ = refuse_classes(__name__)


@keras_flavor("sgd")
def sgd(
    learning_rate: NonNegative = 0.01,
    momentum: Decay = 0.0,
    nesterov: bool = False,
    weight_decay: NonNegative | None = None,
):
    r"""`keras.optimizers.SGD`: $b_t = \mu b_{t-1} - \alpha_t g_t$, $x_t = x_{t-1} + b_t$.

    `nesterov` steps by $\mu b_t - \alpha_t g_t$. There is a buffer even for a momentum of 0, where neither it nor
    `nesterov` changes a number. Source: keras 3.15, `src/optimizers/sgd.py`.

    >>> tx, gradient = gl.flavors.keras.sgd(0.1, momentum=0.9, nesterov=True), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # -0.1 (0.9 + 1) g
    [-0.38  0.76]
    """
    return _compose_rate_inside_momentum((), learning_rate, momentum, nesterov, weight_decay)


@keras_flavor("adagrad")
def adagrad(
    learning_rate: NonNegative = 0.001,
    initial_accumulator_value: NonNegative = 0.1,
    epsilon: NonNegative = 1e-7,
    weight_decay: NonNegative | None = None,
):
    r"""`keras.optimizers.Adagrad`: $x_t = x_{t-1} - \alpha g_t / \sqrt{s_t + \epsilon}$.

    Source: keras 3.15, `src/optimizers/adagrad.py`.

    >>> tx, gradient = gl.flavors.keras.adagrad(0.1, initial_accumulator_value=0.0), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])
    [-0.1  0.1]
    """
    return _compose_step(
        scale_by_rss(initial_accumulator_value, eps=0.0, eps_root=epsilon), learning_rate, weight_decay
    )


@keras_flavor("adadelta")
def adadelta(
    learning_rate: NonNegative = 0.001,
    rho: Decay = 0.95,
    epsilon: NonNegative = 1e-7,
    weight_decay: NonNegative | None = None,
):
    """`keras.optimizers.Adadelta`: as published, with a learning rate of 0.001 that the publication does not have.

    Source: keras 3.15, `src/optimizers/adadelta.py`.

    >>> tx, gradient = gl.flavors.keras.adadelta(), jnp.array([2.0, -4.0])
    >>> print(1000 * tx.update(gradient, tx.init(gradient))[0])  # sqrt(1e-7 / 0.05), times 0.001
    [-0.0014  0.0014]
    """
    direction = chain(scale_by_rms(rho, eps=0.0, eps_root=epsilon), scale_by_update_rms(rho, epsilon))
    return _compose_step(direction, learning_rate, weight_decay)


@keras_flavor("rmsprop")
def rmsprop(
    learning_rate: NonNegative = 0.001,
    rho: Decay = 0.9,
    momentum: Decay = 0.0,
    epsilon: NonNegative = 1e-7,
    centered: bool = False,
    weight_decay: NonNegative | None = None,
):
    r"""`keras.optimizers.RMSprop`: $b_t = \mu b_{t-1} + \alpha_t g_t / \sqrt{v_t + \epsilon}$, $x_t = x_{t-1} - b_t$.

    Epsilon is inside the root, and the learning rate is inside the buffer. There is a buffer even for a momentum of 0.
    `centered` subtracts the square of the mean from $v_t$. Source: keras 3.15, `src/optimizers/rmsprop.py`.

    >>> tx, gradient = gl.flavors.keras.rmsprop(0.1, rho=0.75, epsilon=3.0), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # 0.1 * 2 / sqrt(0.25 * 4 + 3) first
    [-0.1     0.1512]
    """
    measure = scale_by_stddev if centered else scale_by_rms
    return _compose_rate_inside_momentum(
        (measure(rho, eps=0.0, eps_root=epsilon),), learning_rate, momentum, False, weight_decay
    )


@keras_flavor("adam")
def adam(
    learning_rate: NonNegative = 0.001,
    beta_1: Decay = 0.9,
    beta_2: Decay = 0.999,
    epsilon: NonNegative = 1e-7,
    amsgrad: bool = False,
    weight_decay: NonNegative | None = None,
):
    r"""`keras.optimizers.Adam`: $x_t = x_{t-1} - \alpha \sqrt{1 - \beta_2^t}\, m_t / ((1 - \beta_1^t)
    (\sqrt{v_t} + \epsilon))$.

    Epsilon is added to the root before the correction ("epsilon hat"). In the published form it would be $\epsilon /
    \sqrt{1 - \beta_2^t}$, 32 times as large at the first step. `amsgrad` takes the maximum of the uncorrected $v$.
    Source: keras 3.15, `src/optimizers/adam.py`.

    >>> for tx in (gl.adam(0.1, eps=0.1), gl.flavors.keras.adam(0.1, epsilon=0.1)):  # 2.1, and 2 + 32 * 0.1
    ...     print(tx.update(jnp.array([2.0, -4.0]), tx.init(jnp.zeros(2)))[0])
    [-0.0952  0.0976]
    [-0.0387  0.0558]
    """
    return _compose_step(_adam_direction(beta_1, beta_2, epsilon, amsgrad), learning_rate, weight_decay)


@keras_flavor("adamw")
def adamw(
    learning_rate: NonNegative = 0.001,
    weight_decay: NonNegative = 0.004,
    beta_1: Decay = 0.9,
    beta_2: Decay = 0.999,
    epsilon: NonNegative = 1e-7,
    amsgrad: bool = False,
):
    """`keras.optimizers.AdamW`: Adam of Keras, with weight decay by default and as the second argument.

    Source: keras 3.15, `src/optimizers/adamw.py`.

    >>> tx, x = gl.flavors.keras.adamw(0.1, 0.01), jnp.array([2.0, -4.0])
    >>> print(tx.update(jnp.zeros(2), tx.init(x), x)[0])  # -0.1 * 0.01 x
    [-0.002  0.004]
    """
    return adam(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay)


@keras_flavor("adamax")
def adamax(
    learning_rate: NonNegative = 0.001,
    beta_1: Decay = 0.9,
    beta_2: Decay = 0.999,
    epsilon: NonNegative = 1e-7,
    weight_decay: NonNegative | None = None,
):
    r"""`keras.optimizers.Adamax`: AdaMax that divides by $u_t + \epsilon$, with epsilon outside the maximum.

    Source: keras 3.15, `src/optimizers/adamax.py`.

    >>> tx, gradient = gl.flavors.keras.adamax(0.1, epsilon=1.0), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # 0.1 * 2 / (2 + 1), and 0.1 * 4 / (4 + 1)
    [-0.0667  0.08  ]
    """
    direction = chain(
        scale_by_momentum(beta_1), scale_by_infinity_norm(beta_2, epsilon), bias_correction(beta_1, as_power=True)
    )
    return _compose_step(direction, learning_rate, weight_decay)


@keras_flavor("nadam")
def nadam(
    learning_rate: NonNegative = 0.001,
    beta_1: Decay = 0.9,
    beta_2: Decay = 0.999,
    epsilon: NonNegative = 1e-7,
    weight_decay: NonNegative | None = None,
):
    r"""`keras.optimizers.Nadam`: Nadam with the momentum $\mu_t = \beta_1 (1 - \tfrac12 0.96^t)$ in the look-ahead.

    It warms up 250 times as fast as Dozat's $0.96^{0.004 t}$. The running mean $m$ itself decays by $\beta_1$.
    Epsilon is added to the corrected root, unlike in Keras's Adam. Source: keras 3.15, `src/optimizers/nadam.py`.

    >>> tx, gradient = gl.flavors.keras.nadam(0.1), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])
    [-0.1063  0.1063]
    """
    mu, next_mu = (nadam_momentum(beta_1, 1.0, start) for start in (1.0, 2.0))
    direction = chain(
        scale_by_momentum(beta_1),
        look_ahead(mu, next_decay=next_mu, corrected=True),
        scale_by_rms(chain(scale_by_momentum(beta_2), bias_correction(beta_2, as_power=True)), epsilon),
    )
    return _compose_step(direction, learning_rate, weight_decay)


def _adam_direction(b1, b2, epsilon, amsgrad):
    second_moment = chain(scale_by_momentum(b2), *((running_max(),) if amsgrad else ()))
    return chain(scale_by_momentum(b1), scale_by_rms(second_moment, epsilon), bias_correction(b1, b2, as_power=True))


def _compose_step(direction, learning_rate, weight_decay):
    """Return the chain of a direction, its weight decay, and the learning rate."""
    decay = () if weight_decay is None else (add_decayed_weights(weight_decay),)
    return chain(direction, *decay, scale_by_learning_rate(learning_rate))


def _compose_rate_inside_momentum(direction, learning_rate, momentum, nesterov, weight_decay):
    """Return the chain of a direction, the learning rate, momentum, and last the decay, which enters no buffer."""
    decay = () if weight_decay is None else (add_decayed_weights(_multiply(learning_rate, weight_decay)),)
    return chain(
        *direction,
        scale(learning_rate),
        scale_by_heavy_ball(momentum),
        *((look_ahead(momentum, dampening=0.0),) if nesterov else ()),
        *decay,
        scale(-1.0),
    )


def _multiply(left, right):
    return as_schedule(left) * right if is_schedule(left) or is_schedule(right) else left * right
