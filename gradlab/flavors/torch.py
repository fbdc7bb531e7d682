r"""The optimizers of PyTorch, as torch 2.13 computes them.

These rules hold for all of them. `maximize` changes the sign of the gradient before anything else, so weight decay
still pulls towards 0. `weight_decay` is coupled, $g \leftarrow g + \lambda x$, unless the optimizer says that it is
decoupled. The learning rate multiplies last, outside of every buffer. Every number may be a schedule, which counts from
0 as the schedulers of torch do. Bias correction is $1 - \beta_t^t$ with the decay of the step, including where
`OneCycleLR` or `CyclicLR` changes `betas`.

`foreach`, `fused`, `capturable` and `differentiable` choose among PyTorch's programs for the same arithmetic. They are
accepted and have no effect: in float32 and float64 they change an update by a rounding error. In bfloat16 PyTorch's own
programs differ by more, because some round after every operation. Here everything is computed in float32 and rounded
once.

The differences from torch are these. The ranges are those of gradlab, so a momentum of 1 or more raises. The parameters
are given to `init` and not to the optimizer, and must be passed to `update`, because a weight decay of 0 is a number
like any other. A complex parameter has one second moment $|g|^2$, where torch keeps one for each of the two parts.
Steps are counted for the whole tree, where torch counts them for each parameter that has a gradient.
"""

from __future__ import annotations

from ..combinators.chain import chain
from ..optimizers.adadelta import adadelta as published_adadelta
from ..schedules import inverse_time, nadam_momentum
from ..transforms.bias_correction import bias_correction
from ..transforms.decay import add_decayed_weights
from ..transforms.estimators import running_max
from ..transforms.momentum import nesterov as look_ahead
from ..transforms.momentum import scale_by_heavy_ball, scale_by_momentum
from ..transforms.scaling import scale, scale_by_learning_rate
from ..transforms.second_moment import scale_by_infinity_norm, scale_by_rms, scale_by_rss, scale_by_stddev
from ..values.numeric_arguments import Decay, Fraction, NonNegative
from .extra_arguments import refuse_classes, torch_flavor

__getattr__ = refuse_classes(__name__)


@torch_flavor("sgd", "foreach differentiable fused")
def sgd(
    lr: NonNegative = 1e-3,
    momentum: Decay = 0.0,
    dampening: Fraction = 0.0,
    weight_decay: NonNegative = 0.0,
    nesterov: bool = False,
    *,
    maximize: bool = False,
):
    r"""`torch.optim.SGD`: $b_1 = g_1$, then $b_t = \mu b_{t-1} + (1 - \tau) g_t$, $x_t = x_{t-1} - \alpha b_t$.

    The first gradient enters the buffer undampened, and without momentum `dampening` has no effect. `nesterov` steps
    along $g_t + \mu b_t$. There is a buffer even for a momentum of 0, where it changes no number. While a scheduled
    momentum is 0, the buffer does not change.

    Raises ValueError for `nesterov` with a momentum of 0 or with dampening, as torch does.
    Source: torch 2.13, `torch/optim/sgd.py`.

    >>> tx = gl.flavors.torch.sgd(0.1, momentum=0.9, dampening=0.5)
    >>> gradient, x = jnp.array([2.0, -4.0]), jnp.zeros(2)
    >>> state = tx.init(x)
    >>> for _ in range(2):  # -0.1 g, as the first gradient is not dampened, then -0.1 (0.9 + 0.5) g
    ...     step, state = tx.update(gradient, state, x)
    ...     print(step)
    [-0.2  0.4]
    [-0.28  0.56]
    """
    no_momentum = (
        isinstance(momentum, float) and momentum == 0
    )  # a Python number, because a traced one cannot be compared
    if nesterov and (no_momentum or (isinstance(dampening, float) and dampening != 0)):
        raise ValueError(
            f"flavors.torch.sgd: nesterov=True needs a momentum above 0 and a dampening of 0, got momentum={momentum} "
            f"and dampening={dampening}"
        )
    return chain(
        *_torch_gradient(weight_decay, maximize),
        scale_by_heavy_ball(momentum, dampening),
        *((look_ahead(momentum, dampening=0.0),) if nesterov else ()),
        scale_by_learning_rate(lr),
    )


