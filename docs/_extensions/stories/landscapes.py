"""The losses of the five stories: two problems of the laboratory, and two small ones with two parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.lab.problems import Ravine, Reddi

Settings = Mapping[str, Any]  # the values of the sliders by their names
RAVINE, REDDI = Ravine(jitter=0.0), Reddi()


class Slope(NamedTuple):
    """The loss that the optimizers of a story descend."""

    start: tuple[float, ...]
    loss: Callable[[jax.Array, jax.Array, Settings], jax.Array]  # of the parameters, the update from 0, the settings
    height: Callable[[jax.Array], jax.Array]  # the loss that is shown, above its least value


def _find_start() -> tuple[float, ...]:
    return tuple(map(float, RAVINE.init(jax.random.key(0))))


def ravine() -> Slope:
    """Return the ravine of the laboratory, from the middle of where its runs start."""
    return Slope(_find_start(), lambda x, t, settings: RAVINE.loss(x, None), lambda x: RAVINE.loss(x, None))


def reddi() -> Slope:
    """Return the problem of Reddi et al. with a large gradient at every third update, from 0."""

    def loss(x, t, settings):
        slope = jnp.where(t % REDDI.period == 0, REDDI.large, -1.0)
        return REDDI.loss(x[0], slope)

    return Slope((0.0,), loss, lambda x: REDDI.loss(x[0], None))


def sparse() -> Slope:
    r"""Return two logistic losses, $\log(1 + e^{-s w_j})$, of which the second is seen at every `period`-th update.

    Each feature has the label $s = -1$ at every fifth time that it is seen, and +1 otherwise. So both weights are best
    at $\log 4$, and both features say equally much.
    """

    def loss(w, t, settings):
        period = settings["period"]
        seen = t % period == period - 1
        label, rare_label = _label(t), _label(t // period)
        return jax.nn.softplus(-label * w[0]) + jnp.where(seen, jax.nn.softplus(-rare_label * w[1]), 0.0)

    def mean(w):
        return (0.8 * jax.nn.softplus(-w) + 0.2 * jax.nn.softplus(w)).sum(-1)

    least = mean(jnp.full(2, np.log(4.0)))
    return Slope((0.0, 0.0), loss, lambda w: mean(w) - least)


def _label(count):
    return jnp.where(count % 5 == 4, -1.0, 1.0)


def exploding() -> Slope:
    r"""Return $\frac12 (h_{20} - 1)^2$ for a linear recurrent network of one unit, $h_t = w h_{t-1}$ and $h_0 = u$.

    The parameters are $(w, u)$. The gradient grows as $w^{20}$.
    """

    def height(x):
        return 0.5 * (x[1] * x[0] ** 20 - 1) ** 2

    return Slope((1.2, 1.2), lambda x, t, settings: height(x), height)
