r"""The optimizers of optax, as optax 0.2.8 computes them.

These rules hold for all of them. The learning rate is required, may be a schedule that counts from 0, and multiplies
last (in `rmsprop` it is inside the momentum buffer). Every other number may be a schedule, too, and gives what optax
computes with `inject_hyperparams`: bias correction is $1 - \beta_t^t$ with the decay of the step. Weight decay is
decoupled in the optimizers whose name ends in w, and coupled in `adadelta`. All four need `params`.

`mu_dtype` and `accumulator_dtype` are the dtype in which the first moment is stored, which changes the updates:
bfloat16 by up to 1 % of the learning rate. They do what optax does under `jax.jit`: a decay that is a number is rounded
to that dtype, too, a schedule is not, and a moment is rounded only when it is stored. A second moment has the dtype of
the parameters, but at least float32.

The differences from optax are these. `learning_rate=None` raises, because in optax it leaves out the minus sign, too,
and ascends. Ranges are checked. `adadelta` measures a complex gradient by $|g|^2$, where optax squares without
conjugation. The dtype of a complex moment is that of its parts, where optax drops the imaginary part. A quotient is 0
where optax skips a division by zero.

>>> import optax
>>> ours, x, gradient = gl.flavors.optax, jnp.array([3.0, 1.0]), jnp.array([2.0, -4.0])
>>> made = [ours.sgd, ours.adagrad, ours.adadelta, ours.rmsprop, ours.sign_sgd, ours.adam]
>>> for make in [*made, ours.adamw, ours.nadam, ours.nadamw, ours.adamax, ours.adamaxw, ours.amsgrad]:
...     pair = make(0.1), getattr(optax, make.__name__)(0.1)
...     steps = [tx.update(gradient, tx.init(x), x)[0] for tx in pair]
...     assert jnp.allclose(*steps, rtol=1e-5)
"""

from __future__ import annotations

from ..combinators.chain import chain
from ..combinators.store import store
from ..core.decorators import recipe
from ..optimizers.adadelta import adadelta as published_adadelta
from ..optimizers.sign_sgd import sign_sgd as published_sign_sgd
from ..transforms.bias_correction import bias_correction
from ..transforms.decay import add_decayed_weights
from ..transforms.estimators import running_max
from ..transforms.momentum import nesterov as look_ahead
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_infinity_norm, scale_by_rms, scale_by_rss, scale_by_stddev
from ..values.numeric_arguments import Decay, Dtype, NonNegative
from .extra_arguments import refuse_classes
from .optax_moment_dtypes import round_decay, store_mean

__getattr__ = refuse_classes(__name__)


@recipe(name="flavors.optax.sgd")
def sgd(
    learning_rate: NonNegative,
    momentum: Decay | None = None,
    nesterov: bool = False,
    accumulator_dtype: Dtype | None = None,
):
    r"""`optax.sgd`: $b_t = \mu b_{t-1} + g_t$, $x_t = x_{t-1} - \alpha b_t$, with the rate outside the buffer.

    `nesterov` steps along $g_t + \mu b_t$, and is ignored without `momentum`. `accumulator_dtype` is the dtype in which
    the buffer is stored. Source: optax 0.2.8, `_src/alias.py`.
    """
    dtype = None if momentum is None else accumulator_dtype
    decay = round_decay("sgd", "momentum", momentum, dtype)
    return chain(*_momentum(momentum, nesterov, decay, dtype), scale_by_learning_rate(learning_rate))


@recipe(name="flavors.optax.adagrad")
def adagrad(
    learning_rate: NonNegative,
    initial_accumulator_value: NonNegative = 0.1,
    eps: NonNegative = 1e-7,
):
    r"""`optax.adagrad`: $x_t = x_{t-1} - \alpha g_t / \sqrt{s_t + \epsilon}$. Source: optax 0.2.8, `_src/alias.py`."""
    return chain(
        scale_by_rss(initial_accumulator_value, eps=0.0, eps_root=eps),
        scale_by_learning_rate(learning_rate),
    )


