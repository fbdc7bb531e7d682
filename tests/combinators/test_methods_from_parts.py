"""Methods of the last years, put together from `add`, `measure`, `gradient` and `delay`, against their equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

RATE, EPS = 0.01, 1e-8
Step = Callable[[np.ndarray, dict[str, Any], int], np.ndarray]


def difference() -> Any:
    return gl.add(gl.chain(), gl.chain(gl.delay(), gl.scale(-1.0)))


def corrected(decay: float) -> Any:
    return gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay))


def ademamix(g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["slow"] = 0.99 * s.get("slow", 0) + 0.01 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    return (s["m"] / (1 - 0.9**t) + 5 * s["slow"]) / (np.sqrt(s["v"] / (1 - 0.999**t)) + EPS)


def adabelief(g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["s"] = 0.999 * s.get("s", 0) + 0.001 * (g - s["m"]) ** 2
    return s["m"] / (1 - 0.9**t) / (np.sqrt(s["s"] / (1 - 0.999**t)) + EPS)


def adan(g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    change = g - s.get("g", g)
    s["m"] = 0.98 * s.get("m", 0) + 0.02 * g
    s["d"] = 0.92 * s.get("d", 0) + 0.08 * change
    s["n"] = 0.99 * s.get("n", 0) + 0.01 * (g + 0.92 * change) ** 2
    s["g"] = g
    top = s["m"] / (1 - 0.98**t) + 0.92 * s["d"] / (1 - 0.92**t)
    return top / (np.sqrt(s["n"] / (1 - 0.99**t)) + EPS)


def adopt(g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    old = s.get("v", g**2)
    s["v"] = g**2 if t == 1 else 0.9 * old + 0.1 * g**2
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g / (np.sqrt(old) + EPS)
    return s["m"]


def mars(g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    c = g + 0.025 * 0.9 / (1 - 0.9) * (g - s.get("g", g))
    s["g"] = g
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * c
    s["v"] = 0.99 * s.get("v", 0) + 0.01 * c**2
    return s["m"] / (1 - 0.9**t) / (np.sqrt(s["v"] / (1 - 0.99**t)) + EPS)


def aggmo(g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    for decay in (0.0, 0.9, 0.99):
        s[f"{decay}"] = decay * s.get(f"{decay}", 0) + g
    return sum(s.values()) / 3


METHODS: dict[str, tuple[Any, Step]] = {
    "AdEMAMix": (
        gl.chain(
            gl.add(corrected(0.9), gl.chain(gl.scale_by_momentum(0.99), gl.scale(5.0))),
            gl.scale_by_rms(corrected(0.999), EPS),
        ),
        ademamix,
    ),
    "AdaBelief": (
        gl.chain(
            gl.scale_by_momentum(0.9),
            gl.measure(gl.add(gl.gradient(), gl.scale(-1.0)), gl.scale_by_rms(corrected(0.999), EPS)),
            gl.bias_correction(0.9),
        ),
        adabelief,
    ),
    "Adan": (
        gl.chain(
            gl.add(corrected(0.98), gl.chain(difference(), corrected(0.92), gl.scale(0.92))),
            gl.measure(
                gl.chain(gl.gradient(), gl.add(gl.chain(), gl.chain(difference(), gl.scale(0.92)))),
                gl.scale_by_rms(corrected(0.99), EPS),
            ),
        ),
        adan,
    ),
    "ADOPT": (
        gl.chain(
            gl.scale_by_rms(gl.chain(gl.scale_by_heavy_ball(0.9, 0.1 * 9), gl.delay()), EPS), gl.scale_by_momentum(0.9)
        ),
        adopt,
    ),
    "MARS": (
        gl.chain(
            gl.add(gl.chain(), gl.chain(difference(), gl.scale(0.025 * 0.9 / (1 - 0.9)))),
            corrected(0.9),
            gl.scale_by_rms(corrected(0.99), EPS),
        ),
        mars,
    ),
    "AggMo": (
        gl.chain(gl.add(*(gl.scale_by_momentum(decay, 0.0) for decay in (0.0, 0.9, 0.99))), gl.scale(1 / 3)),
        aggmo,
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_from_parts_has_its_trajectory(
    name: str, rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    tx, step = METHODS[name]
    gradients = rng.standard_normal((8, 4)) * np.array([1.0, 1e-3, 10.0, 0.1])
    state: dict[str, Any] = {}
    expected = [step(g, state, t) for t, g in enumerate(gradients, 1)]
    np.testing.assert_allclose(rollout(tx, gradients), expected, rtol=1e-11)


def test_add_needs_a_branch() -> None:
    with pytest.raises(TypeError, match=r"add\(\) has nothing to add"):
        gl.add()
    with pytest.raises(TypeError, match=r"add: branch 1 must be a transformation, such as delay\(\); got float: 0.5"):
        gl.add(gl.scale(1.0), 0.5)


def test_a_state_of_another_sum_is_refused() -> None:
    with pytest.raises(ValueError, match="not one of add"):
        gl.add(gl.chain(), gl.delay()).update(jnp.ones(2), ())


def test_the_gradient_behind_a_measure_is_what_it_was(rollout: Callable[..., Any]) -> None:
    gradients = np.array([[1.0, -2.0], [3.0, 0.5]])
    tx = gl.chain(gl.scale_by_momentum(0.5), gl.measure(gl.scale(7.0), gl.scale(2.0)), gl.gradient())
    np.testing.assert_array_equal(rollout(tx, gradients), gradients)
