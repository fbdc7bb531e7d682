"""The costs of a step of an optimizer: the bytes of its state for each parameter, and the time of an update."""

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

from .._engine.training_loop import ProblemFunctions, make_initial_carry, run_chunk
from ..problems.base import Problem, PyTree

STEPS = 10  # in a round, so that what an optimizer does every few steps is in the time of each round
ROUNDS = 11
_LEAST_SECONDS = 2e-3  # of a measurement, in which a fast program runs many times
LAYER = {"kernel": (256, 128), "bias": (128,)}  # 256 inputs, 128 outputs; of float32
TREE = f"a kernel of shape {LAYER['kernel']} and a bias of shape {LAYER['bias']}, in float32"


class _ReferenceTree(Problem):
    """Half of the squared norm of the parameters of one layer: a gradient that costs next to nothing."""

    name = "reference_tree"
    summary = "one layer, on which the costs of a step are measured"

    def init(self, key: jax.Array) -> PyTree:
        kernel = jax.random.normal(key, LAYER["kernel"], jnp.float32) / 16
        return {"kernel": kernel, "bias": jnp.ones(LAYER["bias"], jnp.float32)}

    def loss(self, params: PyTree, batch: PyTree) -> jax.Array:
        squares: jax.Array = optax.tree.norm(params, squared=True)
        return 0.5 * squares

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        return {}


def count_state_bytes(tx: optax.GradientTransformation, layer: Mapping[str, tuple[int, ...]] = LAYER) -> float:
    """Return the bytes of the optimizer's state for each parameter of a layer, from shapes and dtypes."""
    params = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in layer.items()}
    state = jax.tree.leaves(jax.eval_shape(tx.init, params))
    total = sum(leaf.size * leaf.dtype.itemsize for leaf in state)
    return total / sum(leaf.size for leaf in jax.tree.leaves(params))


def measure_costs(
    optimizers: Mapping[str, Callable[[], optax.GradientTransformation]], rounds: int = ROUNDS
) -> dict[str, Any]:
    """Return the `state_bytes` and the `step_time` of each optimizer, and how they were measured.

    A round runs a few updates of every optimizer in turn, and of `gl.sgd(0.01)` before each, so that a busy machine
    slows all of them alike. `step_time` is the median over all runs, divided by that of sgd.
    An optimizer that fails has neither, and its reason is in `failed`.
    """
    sgd = _prepare(gl.sgd(0.01))
    programs: dict[str, Any] = {}
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
    # The median of many short runs is that of undisturbed ones, even on a busy machine.
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    of_sgd: list[float] = []
    for _ in range(rounds):
        for name, program in programs.items():
            of_sgd += _time(*sgd)
            seconds[name] += _time(*program)
    unit = float(np.median(of_sgd)) if of_sgd else math.nan
    for name in of_each:
        of_each[name]["step_time"] = float(f"{np.median(seconds[name]) / unit:.3g}")
    return {
        "tree": TREE,
        "steps": STEPS,
        "rounds": rounds,
        "device": jax.devices()[0].device_kind,
        "sgd_seconds": unit / STEPS if of_sgd else None,
        "optimizers": of_each,
        "failed": failed,
    }


def _time(program: Callable[[Any], Any], carry: Any) -> list[float]:
    """Return the seconds of each of some runs of a program: one of a slow one, and many of a fast one."""
    seconds: list[float] = []
    while sum(seconds) < _LEAST_SECONDS:
        begin = time.perf_counter()
        jax.block_until_ready(program(carry))
        seconds.append(time.perf_counter() - begin)
    return seconds


def _prepare(tx: optax.GradientTransformation) -> tuple[Any, Any]:
    """Return the compiled program of a round, and the carry after one round, from which all others start."""
    problem = _ReferenceTree()
    functions = ProblemFunctions(problem)

    def run_round(carry: Any) -> Any:
        return run_chunk(functions, tx, carry, None, jnp.zeros(STEPS, bool))[0]

    carry = jax.jit(lambda: make_initial_carry(tx, problem.init(jax.random.key(0))))()
    program = jax.jit(run_round).lower(carry).compile()
    return program, jax.block_until_ready(program(carry))
