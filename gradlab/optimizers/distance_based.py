"""Optimizers whose rate follows from a distance: DoG, DoWG, Prodigy, and Adam with D-Adaptation."""

from __future__ import annotations

from typing import Any

import jax

from ..arithmetic.mesh_axes import AxisName
from ..arithmetic.safe_arithmetic import power
from ..combinators.add import add
from ..combinators.chain import chain
from ..combinators.signals import isolate
from ..core.decorators import recipe
from ..schedules.base import as_operand
from ..transforms.decay import add_decayed_weights, decay_links
from ..transforms.distances.d_adaptation import d_adaptation
from ..transforms.distances.from_start import distance_from_start
from ..transforms.distances.prodigy import prodigy_distance
from ..transforms.distances.scaling import scale_by_distance, scale_by_rates
from ..transforms.global_second_moment import scale_by_global_rss
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale, scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative, Positive, as_weak


@recipe(claims=("descends",))
def dog(
    learning_rate: NonNegative = 1.0,
    initial: Positive = 1e-6,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    relative: bool = True,
    axis_name: AxisName = None,
):
    r"""DoG: gradient descent whose rate is the distance from the start over the norm of all gradients, $x_t =
    x_{t-1} - \alpha r_t g_t / \sqrt{G_t + \epsilon}$, $G_t = \sum_{i \le t} \|g_i\|^2$.

    $r_t$ is the largest distance from the start so far, which begins with $r_\epsilon (1 + \|x_0\|)$, or with
    $r_\epsilon$ without `relative`, and `initial` is $r_\epsilon$ (see `distance_from_start`). `learning_rate` is
    $\alpha$ in [0, inf); leave it at 1. `eps` is $\epsilon$ in [0, inf).
    `weight_decay` adds a share of the parameters to the gradient (None: none), where `mask` selects. The method is
    meant for the average of its points: put it inside `average_params`. `axis_name` is that of `clip_by_global_norm`.

    Needs `params`. Source: Ivgi et al. (2023), equation DoG.

    >>> tx, x = gl.dog(initial=0.01, relative=False), jnp.array([3.0, 4.0])
    >>> step, state = tx.update(x, tx.init(x), x)
    >>> print(step)  # of length 0.01, along a gradient of norm 5
    [-0.006 -0.008]
    >>> for _ in range(30):
    ...     x = x + step
    ...     step, state = tx.update(x, state, x)
    >>> print(x, f"{gl.metrics(state)['distance_from_start/distance']:.3f}")
    [0.3385 0.4514] 4.436
    """
    links = (scale_by_global_rss(0.0, eps, axis_name), scale_by_distance(), scale_by_learning_rate(learning_rate))
    return chain(*decay_links(weight_decay, mask), distance_from_start(chain(*links), initial, relative, axis_name))


@recipe(claims=("descends",))
def dowg(
    learning_rate: NonNegative = 1.0,
    initial: Positive = 1e-6,
    eps: NonNegative = 0.0,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    relative: bool = True,
    axis_name: AxisName = None,
):
    r"""DoWG: DoG whose gradients are weighted by the distance from the start, $x_t = x_{t-1} - \alpha
    r_t^2 g_t / (\sqrt{G_t} + \epsilon)$, $G_t = \sum_{i \le t} r_i^2 \|g_i\|^2$.

    `eps` is $\epsilon$ in [0, inf), 0 in the publication. The other arguments are those of `dog`. optax starts from
    `initial=1e-2, relative=False`, with an `eps` of 1e-4. Needs `params`. Source: Khaled et al. (2023), algorithm 1.

    >>> tx, x = gl.dowg(initial=0.01, relative=False), jnp.array([3.0, 4.0])
    >>> state = tx.init(x)
    >>> for t in range(21):  # of |x|^2 / 2
    ...     if t % 10 == 0:
    ...         print(t, x)
    ...     step, state = tx.update(x, state, x)
    ...     x = x + step
    0 [3. 4.]
    10 [1.8085 2.4113]
    20 [-0.3207 -0.4276]
    """
    links = (
        scale_by_distance(),
        isolate(scale_by_global_rss(eps, 0.0, axis_name)),
        scale_by_distance(),
        scale_by_learning_rate(learning_rate),
    )
    return chain(*decay_links(weight_decay, mask), distance_from_start(chain(*links), initial, relative, axis_name))


