"""Charts of what an optimizer does from step to step, as functions of the names that the code of their page defines."""

from __future__ import annotations

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl

from .bars import Bars
from .drawing import Chart, count_from
from .page_code import Page, run_file
from .runs import follow


def draw_rounding(page: Page) -> Chart:
    """Return the bfloat16 parameter of `how-to/low-precision.md`, rounded in three ways."""
    start, gradient = page["params"], page["gradient"]

    optimizers = {
        "sgd(1e-3)": gl.sgd(1e-3),
        "master_params(sgd(1e-3))": gl.master_params(gl.sgd(1e-3)),
        "round_params(sgd(1e-3), key=0)": gl.round_params(gl.sgd(1e-3), key=0),
    }
    runs = {
        label: follow(tx, start, lambda params: gradient, lambda params: params["w"][0], 101)
        for label, tx in optimizers.items()
    }
    curves = {label: count_from(1, values[1:]) for label, values in runs.items()}
    return Chart(curves, "step", "parameter", 0.88, 1.01)


def draw_loss_scale(page: Page) -> Chart:
    """Return the scale of `how-to/gates.md` while gradients become smaller, and the largest without an overflow."""
    tx = gl.dynamic_loss_scale(gl.sgd(0.0))
    largest = float(jnp.finfo(jnp.float16).max)

    def step(state: Any, gradient: jax.Array) -> Any:
        scale = gl.loss_scale(tx, state)
        _, state = tx.update((gradient * scale).astype(jnp.float16), state, jnp.float16(1), loss_scale=scale)
        return state, scale

    gradients = 30 * jnp.exp(-jnp.arange(16_000) / 4_000)
    scales = jax.jit(lambda: jax.lax.scan(step, tx.init(jnp.float16(1)), gradients)[1])()
    scales = scales.reshape(-1, 20).max(1)  # so that a scale of a single step is seen
    curves = {"the scale": scales, "the largest without an overflow": largest / gradients[::20]}
    curves = {label: count_from(0, values) * [20, 1] for label, values in curves.items()}
    return Chart(curves, "step", "scale", 1e3, 2e5, logarithmic=True)


def draw_reset(page: Page) -> Chart:
    """Return the steps of the head of `how-to/edit-a-run.md` after a reset that Adam's correction knows of, or not."""
    params, head = page["params"], gl.path("head/**")
    gradient = jax.tree.map(jnp.ones_like, params)

    def steps(tx: gl.Transformation, state: Any, count: int) -> tuple[Any, jax.Array]:
        def step(state: Any, _: None) -> Any:
            updates, state = tx.update(gradient, state, params)
            return state, -updates["head"]["kernel"][0, 0] / 0.1

        return jax.jit(lambda state: jax.lax.scan(step, state, length=count))(state)

    together, apart = page["tx"], page["apart"]
    state, before = steps(together, together.init(params), 1000)
    arrays = gl.state_to_dict(together, state, params)
    zeros = {name: jnp.zeros_like(array) if "head/" in name else array for name, array in arrays.items()}
    known = gl.reset_state(apart, gl.state_from_dict(apart, params, arrays)[0], params, head)
    _, uncorrected = steps(together, gl.state_from_dict(together, params, zeros)[0], 100)
    _, corrected = steps(apart, known, 100)
    curves = {
        "zeros, and one correction for all": np.append(before[-20:], uncorrected),
        "reset_state, in a group of its own": np.append(before[-20:], corrected),
    }
    curves = {label: count_from(-20, values) for label, values in curves.items()}
    return Chart(curves, "step after the reset", "step of the head / rate", 0.0, 6.0)


def draw_probes(page: Page) -> Chart:
    """Return what `how-to/look-inside.md` asks of its optimizer, in a hundred steps."""
    tx, step = page["tx"], page["step"]
    params = {"dense": {"kernel": jnp.ones((4, 3)), "bias": jnp.zeros(3)}, "scale": jnp.ones(3)}
    state, seen = tx.init(params), []
    for _ in range(100):
        rate = gl.hyperparameters(tx, state)["partition/ndim(2)/learning_rate"]
        params, state, _ = step(tx, params, state, jnp.linspace(-1, 1, 8).reshape(2, 4))
        seen.append({"partition/ndim(2)/learning_rate": rate, **gl.metrics(state)})
    shown = ("gradient/norm", "update/norm", "update/relative_size", "partition/ndim(2)/learning_rate")
    curves = {name: count_from(1, [float(values[name]) for values in seen]) for name in shown}
    return Chart(curves, "step", "norm, ratio, or rate", 1e-6, 2.0, logarithmic=True)


