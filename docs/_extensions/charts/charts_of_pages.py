"""The charts of pages by their names, as functions of the names that the code of their page defines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl

from .drawing import Chart

Names = Mapping[str, Any]


def draw_schedules(page: Names) -> Chart:
    """Return the schedules of the table in `how-to/schedules.md`."""
    schedules = {
        "cosine": gl.schedules.cosine(1e-3, decay_steps=1000),
        "warmup_cosine": gl.schedules.warmup_cosine(0.0, 1e-3, 100, 1000),
        "warmup_stable_decay": gl.schedules.warmup_stable_decay(1e-3, 100, 700, 200),
        "piecewise": gl.schedules.piecewise(1e-3, (500, 800), (0.1, 0.1)),
    }
    steps = jnp.arange(1001)
    curves = {name: count_from(0, 1e3 * jax.vmap(schedule)(steps)) for name, schedule in schedules.items()}
    return Chart(curves, "step", "learning rate / 0.001", 0.0, 1.1)


def draw_average(page: Names) -> Chart:
    """Return the loss of `how-to/averages-and-points.md` at the parameters and at two averages of them."""
    loss, sgd = page["loss"], gl.sgd(0.2)

    @jax.jit
    def follow(tx: gl.Transformation) -> jax.Array:
        def step(carry: Any, noise: jax.Array) -> Any:
            params, state = carry
            updates, state = tx.update(jax.grad(loss)(params, noise), state, params)
            params = gl.apply_updates(params, updates)
            return (params, state), loss(gl.eval_params(tx, state, params), 0.0)

        params = {"w": jnp.zeros((1, 1)), "b": jnp.zeros(1)}
        return jax.lax.scan(step, (params, tx.init(params)), jax.random.normal(jax.random.key(0), (600, 8, 1)))[1]

    optimizers = {
        "sgd(0.2)": sgd,
        "average_params(sgd(0.2), decay=0.95)": gl.average_params(sgd, decay=0.95),
        "average_params(sgd(0.2), start=100)": gl.average_params(sgd, start=100),
    }
    curves = {label: count_from(1, follow(tx)) for label, tx in optimizers.items()}
    return Chart(curves, "step", "loss without noise", 1e-5, 20.0, logarithmic=True)


def draw_divergence(page: Names) -> Chart:
    """Return what the probes of `how-to/diverging-runs.md` see, and the loss with clipped gradients."""
    seen = page["seen"]
    curves = {
        "loss": seen["loss"],
        "gradient/norm": seen["gradient/norm"],
        "update/relative_size": seen["update/relative_size"],
        "loss, clipped": page["held"]["loss"],
    }
    return Chart(
        {label: count_from(0, values) for label, values in curves.items()}, "step", "what is measured", 1e-3, 1e5, True
    )


def draw_caution(page: Names) -> Chart:
    """Return the loss on the ravine of `tutorials/your-own-link.md`, with and without its link."""
    curves = {
        f"cautious_momentum(0.003, caution={caution})": page["descend"](page["cautious_momentum"](0.003, caution))
        for caution in (0.0, 1.0)
    }
    curves = {label: count_from(0, losses) for label, losses in curves.items()}
    return Chart(curves, "step", "loss", 1e-12, 1e3, logarithmic=True)


def count_from(first: int, values: jax.Array) -> np.ndarray:
    """Return points (count, 2) whose first coordinates count from `first`."""
    return np.stack([first + np.arange(len(values)), np.asarray(values, float)], 1)


CHARTS: dict[str, Callable[[Names], Chart]] = {
    "schedules": draw_schedules,
    "average": draw_average,
    "divergence": draw_divergence,
    "caution": draw_caution,
}
