"""The charts of pages by their names, as functions of the names that the code of their page defines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import gradlab as gl

from . import charts_of_baselines as of_baselines
from . import charts_of_comparisons as of_comparisons
from . import charts_of_records as of_records
from . import charts_of_studies as of_studies
from . import charts_of_updates as of_updates
from .bars import Bars
from .drawing import Chart, count_from
from .page_code import Page
from .pictures import Picture


def draw_schedules(page: Page) -> Chart:
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


def draw_average(page: Page) -> Chart:
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
    return Chart(curves, "step", "loss without noise", 1e-6, 20.0, logarithmic=True)


def draw_divergence(page: Page) -> Chart:
    """Return what the probes of `how-to/diverging-runs.md` see, and the loss with clipped gradients."""
    seen = page["seen"]
    curves = {  # the loss last, and so above what it runs with
        "loss, clipped": page["held"]["loss"],
        "update/relative_size": seen["update/relative_size"],
        "gradient/norm": seen["gradient/norm"],
        "loss": seen["loss"],
    }
    curves = {label: count_from(0, values) for label, values in curves.items()}
    return Chart(curves, "step", "loss, norm, or ratio", 1e-3, 1e5, logarithmic=True)


def draw_caution(page: Page) -> Chart:
    """Return the loss on the ravine of `tutorials/your-own-link.md`, with and without its link."""
    curves = {
        f"cautious_momentum(0.003, caution={caution})": page["descend"](page["cautious_momentum"](0.003, caution))
        for caution in (0.0, 1.0)
    }
    curves = {label: count_from(0, losses) for label, losses in curves.items()}
    return Chart(curves, "step", "loss", 1e-13, 1e3, logarithmic=True)


CHARTS: dict[str, Callable[[Page], Chart | Bars | Picture]] = {
    "schedules": draw_schedules,
    "average": draw_average,
    "divergence": draw_divergence,
    "caution": draw_caution,
    "rounding": of_updates.draw_rounding,
    "loss_scale": of_updates.draw_loss_scale,
    "reset": of_updates.draw_reset,
    "probes": of_updates.draw_probes,
    "ports": of_updates.draw_ports,
    "flavors": of_updates.draw_flavors,
    "layer_steps": of_updates.draw_layer_steps,
    "first_steps": of_updates.draw_first_steps,
    "warm_up": of_updates.draw_warm_up,
    "uncorrected": of_updates.draw_uncorrected,
    "two_chains": of_updates.draw_two_chains,
    "muon": of_records.draw_muon,
    "signs": of_records.draw_signs,
    "baselines": of_baselines.draw_baselines,
    "critical_differences": of_baselines.draw_critical_differences,
    "budget": of_comparisons.draw_budget,
    "sensitivity": of_comparisons.draw_sensitivity,
    "good_rates": of_records.draw_good_rates,
    "streams": of_records.draw_streams,
    "fusion": of_records.draw_fusion,
    "bits": of_records.draw_bits,
    "pruned_updates": of_records.draw_pruned_updates,
    "first_laws": of_records.draw_first_laws,
    "optax_kinds": of_records.draw_optax_kinds,
    "spread": of_records.draw_spread,
    "sweep": of_records.draw_sweep,
    "arrival": of_records.draw_arrival,
    "small_race": of_records.draw_small_race,
    "paper_choices": of_studies.draw_paper_choices,
    "paper_scaling": of_studies.draw_paper_scaling,
    "watched": of_studies.draw_watched,
    "grams": of_studies.draw_grams,
    "exported": of_studies.draw_exported,
    "own_model": of_studies.draw_own_model,
    "bench_plot": of_studies.draw_bench_plot,
    "transformer": of_studies.draw_transformer,
}