@recipe(claims=("descends",))
def prodigy(
    learning_rate: NonNegative = 1.0,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    b3: Decay | None = None,
    initial: Positive = 1e-6,
    coefficient: Positive = 1.0,
    axis_name: AxisName = None,
):
    r"""Prodigy: Adam whose rate is an estimate of the distance to the solution, $x_t = x_{t-1} - \alpha D_{t-1} m_t /
    (\sqrt{v_t} + D_{t-1} \epsilon)$.

    The moments are those of $D_{t-1} g_t$, without corrections. $D$ is that of `prodigy_distance`, with `initial`,
    `coefficient` and `b3` for its decay (None: $\sqrt{\beta_2}$). `learning_rate` is $\alpha$ in [0, inf); leave it at
    1, or let it decay from there. `weight_decay` and `mask` are those of `adamw`; None decays nothing. The released
    implementation and optax have $D_t$ beside $\epsilon$, and optax corrects the moments.

    `axis_name` is that of `prodigy_distance`. Needs `params`. Source: Mishchenko & Defazio (2024), algorithm 4.

    >>> tx, x = gl.prodigy(initial=0.01), jnp.array([3.0, 4.0])
    >>> step, state = tx.update(x, tx.init(x), x)
    >>> print(step)  # 0.01 * 0.1 / sqrt(0.001): neither moment is corrected
    [-0.0316 -0.0316]
    """
    square = chain(scale_by_distance(2.0), scale_by_momentum(b2), scale_by_distance(-2.0))
    moves = chain(
        scale_by_distance(),
        scale_by_momentum(b1),
        scale_by_distance(-1.0),
        scale_by_rms(square, eps),
        *decay_links(weight_decay, mask),
        scale_by_distance(),
        scale_by_learning_rate(learning_rate),
    )
    b3 = _find_root(b2) if b3 is None else b3
    return prodigy_distance(moves, learning_rate, b3, initial, coefficient, axis_name)


@recipe(claims=("descends",))
def dadapt_adam(
    learning_rate: NonNegative = 1.0,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    initial: Positive = 1e-6,
    axis_name: AxisName = None,
):
    r"""Adam with D-Adaptation: Adam whose rate is an estimate of the distance to the solution, $x_t = x_{t-1} + m_t /
    (\sqrt{v_t} + \epsilon)$, $m_t = \beta_1 m_{t-1} - (1 - \beta_1) \alpha D_{t-1} g_t$.

    $D$ is that of `d_adaptation`, with `initial` and `eps`. $v$ is that of `adam`, with `b2`, and neither moment is
    corrected. `learning_rate` is $\alpha$ in [0, inf); leave it at 1, or let it decay from there. `weight_decay` and
    `mask` are those of `adamw`; None decays nothing. `axis_name` is that of `d_adaptation`. optax corrects the moments.

    Source: Defazio & Mishchenko (2023), section 5, and their package `dadaptation` 3.2.

    >>> tx, x = gl.dadapt_adam(initial=0.01), jnp.array([2.0, 3.0])
    >>> state = tx.init(x)
    >>> for t in range(9):  # of |x|^2 / 2
    ...     if t % 4 == 0:
    ...         print(t, f"{gl.metrics(state)['d_adaptation/distance']:.3f}")
    ...     step, state = tx.update(x, state, x)
    ...     x = x + step
    0 0.010
    4 2.276
    8 6.710
    """
    links = [scale_by_distance(), scale_by_learning_rate(learning_rate), scale_by_momentum(b1), scale_by_rates()]
    if weight_decay is not None:  # by the same rate, but neither averaged nor divided
        moved = chain(scale(0.0), add_decayed_weights(weight_decay, mask), *links[:2])
        links.append(add(chain(), moved))
    return d_adaptation(chain(*links), learning_rate, b2, eps, initial, axis_name)


def _find_root(decay: Any) -> Any:
    """Return the root of a decay, with derivative 0 at 0. A Python number and a schedule stay what they are."""
    decay = as_operand(decay)
    return power(decay, as_weak(0.5)) if isinstance(decay, jax.Array) else decay**0.5