@recipe(name="flavors.optax.adadelta")
def adadelta(
    learning_rate: NonNegative | None = None,
    rho: Decay = 0.9,
    eps: NonNegative = 1e-6,
    weight_decay: NonNegative = 0.0,
    weight_decay_mask=None,
):
    """`optax.adadelta`: as published, with coupled weight decay. Needs `params`, even where `weight_decay` is 0.

    Raises ValueError for a `learning_rate` of None, the default of optax, with which optax ascends.
    Source: optax 0.2.8, `_src/alias.py`.
    """
    if learning_rate is None:
        raise ValueError(
            "flavors.optax.adadelta: learning_rate is None, optax's default, with which optax leaves out the minus "
            "sign too and ascends; pass learning_rate=1.0 for Adadelta as published"
        )
    return chain(add_decayed_weights(weight_decay, weight_decay_mask), published_adadelta(learning_rate, rho, eps))


@recipe(name="flavors.optax.rmsprop")
def rmsprop(
    learning_rate: NonNegative,
    decay: Decay = 0.9,
    eps: NonNegative = 1e-8,
    initial_scale: NonNegative = 0.0,
    eps_in_sqrt: bool = True,
    centered: bool = False,
    momentum: Decay | None = None,
    nesterov: bool = False,
    bias_correction: bool = False,
):
    r"""`optax.rmsprop`: $b_t = \mu b_{t-1} - \alpha_t g_t / \sqrt{v_t + \epsilon}$, $x_t = x_{t-1} + b_t$.

    $b$ is the buffer of the momentum $\mu$, and $v$ the mean of squares with the decay $\rho$, which is `decay`.
    `initial_scale` is $v_0$ in [0, inf). The mean of `centered`, whose square is subtracted, starts at 0.
    `bias_correction` divides $v_t$, including its share of $v_0$, and the mean by $1 - \rho^t$. With `eps_in_sqrt` off,
    epsilon is added to the root. `nesterov` steps by $\mu b_t - \alpha_t g_t / \sqrt{v_t + \epsilon}$, and is ignored
    without `momentum`. A centered $v$ that rounds to below 0 counts as 0 here, and gives NaN in optax. Source: optax
    0.2.8, `_src/alias.py`.
    """
    eps_outside, eps_inside = (0.0, eps) if eps_in_sqrt else (eps, 0.0)
    second_moment = chain(scale_by_momentum(decay, initial=initial_scale), *_correct(decay, bias_correction))
    mean = chain(scale_by_momentum(decay), *_correct(decay, bias_correction))
    return chain(
        scale_by_stddev(second_moment, eps_outside, eps_inside, mean)
        if centered
        else scale_by_rms(second_moment, eps_outside, eps_inside),
        scale_by_learning_rate(learning_rate),
        *_momentum(momentum, nesterov),
    )


@recipe(name="flavors.optax.sign_sgd")
def sign_sgd(learning_rate: NonNegative):
    """`optax.sign_sgd`: sign descent, with 0 at 0. Source: optax 0.2.8, `_src/alias.py`."""
    return published_sign_sgd(learning_rate)


@recipe(name="flavors.optax.adam")
def adam(
    learning_rate: NonNegative,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative = 0.0,
    mu_dtype: Dtype | None = None,
    *,
    nesterov: bool = False,
):
    r"""`optax.adam`: as published, but divided by $\sqrt{\hat v_t + \epsilon_r} + \epsilon$. $\epsilon_r$ is
    `eps_root`.

    `nesterov` makes it Nadam with the constant momentum `b1`. Source: optax 0.2.8, `_src/alias.py`.
    """
    direction = _adam_direction("adam", b1, b2, eps, eps_root, mu_dtype, nesterov)
    return chain(*direction, scale_by_learning_rate(learning_rate))


