"""What a step of an optimizer costs: the bytes of its state for each parameter, and the time of an update."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl

from .._engine.training_loop import make_initial_carry, run_chunk
from ..problems.base import Problem, PyTree

STEPS = 10  # in a round, so that what an optimizer does every few steps is in the time of each round
ROUNDS = 11
_LEAST_SECONDS = 2e-3  # of a measurement, which repeats a fast program as often as that takes
TREE = "a kernel of shape (256, 128) and a bias of shape (128,), in float32"


class _ReferenceTree(Problem):
    """Half of the squared norm of the parameters of one layer: a gradient that costs next to nothing."""

    def init(self, key: jax.Array) -> PyTree:
        return {"kernel": jax.random.normal(key, (256, 128), jnp.float32) / 16, "bias": jnp.ones(128, jnp.float32)}

    def loss(self, params: PyTree, batch: PyTree) -> jax.Array:
        return 0.5 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        return {}


def count_state_bytes(tx: optax.GradientTransformation) -> float:
    """Return the bytes of the optimizer's state for each parameter of the reference tree, from shapes and dtypes."""
    params = jax.eval_shape(_ReferenceTree().init, jax.random.key(0))
    state = jax.tree.leaves(jax.eval_shape(tx.init, params))
    total = sum(leaf.size * leaf.dtype.itemsize for leaf in state)
    return total / sum(leaf.size for leaf in jax.tree.leaves(params))


def measure_costs(
    optimizers: Mapping[str, Callable[[], optax.GradientTransformation]], rounds: int = ROUNDS
) -> dict[str, Any]:
    """Return the `state_bytes` and the `step_time` of each optimizer, and how they were measured.

    A round runs a few updates of every optimizer, one optimizer after the other, so that a busy machine slows all of
    them alike. `step_time` is the median over the rounds, divided by that of `gl.sgd(0.01)`, which runs in every round.
    An optimizer that fails has neither, and its reason is in `failed`.
    """
    programs: dict[str, Any] = {"": _prepare(gl.sgd(0.01))}  # no optimizer has this name
    of_each: dict[str, dict[str, float]] = {}
    failed: dict[str, str] = {}
    for name, make in optimizers.items():
        try:
            tx = make()
            of_each[name] = {"state_bytes": count_state_bytes(tx)}
            programs[name] = _prepare(tx)
        except Exception as error:  # of the user's optimizer; the race may have gone well on other shapes
            of_each.pop(name, None)
            failed[name] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    repeats = {name: math.ceil(_LEAST_SECONDS / max(_time(*program), 1e-6)) for name, program in programs.items()}
    for _ in range(rounds):
        for name, program in programs.items():
            seconds[name].append(_time(*program, repeats[name]))
    unit = float(np.median(seconds[""]))
    for name in of_each:
        of_each[name]["step_time"] = float(f"{np.median(seconds[name]) / unit:.3g}")
    return {
        "tree": TREE,
        "steps": STEPS,
        "rounds": rounds,
        "device": jax.devices()[0].device_kind,
        "sgd_seconds": unit / STEPS,
        "optimizers": of_each,
        "failed": failed,
    }


def _time(program: Callable[[Any], Any], carry: Any, repeats: int = 1) -> float:
    """Return the seconds of a run of a program, averaged over some runs."""
    begin = time.perf_counter()
    for _ in range(repeats):
        jax.block_until_ready(program(carry))
    return (time.perf_counter() - begin) / repeats


def _prepare(tx: optax.GradientTransformation) -> tuple[Any, Any]:
    """Return the compiled program of a round, and the carry after one round, from which all others start."""
    problem = _ReferenceTree()

    def run_round(carry: Any) -> Any:
        return run_chunk(problem, tx, carry, None, jnp.zeros(STEPS, bool))[0]

    carry = jax.jit(lambda: make_initial_carry(tx, problem.init(jax.random.key(0))))()
    program = jax.jit(run_round).lower(carry).compile()
    return program, jax.block_until_ready(program(carry))