@torch_flavor("adagrad", "foreach differentiable fused")
def adagrad(
    lr: NonNegative = 1e-2,
    lr_decay: NonNegative = 0.0,
    weight_decay: NonNegative = 0.0,
    initial_accumulator_value: NonNegative = 0.0,
    eps: NonNegative = 1e-10,
    *,
    maximize: bool = False,
):
    r"""`torch.optim.Adagrad`: $x_t = x_{t-1} - \alpha g_t / ((1 + (t - 1) \delta) (\sqrt{s_t} + \epsilon))$.

    `lr_decay` is $\delta$ in [0, inf). It lowers a learning rate that is a schedule, too. Source: torch 2.13,
    `torch/optim/adagrad.py`.

    >>> tx = gl.flavors.torch.adagrad(0.1, lr_decay=1.0)
    >>> gradient, x = jnp.array([2.0, -4.0]), jnp.zeros(2)
    >>> state = tx.init(x)
    >>> for _ in range(2):  # 0.1, then 0.1 / 2 / sqrt(2)
    ...     step, state = tx.update(gradient, state, x)
    ...     print(step)
    [-0.1  0.1]
    [-0.0354  0.0354]
    """
    return chain(
        *_torch_gradient(weight_decay, maximize),
        scale_by_rss(initial_accumulator_value, eps),
        scale_by_learning_rate(inverse_time(lr, decay_rate=lr_decay)),
    )


@torch_flavor("adadelta", "foreach capturable differentiable")
def adadelta(
    lr: NonNegative = 1.0,
    rho: Decay = 0.9,
    eps: NonNegative = 1e-6,
    weight_decay: NonNegative = 0.0,
    *,
    maximize: bool = False,
):
    """`torch.optim.Adadelta`: as published. Source: torch 2.13, `torch/optim/adadelta.py`.

    >>> tx = gl.flavors.torch.adadelta()
    >>> gradient, x = jnp.array([2.0, -4.0]), jnp.zeros(2)
    >>> print(tx.update(gradient, tx.init(x), x)[0])  # sqrt(1e-6) / sqrt(0.1)
    [-0.0032  0.0032]
    """
    return chain(*_torch_gradient(weight_decay, maximize), published_adadelta(lr, rho, eps))


@torch_flavor("rmsprop", "capturable foreach differentiable")
def rmsprop(
    lr: NonNegative = 1e-2,
    alpha: Decay = 0.99,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
    momentum: Decay = 0.0,
    centered: bool = False,
    *,
    maximize: bool = False,
):
    r"""`torch.optim.RMSprop`: $b_t = \mu b_{t-1} + g_t / (\sqrt{v_t} + \epsilon)$, $x_t = x_{t-1} - \alpha b_t$.

    The argument `alpha` is the decay of $v$, not the learning rate. Epsilon is outside the root, and the learning rate
    is outside the buffer. There is a buffer even for a momentum of 0. A centered $v$ that rounds to below 0 counts as 0
    here, and gives NaN in torch.
    Source: torch 2.13, `torch/optim/rmsprop.py`.

    >>> tx = gl.flavors.torch.rmsprop(0.1, alpha=0.75)
    >>> gradient, x = jnp.array([2.0, -4.0]), jnp.zeros(2)
    >>> print(tx.update(gradient, tx.init(x), x)[0])  # 0.1 / sqrt(0.25)
    [-0.2  0.2]
    """
    return chain(
        *_torch_gradient(weight_decay, maximize),
        scale_by_stddev(alpha, eps) if centered else scale_by_rms(alpha, eps),
        scale_by_heavy_ball(momentum),
        scale_by_learning_rate(lr),
    )


@torch_flavor("adam", "foreach capturable differentiable fused")
def adam(
    lr: NonNegative = 1e-3,
    betas: tuple[Decay, Decay] = (0.9, 0.999),
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
):
    r"""`torch.optim.Adam`: as published, with L2 decay that enters both moments, unless `decoupled_weight_decay`.

    `amsgrad` divides by $\sqrt{\max_{i \le t} v_i / (1 - \beta_2^t)} + \epsilon$: it takes the maximum of the
    uncorrected moments and corrects that by the weight of the current step. Source: torch 2.13, `torch/optim/adam.py`.

    >>> tx, x = gl.flavors.torch.adam(0.1, weight_decay=0.01), jnp.array([2.0, -4.0])
    >>> print(tx.update(jnp.zeros(2), tx.init(x), x)[0])  # the size of the decay is lost
    [-0.1  0.1]
    """
    b1, b2 = betas
    largest = (running_max(),) if amsgrad else ()
    return chain(
        *_torch_gradient(None if decoupled_weight_decay else weight_decay, maximize),
        scale_by_momentum(b1),
        bias_correction(b1, as_power=True),
        scale_by_rms(chain(scale_by_momentum(b2), *largest, bias_correction(b2, as_power=True)), eps),
        *((add_decayed_weights(weight_decay),) if decoupled_weight_decay else ()),
        scale_by_learning_rate(lr),
    )


