"""Independent formulas of schedules, in Python's float64.

Each function is called as `formula(t, **arguments)`, where `t` = 0, 1, ... is the step as a Python integer, and returns
the value at that step. The names and the arguments are those of `gradlab.schedules`, and so mostly those of optax. They
are written from the published formulas, and share no code with any schedule.

In the formulas, $a$ is `init_value`, the first value, and $b$ is `end_value`, the last. $T$ is the number of steps that
the change takes: `transition_steps`, `decay_steps` or `timescale`. $t$ is counted from the start of the change,
`transition_begin`. The factor `decay_rate` is $r$, and $p$ is the exponent: `power` or `exponent`.

    >>> from gradlab.testing.references import schedules
    >>> schedules.cosine(0, init_value=0.2, decay_steps=100)
    0.2
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any


def constant(t: int, *, value: float) -> float:
    """The same value at every step."""
    return value


def linear(
    t: int, *, init_value: float, end_value: float, transition_steps: float, transition_begin: float | None = None
) -> float:
    """A straight line from one value to another, $a + (b - a) t / T$, and the second value ever after."""
    return init_value + (end_value - init_value) * _progress(t, transition_begin or 0, transition_steps)


def polynomial(
    t: int,
    *,
    init_value: float,
    end_value: float,
    power: float,
    transition_steps: float,
    transition_begin: float | None = None,
) -> float:
    """A power of the remaining time, $b + (a - b) (1 - t / T)^p$, and $b$ ever after."""
    remaining = 1 - _progress(t, transition_begin or 0, transition_steps)
    return end_value + (init_value - end_value) * remaining**power


def cosine(
    t: int, *, init_value: float, decay_steps: float, alpha: float = 0.0, exponent: float | None = None
) -> float:
    r"""Half a cosine from $a$ to $\alpha a$, where `alpha` is $\alpha$, to a power of $p$ (None: 1).

    $$a ((1 - \alpha) (\frac{1 + \cos(\pi t / T)}{2})^p + \alpha)$$

    Source: Loshchilov & Hutter (2017), equation 5.
    """
    return _half_cosine(t, 0, decay_steps, init_value, alpha * init_value, exponent)


def exponential(
    t: int,
    *,
    init_value: float,
    transition_steps: float,
    decay_rate: float,
    transition_begin: float | None = None,
    staircase: bool = False,
    end_value: float | None = None,
) -> float:
    """A factor of $r$ for each $T$ steps, $a r^{t / T}$, all at once at the end of each $T$ steps with `staircase`."""
    since = max(t - (transition_begin or 0), 0)
    periods = since // transition_steps if staircase else since / transition_steps
    value = init_value * _power(decay_rate, periods)
    if end_value is None:
        return value
    return max(value, end_value) if decay_rate < 1 else min(value, end_value)


def inverse_time(t: int, *, init_value: float, transition_steps: float = 1.0, decay_rate: float = 1.0) -> float:
    """In inverse proportion to time, $a / (1 + r t / T)$. Source: Robbins & Monro (1951)."""
    return init_value / (1 + decay_rate * t / transition_steps)


def inverse_square_root(t: int, *, init_value: float, timescale: float = 1.0) -> float:
    r"""In inverse proportion to the root of time, $a / \sqrt{1 + t / T}$."""
    return init_value / math.sqrt(1 + t / timescale)


def piecewise(t: int, *, init_value: float, boundaries: Sequence[float], factors: Sequence[float]) -> float:
    """A product of the factors of all boundaries that have been reached."""
    return init_value * math.prod(factor for boundary, factor in zip(boundaries, factors, strict=True) if t >= boundary)


def warmup_cosine(
    t: int,
    *,
    init_value: float,
    peak_value: float,
    warmup_steps: float,
    decay_steps: float,
    end_value: float = 0.0,
    exponent: float | None = None,
) -> float:
    """A straight line to a peak, then half a cosine. `decay_steps` counts both. Source: Goyal et al. (2017)."""
    if t < warmup_steps:
        return init_value + (peak_value - init_value) * t / warmup_steps
    return _half_cosine(t, warmup_steps, decay_steps - warmup_steps, peak_value, end_value, exponent)


def one_cycle(
    t: int,
    *,
    peak_value: float,
    total_steps: float,
    rising_share: float = 0.3,
    start_factor: float = 25.0,
    end_factor: float = 1e4,
) -> float:
    """Half a cosine up to a peak, and another one down, far below the start. Source: Smith & Topin (2018)."""
    start, peak = peak_value / start_factor, rising_share * total_steps
    if t < peak:
        return _half_cosine(t, 0, peak, start, peak_value, None)
    return _half_cosine(t, peak, total_steps - peak, peak_value, start / end_factor, None)


def warmup_stable_decay(
    t: int,
    *,
    peak_value: float,
    warmup_steps: float,
    stable_steps: float,
    decay_steps: float,
    init_value: float = 0.0,
    end_value: float = 0.0,
) -> float:
    """Straight lines to a plateau and from its end. Source: Hu et al. (2024), MiniCPM."""
    if t < warmup_steps:
        return init_value + (peak_value - init_value) * t / warmup_steps
    return peak_value + (end_value - peak_value) * _progress(t, warmup_steps + stable_steps, decay_steps)


def half_life(t: int, *, init_value: float, end_value: float, transition_steps: float) -> float:
    r"""The decay whose half-life is on a straight line between those of two decays.

    The half-life of $\beta$ is the $h$ with $\beta^h = 1 / 2$. Source: Pagliardini et al. (2024), section 3.1.
    """
    halves = [math.log(0.5) / math.log(decay) if decay > 0 else 0.0 for decay in (init_value, end_value)]
    half = halves[0] + (halves[1] - halves[0]) * _progress(t, 0, transition_steps)
    return float(0.5 ** (1 / half)) if half > 0 else 0.0


def power_law(t: int, *, factor: float = 1.0, exponent: float = 1.0) -> float:
    """A power of the step, $c t^p$. `factor` is $c$."""
    return factor * float(t) ** exponent


def nadam_momentum(t: int, *, b1: float = 0.9, decay: float = 0.004, start: float = 1.0) -> float:
    r"""The momentum of Nadam, $\beta_1 (1 - 0.96^{\psi (t + s)} / 2)$.

    `b1` is $\beta_1$, `decay` is $\psi$ and `start` is $s$. Source: Dozat (2016), section 3.
    """
    return b1 * (1 - 0.96 ** (decay * (t + start)) / 2)


def lower_bound(t: int, *, final_value: float, gamma: float = 1e-3) -> float:
    r"""The lower bound of AdaBound, $f (1 - 1 / (\gamma (t + 1) + 1))$. `final_value` is $f$, and `gamma` is $\gamma$.

    Source: Luo et al. (2019), where $t$ counts from 1.
    """
    return final_value * (1 - 1 / (gamma * (t + 1) + 1))


def upper_bound(t: int, *, final_value: float, gamma: float = 1e-3) -> float:
    r"""The upper bound of AdaBound, $f (1 + 1 / (\gamma (t + 1)))$. `final_value` is $f$, and `gamma` is $\gamma$.

    Source: Luo et al. (2019), where $t$ counts from 1.
    """
    return final_value * (1 + 1 / (gamma * (t + 1)))


def shift(t: int, *, inner: Callable[[int], float], offset: int) -> float:
    """Another schedule at a later step, or at step 0 where that would be negative."""
    return inner(max(t + int(offset), 0))


def relative(t: int, *, inner: Callable[[int], float]) -> float:
    """Another schedule as a share of its first value, or 1 if that is 0."""
    first = inner(0)
    return 1.0 if first == 0 else inner(t) / first


def join(t: int, *, schedules: Sequence[Callable[[int], float]], boundaries: Sequence[float]) -> float:
    """One schedule after another, each of which counts from its own boundary."""
    phase = sum(t >= boundary for boundary in boundaries)
    since = t - boundaries[phase - 1] if phase else t
    return schedules[phase](int(since) if since == int(since) else since)  # type: ignore[arg-type]


def combined(t: int, *, operation: str, left: Any, right: Any) -> float:
    """Two schedules, or a schedule and a number, joined by an `operation`: `+`, `-`, `*`, `/` or `**`."""
    a, b = (side(t) if callable(side) else side for side in (left, right))
    results = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b, "**": lambda: a**b}
    return float(results[operation]())


# The first value of a schedule, the step at which it ends, and its last value, all from its arguments.
ENDS: dict[str, Callable[..., tuple[float, float, float]]] = {
    "linear": lambda init_value, end_value, transition_steps, transition_begin=0, **_: (
        init_value,
        transition_begin + transition_steps,
        end_value,
    ),
    "polynomial": lambda init_value, end_value, transition_steps, transition_begin=0, **_: (
        init_value,
        transition_begin + transition_steps,
        end_value,
    ),
    "cosine": lambda init_value, decay_steps, alpha=0.0, **_: (init_value, decay_steps, alpha * init_value),
    "warmup_cosine": lambda init_value, peak_value, warmup_steps, decay_steps, end_value=0.0, **_: (
        init_value if warmup_steps else peak_value,
        decay_steps,
        end_value,
    ),
    "one_cycle": lambda peak_value, total_steps, rising_share=0.3, start_factor=25.0, end_factor=1e4: (
        peak_value / start_factor if rising_share else peak_value,
        total_steps,
        peak_value / start_factor / end_factor,
    ),
    "warmup_stable_decay": lambda peak_value, warmup_steps, stable_steps, decay_steps, init_value=0.0, end_value=0.0: (
        init_value if warmup_steps else peak_value,
        warmup_steps + stable_steps + decay_steps,
        end_value,
    ),
}


def _progress(t: int, begin: float, length: float) -> float:
    """The share of a transition that has passed, in [0, 1]. One of no steps is complete when it begins."""
    if t < begin:
        return 0.0
    return 1.0 if t >= begin + length else (t - begin) / length


def _half_cosine(t: int, begin: float, length: float, first: float, last: float, exponent: float | None) -> float:
    share = math.cos(math.pi / 2 * _progress(t, begin, length)) ** 2  # (1 + cos(pi t / T)) / 2
    share = 0.0 if t >= begin + length else share
    return last + (first - last) * share ** (1.0 if exponent is None else exponent)


def _power(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf
