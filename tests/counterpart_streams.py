"""The streams and copies of steps beside optax's: `python -m tests.counterpart_streams` prints them as JSON.

A process of its own compiles them, because XLA reads its options once, and the tests have others.
"""

from __future__ import annotations

import json

import jax

from gradlab.bench.counterparts import COUNTERPARTS
from gradlab.bench.inspection.kernels import measure_traffic
from gradlab.bench.step_rows import JAX_LIBRARIES
from gradlab.bench.steps import (
    choose_shape,
    describe_leaves,
    jit_step,
    make_optimizer,
    make_step,
    standard_settings,
)

SIZE = 2**18  # parameters in one leaf


@standard_settings()
def count(name: str) -> dict[str, tuple[float, int]]:
    """Return the streams and the copies of a step in each library."""
    counterpart = COUNTERPARTS[name]
    params = describe_leaves(choose_shape(SIZE, 1, counterpart.is_for_matrices), 1)
    found = {}
    for library in JAX_LIBRARIES:
        optimizer = make_optimizer(counterpart, library)
        step = jit_step(make_step(optimizer, counterpart.reads_loss))
        compiled = step.lower(params, jax.eval_shape(optimizer.init, params), params).compile()
        traffic = measure_traffic(compiled)
        found[library] = traffic.streams(4 * SIZE), traffic.copies
    return found


def list_names() -> list[str]:
    """Return the recipes that optax has too and that multiply no matrices."""
    return [name for name, each in COUNTERPARTS.items() if each.optax is not None and not each.multiplies_matrices]


if __name__ == "__main__":
    jax.devices()  # until JAX has begun, an update does not know that it will run on a CPU
    print(json.dumps({name: count(name) for name in list_names()}))
