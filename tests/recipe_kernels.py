"""The kernels of recipes, as XLA compiles them by itself: `python -m tests.recipe_kernels adam` prints them as JSON.

A process of its own compiles them, because XLA reads its options once, and the tests have others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import gradlab as gl
from gradlab.bench.inspection.kernels import measure_traffic

FUSION = "--xla_backend_extra_options=xla_cpu_use_multi_output_fusion"
SIZE = 2**18


class Counts(NamedTuple):
    """What a step does with arrays as large as the parameters."""

    kernels: int
    copies: int
    temporaries: int  # arrays that are neither arguments nor results
    streams: int  # arrays read and written
    fewest: int  # the streams of a step that reads and writes each array once


ELEMENTWISE: dict[str, Any] = {
    "sgd": gl.sgd(0.1),
    "momentum": gl.sgd(0.1, momentum=0.9),
    "nesterov": gl.sgd(0.1, momentum=0.9, nesterov=True),
    "nag": gl.nag(0.1),
    "heavy_ball": gl.chain(gl.scale_by_heavy_ball(0.9), gl.scale_by_learning_rate(0.1)),
    "sign_sgd": gl.sign_sgd(),
    "signum": gl.signum(),
    "adam": gl.adam(),
    "adamw": gl.adamw(),
    "nadam": gl.nadam(),
    "amsgrad": gl.amsgrad(),
    "adamax": gl.adamax(),
    "adagrad": gl.adagrad(),
    "adadelta": gl.adadelta(),
    "rmsprop": gl.rmsprop(),
    "rmsprop_centered": gl.rmsprop(centered=True, momentum=0.9, nesterov=True),
    "adabelief": gl.adabelief(),
    "lion": gl.lion(),
    "yogi": gl.yogi(),
    "radam": gl.radam(),
    "adan": gl.adan(weight_decay=0.1),
    "adopt": gl.adopt(),
    "adabound": gl.adabound(),
    "amsbound": gl.amsbound(),
    "ademamix": gl.ademamix(),
    "qhadam": gl.qhadam(),
    "schedule_free_sgd": gl.schedule_free_sgd(),
    "schedule_free_adamw": gl.schedule_free_adamw(),
    "lookahead": gl.lookahead(gl.adam()),
    "average_params": gl.average_params(gl.adam(), 0.999),
}


def count(tx: Any) -> Counts:
    """Compile a step that updates one leaf and the state in place, and count."""
    params = jax.ShapeDtypeStruct((SIZE,), jnp.float32)
    state = jax.eval_shape(tx.init, params)

    def step(params: Any, state: Any, gradient: Any) -> tuple[Any, Any]:
        updates, state = tx.update(gradient, state, params)
        return gl.apply_updates(params, updates), state

    compiled = jax.jit(step, donate_argnums=(0, 1)).lower(params, state, params).compile()
    traffic, own = measure_traffic(compiled), sum(leaf.size >= SIZE for leaf in jax.tree.leaves(state))
    memory: Any = compiled.memory_analysis()
    temporaries = memory.temp_size_in_bytes // (4 * SIZE)
    return Counts(traffic.kernels, traffic.copies, temporaries, round(traffic.streams(4 * SIZE)), 2 * own + 3)


def count_in_new_process(names: Iterable[str], flags: str) -> dict[str, Counts]:
    """Return the counts of recipes in a process with these options of XLA."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.recipe_kernels", *names],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name: Counts(*counts) for name, counts in json.loads(done.stdout).items()}


if __name__ == "__main__":
    jax.devices()  # until JAX has begun, an update does not know that it will run on a CPU
    print(json.dumps({name: count(ELEMENTWISE[name]) for name in sys.argv[1:]}))
