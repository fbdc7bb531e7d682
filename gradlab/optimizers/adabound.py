"""AdaBound and AMSBound."""

from __future__ import annotations

from ..combinators.chain import chain
from ..combinators.signals import precondition
from ..core.decorators import recipe
from ..schedules.bounds import lower_bound, relative, upper_bound
from ..transforms.bias_correction import bias_correction
from ..transforms.clipping import clip_between
from ..transforms.estimators import running_max
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative, Positive, is_schedule


@recipe(claims=("descends", "sign symmetric"))  # these rates depend on squares only
def adabound(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    final_rate: NonNegative = 0.1,
    gamma: Positive = 1e-3,
    eps: NonNegative = 1e-8,
):
    r"""AdaBound, which begins as Adam and ends as SGD, $x_t = x_{t-1} - \operatorname{clip}(s_t / (\sqrt{v_t} +
    \epsilon), l_t, u_t)\, m_t$.

    $s_t = \alpha \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)$. The bounds approach `final_rate`, $f$, at the speed `gamma`,
    $\gamma$: $l_t = f (1 - 1 / (\gamma t + 1))$ and $u_t = f (1 + 1 / (\gamma t))$. If the learning rate is a schedule,
    $f$ is scaled with it to $f \alpha_t / \alpha_0$, unless $\alpha_0 = 0$. The other arguments are those of `adam`.
    Source: Luo et al. (2019), algorithm 2.

    >>> tx, gradient = gl.adabound(0.001, final_rate=0.1, gamma=10.0), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step / state[0].moment)  # the lower bound, 0.1 (1 - 1 / 11): Adam's rates are below it
    [-0.0909 -0.0909]
    """
    return _compose_bounded(learning_rate, b1, scale_by_rms(b2, eps), b2, final_rate, gamma)


@recipe(claims=("descends", "sign symmetric"))
def amsbound(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    final_rate: NonNegative = 0.1,
    gamma: Positive = 1e-3,
    eps: NonNegative = 1e-8,
):
    r"""AMSBound: AdaBound with $v$ replaced by its running maximum.

    The arguments are those of `adabound`. Source: Luo et al. (2019), algorithm 3.

    >>> for tx in (gl.adabound(0.1, b2=0.5), gl.amsbound(0.1, b2=0.5)):
    ...     state = tx.init(jnp.zeros(2))
    ...     for size in (8.0, *[1.0] * 20):  # one large gradient, which only AdaBound forgets
    ...         step, state = tx.update(jnp.array([size, -size]), state)
    ...     print(step)
    [-0.1096  0.1096]
    [-0.0194  0.0194]
    """
    rms = scale_by_rms(chain(scale_by_momentum(b2), running_max()), eps)
    return _compose_bounded(learning_rate, b1, rms, b2, final_rate, gamma)


def _compose_bounded(learning_rate, b1, rms, b2, final_rate, gamma):
    if is_schedule(learning_rate):
        final_rate = relative(learning_rate) * final_rate
    bounds = clip_between(lower_bound(final_rate, gamma), upper_bound(final_rate, gamma))
    rates = precondition(chain(rms, bias_correction(b1, b2), scale(learning_rate), bounds))
    return chain(scale_by_momentum(b1), rates, scale(-1.0))