@recipe(name="flavors.optax.adamw")
def adamw(
    learning_rate: NonNegative,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative = 0.0,
    mu_dtype: Dtype | None = None,
    weight_decay: NonNegative = 1e-4,
    mask=None,
    *,
    nesterov: bool = False,
):
    """`optax.adamw`: `optax.adam` with decoupled weight decay. `mask` selects the leaves that decay.

    Source: optax 0.2.8, `_src/alias.py`.
    """
    return chain(
        *_adam_direction("adamw", b1, b2, eps, eps_root, mu_dtype, nesterov),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


@recipe(name="flavors.optax.nadam")
def nadam(
    learning_rate: NonNegative,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative = 0.0,
    mu_dtype: Dtype | None = None,
    *,
    nesterov: bool = True,
):
    """`optax.nadam`: `optax.adam` with `nesterov`, so the momentum is constant.

    Source: optax 0.2.8, `_src/alias.py`.
    """
    direction = _adam_direction("nadam", b1, b2, eps, eps_root, mu_dtype, nesterov)
    return chain(*direction, scale_by_learning_rate(learning_rate))


@recipe(name="flavors.optax.nadamw")
def nadamw(
    learning_rate: NonNegative,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative = 0.0,
    mu_dtype: Dtype | None = None,
    weight_decay: NonNegative = 1e-4,
    mask=None,
    *,
    nesterov: bool = True,
):
    """`optax.nadamw`: `optax.adamw` with `nesterov`. Source: optax 0.2.8, `_src/alias.py`."""
    return chain(
        *_adam_direction("nadamw", b1, b2, eps, eps_root, mu_dtype, nesterov),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


@recipe(name="flavors.optax.adamax")
def adamax(learning_rate: NonNegative, b1: Decay = 0.9, b2: Decay = 0.999, eps: NonNegative = 1e-8):
    r"""`optax.adamax`: AdaMax with epsilon inside the maximum, $u_t = \max(\beta_2 u_{t-1}, |g_t| + \epsilon)$.

    Source: optax 0.2.8, `_src/alias.py`.
    """
    return chain(*_adamax_direction(b1, b2, eps), scale_by_learning_rate(learning_rate))


@recipe(name="flavors.optax.adamaxw")
def adamaxw(
    learning_rate: NonNegative,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 1e-4,
    mask=None,
):
    """`optax.adamaxw`: `optax.adamax` with decoupled weight decay. `mask` selects the leaves that decay.

    Source: optax 0.2.8, `_src/alias.py`.
    """
    return chain(
        *_adamax_direction(b1, b2, eps),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


@recipe(name="flavors.optax.amsgrad")
def amsgrad(
    learning_rate: NonNegative,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative = 0.0,
    mu_dtype: Dtype | None = None,
    *,
    bias_correction_mu: bool = True,
    bias_correction_nu: bool = True,
):
    r"""`optax.amsgrad`: the maximum of the corrected second moment, $\sqrt{\max_{i \le t} \hat v_i + \epsilon_r} +
    \epsilon$.

    `bias_correction_mu` and `bias_correction_nu` correct the first and the second moment. With both off it is
    algorithm 2 of Reddi et al. (2018). Source: optax 0.2.8, `_src/alias.py`.
    """
    second_moment = chain(scale_by_momentum(b2), *_correct(b2, bias_correction_nu), running_max())
    return chain(
        store_mean("amsgrad", b1, mu_dtype),
        *_correct(b1, bias_correction_mu),
        scale_by_rms(second_moment, eps, eps_root),
        scale_by_learning_rate(learning_rate),
    )


def _momentum(momentum, nesterov, stored_decay=None, dtype=None):
    if momentum is None:
        return ()
    ahead = (look_ahead(momentum, dampening=0.0),) if nesterov else ()
    buffer = scale_by_momentum(momentum if dtype is None else stored_decay, dampening=0.0)
    return (buffer if dtype is None else store(buffer, dtype), *ahead)


def _correct(decay, corrected):
    return (bias_correction(decay, as_power=True),) if corrected else ()


def _adam_direction(owner, b1, b2, eps, eps_root, mu_dtype, nesterov):
    ahead = look_ahead(b1, corrected=True, as_power=True) if nesterov else bias_correction(b1, as_power=True)
    second_moment = chain(scale_by_momentum(b2), bias_correction(b2, as_power=True))
    return store_mean(owner, b1, mu_dtype), ahead, scale_by_rms(second_moment, eps, eps_root)


def _adamax_direction(b1, b2, eps):
    return scale_by_momentum(b1), scale_by_infinity_norm(b2, eps_inside=eps), bias_correction(b1, as_power=True)
