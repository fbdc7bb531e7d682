"""AdEMAMix: Adam with a second, slow momentum."""

from __future__ import annotations

from typing import Any

from ..combinators.add import add
from ..combinators.chain import chain
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..schedules.base import shift
from ..schedules.decay import linear
from ..schedules.memory import half_life
from ..transforms.bias_correction import bias_correction
from ..transforms.decay import decay_links
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale, scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative, PositiveSteps, is_schedule


@recipe(claims=("descends",))
def ademamix(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    b3: Decay = 0.9999,
    alpha: NonNegative = 5.0,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    warmup_steps: PositiveSteps | None = None,
):
    r"""AdEMAMix: Adam with a second, slow momentum, $x_t = x_{t-1} - \alpha (\hat m_t + a_t m'_t) / (\sqrt{\hat v_t} +
    \epsilon)$.

    `learning_rate` is $\alpha$. `alpha` is $a$ in [0, inf), the weight of the slow mean $m'$. `b3` in [0, 1) is the
    decay of $m'$, which is not corrected for its start, unlike $\hat m$ and $\hat v$, the means of Adam. `alpha` and
    `b3` may be schedules. `warmup_steps` is $T$, over which the paper raises both: $a_t = a \min(t / T, 1)$, and the
    decay from `b1` to `b3`, as `half_life` does, with $t$ from 1. A good $T$ is about the length of the run. Without
    `warmup_steps`, both are constant. For a short run, `b3` should be about 0.999. `weight_decay` and `mask` are those
    of `adamw`; None decays nothing. The other arguments are those of `adam`, with `eps` as $\epsilon$.

    Raises ValueError for `warmup_steps` beside a `b1`, `b3` or `alpha` that is a schedule.
    Source: Pagliardini et al. (2024), algorithm 1.

    >>> tx, gradient = gl.ademamix(0.1, b3=0.9, alpha=5.0), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step)  # 1 + 5 * 0.1 times the rate: the second momentum is not corrected
    [-0.15  0.15]
    """
    if warmup_steps is not None:
        scheduled = [name for name, value in {"b1": b1, "b3": b3, "alpha": alpha}.items() if is_schedule(value)]
        if scheduled:
            raise ValueError(
                f"ademamix: warmup_steps makes schedules of the numbers b1, b3 and alpha, but got a schedule for "
                f"{' and '.join(scheduled)}; pass numbers, or leave warmup_steps out"
            )
        b3, alpha = shift(half_life(b1, b3, warmup_steps), 1), shift(linear(0.0, alpha, warmup_steps), 1)
    fast = chain(scale_by_momentum(b1), bias_correction(b1))
    slow = chain(scale_by_momentum(b3), scale(alpha))
    return chain(
        add(fast, slow),
        scale_by_rms(chain(scale_by_momentum(b2), bias_correction(b2)), eps),
        *decay_links(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


@letters_of(ademamix)
def _(b3: Any, alpha: Any, **_: Any) -> tuple[Letter, ...]:
    return Letter(r"\beta", "1", b3, r"\beta_3"), Letter(r"\alpha", "", alpha, "a")