def draw_ports(page: Page) -> Chart:
    """Return the losses of `how-to/port-a-run.md`, right and with three mistakes, and what PyTorch printed."""

    def loss(params: Any) -> jax.Array:
        return page["loss"](params, (page["inputs"], page["targets"]))

    def train(tx: gl.Transformation, bias: float = 0.0) -> np.ndarray:
        first, second = page["start"]()
        start = [first, {**second, "bias": second["bias"] + bias}]
        return count_from(0, follow(tx, start, jax.grad(loss), loss, 40))

    flavor = gl.flavors.torch.adamw
    right = page["port"](lambda rate, decay: flavor(lr=rate, weight_decay=decay))
    curves = {
        "as in PyTorch": train(right),
        "other first weights": train(right, bias=0.15),
        "another optimizer": train(
            page["port"](lambda rate, decay: gl.flavors.torch.rmsprop(rate, weight_decay=decay))
        ),
        "a constant rate": train(page["port"](lambda rate, decay: flavor(lr=0.05, weight_decay=decay))),
    }
    losses = re.search(r"print\(round\(loss.item\(\), 5\)\)  # (.*)", page.text)[1].split(", ")
    printed = np.stack([13 * np.arange(4), np.array(losses, float)], 1)
    return Chart(curves, "updates made", "loss", 0.0, 1.2, dots={"printed by PyTorch": printed})


def draw_flavors(page: Page) -> Chart:
    """Return one run of Nadam as it is in each framework of `flavors.md`."""
    rate = gl.schedules.exponential(0.1, 1, 0.9)
    flavors = {
        "flavors.torch.nadam": gl.flavors.torch.nadam(rate),
        "flavors.keras.nadam": gl.flavors.keras.nadam(rate),
        "flavors.optax.nadam": gl.flavors.optax.nadam(rate),
    }
    start = jnp.array([1.0, -2.0])
    curves = {
        name: count_from(0, follow(tx, start, lambda x: 2 * x, lambda x: x[1], 31)) for name, tx in flavors.items()
    }
    return Chart(curves, "step", "second parameter", -2.0, -0.9)


def draw_layer_steps(page: Page) -> Bars:
    """Return the first step of each layer of `how-to/rates-for-each-layer.md`, where all gradients are 1."""
    tx, params = page["tx"], page["params"]
    updates, _ = tx.update(jax.tree.map(jnp.ones_like, params), tx.init(params), params)
    layers = {f"layers/{place}": layer for place, layer in enumerate(updates["layers"])} | {"head": updates["head"]}
    return Bars({"step": {name: round(-float(layer["kernel"][0, 0]), 4) for name, layer in layers.items()}}, "step")


def draw_first_steps(page: Page) -> Chart:
    """Return the first step of Adam in float16 over the gradient, of both libraries in `how-to/mixed-precision.md`."""
    gradients = jnp.geomspace(1e-7, 1.0, 400).astype(jnp.float16)
    curves = {}
    for label, tx in {"gl.adam": gl.adam(1e-2), "optax.adam": optax.adam(1e-2)}.items():
        updates, _ = tx.update(gradients, tx.init(gradients), gradients)
        points = np.stack([np.asarray(gradients, float), -np.asarray(updates, float) / 1e-2], 1)
        curves[label] = points[np.isfinite(points[:, 1])]
    return Chart(curves, "gradient", "first step / rate", 0.0, 2.0, by_powers=True)


def draw_warm_up(page: Page) -> Chart:
    """Return where RAdam is after each step in `released-implementations.md`, where all gradients are 1."""
    optimizers = {"gl.radam": gl.radam(0.1, b2=0.9999), "optax.radam": optax.radam(0.1, b2=0.9999)}
    curves = {
        label: count_from(0, [page["follow"](tx, [1] * count) for count in range(13)])
        for label, tx in optimizers.items()
    }
    return Chart(curves, "step", "parameter", 0.0, 1.05)


def draw_uncorrected(page: Page) -> Chart:
    """Return the steps of the optimizer that `how-to/check-your-optimizer.md` examines, and those of its reference."""
    optimizers = {"adam(1e-3)": gl.adam(1e-3), "my_adam(1e-3)": run_file(page, "my_adam.py")["my_adam"](1e-3)}
    curves = {}
    for label, tx in optimizers.items():
        places = follow(tx, jnp.float32(0), lambda x: jnp.float32(1), lambda x: x, 1001)
        curves[label] = count_from(1, -np.diff(np.asarray(places, float)) / 1e-3)
    return Chart(curves, "step", "step / rate", 0.0, 7.0)


def draw_two_chains(page: Page) -> Chart:
    """Return the steps of Adam's links in the chains of both libraries, at the end of `how-to/optax-wrappers.md`."""
    chains = {"gl.chain(*adam_links)": gl.chain, "optax.chain(*adam_links)": optax.chain}
    curves = {}
    for label, chain in chains.items():
        tx = chain(*page["adam_links"])
        places = follow(tx, jnp.float32(0), lambda x: jnp.float32(1), lambda x: x, 51)
        curves[label] = count_from(1, -np.diff(np.asarray(places, float)) / 0.1)
    return Chart(curves, "step", "step / rate", 0.0, 11.0)
