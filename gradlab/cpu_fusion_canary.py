"""Programs that show whether XLA's fusion on CPUs works: `python -m gradlab.cpu_fusion_canary steps`.

`gradlab.compilation.cpu_fusion_verdicts` runs them in a process of its own, because a fault of XLA ends the process.
`steps` are training steps, whose results are compared with NumPy. `scatters` are two tables that change at given places
(`.at[places].add(rows)`), which XLA cannot compile with fusion in jaxlib 0.10.2.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .combinators.chain import chain
from .optimizers.adam import adam
from .optimizers.amsgrad import amsgrad
from .transforms.clipping import clip_by_global_norm

_STEPS, _RATE, _B1, _B2, _EPS = 3, 0.1, 0.9, 0.999, 1e-8
_SHAPES = {"kernel": (48, 32), "bias": (32,), "scale": ()}


def main() -> None:
    """Run the programs that the command line names. Raises AssertionError for a wrong result."""
    {"steps": examine_steps, "scatters": examine_scatters}[sys.argv[1]]()


def examine_steps() -> None:
    """Train with Adam, AMSGrad and clipping: the optimizer alone, with a gradient, in a loop, and side by side."""
    rng = np.random.default_rng(0)
    params = {name: rng.normal(size=shape) for name, shape in _SHAPES.items()}
    gradients = [{name: rng.normal(size=shape) for name, shape in _SHAPES.items()} for _ in range(_STEPS)]
    for tx, largest, bound in (
        (adam(_RATE, _B1, _B2, _EPS), False, None),
        (amsgrad(_RATE, _B1, _B2, _EPS), True, None),
        (chain(clip_by_global_norm(1.0), adam(_RATE, _B1, _B2, _EPS)), False, 1.0),
    ):
        expected = _compute(params, gradients, largest, bound)
        _compare(_step_by_step(tx, params, gradients), expected)
        _compare(_in_a_loop(tx, params, gradients), expected)
        several = jax.vmap(lambda tx: _in_a_loop(tx, params, gradients), axis_size=2, in_axes=None)(tx)
        _compare(jax.tree.map(lambda leaf: leaf[1], several), expected)
    _train_a_network(rng)


def _step_by_step(tx: Any, params: Any, gradients: list[Any]) -> Any:
    """Return the parameters after steps of a program that updates its arguments in place."""

    def step(params: Any, state: Any, gradient: Any) -> tuple[Any, Any]:
        updates, state = tx.update(gradient, state, params)
        return optax.apply_updates(params, updates), state

    compiled = jax.jit(step, donate_argnums=(0, 1))
    params = jax.tree.map(jnp.asarray, params)
    state = tx.init(params)
    for gradient in gradients:
        params, state = compiled(params, state, gradient)
    return params


@jax.jit
def _in_a_loop(tx: Any, params: Any, gradients: list[Any]) -> Any:
    def step(carry: Any, gradient: Any) -> Any:
        updates, state = tx.update(gradient, carry[1], carry[0])
        return (optax.apply_updates(carry[0], updates), state), None

    start = jax.tree.map(jnp.asarray, params)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *gradients)
    return jax.lax.scan(step, (start, tx.init(start)), stacked)[0][0]


def _compute(params: Any, gradients: list[Any], largest: bool, bound: float | None) -> Any:
    """Return the parameters after steps of Adam or AMSGrad, computed by NumPy in double precision."""
    result, m, v, top = dict(params), *(dict.fromkeys(params, 0.0) for _ in range(3))
    for t, gradient in enumerate(gradients, 1):
        norm = np.sqrt(sum(np.sum(g**2) for g in gradient.values()))
        for name, g in gradient.items():
            g = g if bound is None else g * min(1.0, bound / norm)
            m[name] = _B1 * m[name] + (1 - _B1) * g
            v[name] = _B2 * v[name] + (1 - _B2) * g**2
            top[name] = np.maximum(top[name], v[name] / (1 - _B2**t)) if largest else v[name] / (1 - _B2**t)
            result[name] = result[name] - _RATE * m[name] / (1 - _B1**t) / (np.sqrt(top[name]) + _EPS)
    return result


def _train_a_network(rng: np.random.Generator) -> None:
    """Train a small network, whose loss must fall as it does without a compiler."""
    x, y = rng.normal(size=(64, 8)).astype(np.float32), rng.integers(0, 4, 64)
    params = {
        "first": rng.normal(size=(8, 16)).astype(np.float32) / 3,
        "bias": np.zeros(16, np.float32),
        "second": rng.normal(size=(16, 4)).astype(np.float32) / 4,
    }
    tx = adam(0.01)

    def loss(params: Any) -> jax.Array:
        logits = jnp.tanh(x @ params["first"] + params["bias"]) @ params["second"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    def step(params: Any, state: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = tx.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    def train(step: Callable[..., Any]) -> list[float]:
        own, losses = jax.tree.map(jnp.array, params), []
        state = tx.init(own)
        for _ in range(_STEPS):
            own, state, value = step(own, state)
            losses.append(float(value))
        return losses

    _compare(train(jax.jit(step, donate_argnums=(0, 1))), train(step))


def _compare(got: Any, expected: Any) -> None:
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5), got, expected)


def examine_scatters() -> None:
    """Add the same rows to two tables at the same places, in one program."""
    places, rows = np.arange(10) % 7, np.ones((10, 8), np.float32)
    tables = np.zeros((2, 50, 8), np.float32)

    def add(one: jax.Array, other: jax.Array, places: jax.Array, rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        return one.at[places].add(rows), other.at[places].add(rows)

    counts = np.bincount(places, minlength=50)[:, None]
    for result in jax.jit(add)(*tables, places, rows):
        _compare(result, np.broadcast_to(counts, (50, 8)))


if __name__ == "__main__":
    main()