@torch_flavor("adamw", "foreach capturable differentiable fused")
def adamw(
    lr: NonNegative = 1e-3,
    betas: tuple[Decay, Decay] = (0.9, 0.999),
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 1e-2,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
):
    """`torch.optim.AdamW`: Adam of torch with decoupled weight decay. Source: torch 2.13, `torch/optim/adamw.py`.

    >>> tx, x = gl.flavors.torch.adamw(0.1, weight_decay=0.01), jnp.array([2.0, -4.0])
    >>> print(tx.update(jnp.zeros(2), tx.init(x), x)[0])  # -0.1 * 0.01 x
    [-0.002  0.004]
    """
    return adam(lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)


@torch_flavor("adamax", "foreach differentiable capturable")
def adamax(
    lr: NonNegative = 2e-3,
    betas: tuple[Decay, Decay] = (0.9, 0.999),
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
    *,
    maximize: bool = False,
):
    r"""`torch.optim.Adamax`: AdaMax with epsilon inside the maximum, $u_t = \max(\beta_2 u_{t-1}, |g_t| + \epsilon)$.

    Source: torch 2.13, `torch/optim/adamax.py`.

    >>> tx = gl.flavors.torch.adamax(0.1, eps=1.0)
    >>> gradient, x = jnp.array([2.0, -4.0]), jnp.zeros(2)
    >>> print(tx.update(gradient, tx.init(x), x)[0])  # 0.1 * 2 / (2 + 1), and 0.1 * 4 / (4 + 1)
    [-0.0667  0.08  ]
    """
    b1, b2 = betas
    return chain(
        *_torch_gradient(weight_decay, maximize),
        scale_by_momentum(b1),
        scale_by_infinity_norm(b2, eps_inside=eps),
        bias_correction(b1, as_power=True),
        scale_by_learning_rate(lr),
    )


@torch_flavor("nadam", "foreach capturable differentiable")
def nadam(
    lr: NonNegative = 2e-3,
    betas: tuple[Decay, Decay] = (0.9, 0.999),
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
    momentum_decay: NonNegative = 4e-3,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
):
    r"""`torch.optim.NAdam`: Nadam with the momentum $\mu_t = \beta_1 (1 - \tfrac12 0.96^{\psi t})$ in the look-ahead.

    `momentum_decay` is $\psi$. The running mean $m$ itself decays by $\beta_1$, not by $\mu_t$, and the look-ahead
    takes $\mu_{t+1}$ with the $\beta_1$ of step $t$. torch keeps $\prod \mu$ in its default dtype, float32, even for
    parameters in float64, and is off by 1e-10 there. Source: torch 2.13, `torch/optim/nadam.py`.

    >>> tx = gl.flavors.torch.nadam(0.1)
    >>> gradient, x = jnp.array([2.0, -4.0]), jnp.zeros(2)
    >>> print(tx.update(gradient, tx.init(x), x)[0])
    [-0.1056  0.1056]
    """
    b1, b2 = betas
    mu, next_mu = (nadam_momentum(b1, momentum_decay, start) for start in (1.0, 2.0))
    return chain(
        *_torch_gradient(None if decoupled_weight_decay else weight_decay, maximize),
        scale_by_momentum(b1),
        look_ahead(mu, next_decay=next_mu, corrected=True),
        scale_by_rms(chain(scale_by_momentum(b2), bias_correction(b2, as_power=True)), eps),
        *((add_decayed_weights(weight_decay),) if decoupled_weight_decay else ()),
        scale_by_learning_rate(lr),
    )


def _torch_gradient(weight_decay, maximize):
    """Return the links that torch applies to the gradient first: the change of sign and coupled weight decay."""
    turned = (scale(-1.0),) if maximize else ()
    return turned if weight_decay is None else (*turned, add_decayed_weights(weight_decay))
