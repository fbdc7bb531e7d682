"""The equations that a training step has for each leaf: fewer than optax's, and no more than it had before."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gradlab.bench.counterparts import COUNTERPARTS
from gradlab.bench.inspection.equations import count_equations

pytestmark = pytest.mark.slow  # 40 optimizers of both libraries, traced twice for each

# The most that a step may have. A change that needs more has to say why it takes longer to trace and to compile.
MOST = {
    "sgd": 2, "sgd_momentum": 3, "sgd_nesterov": 4, "sign_sgd": 3, "signum": 4, "adagrad": 6, "adadelta": 8,
    "rmsprop": 6, "rmsprop_centered": 7, "rmsprop_momentum": 7, "adam": 9, "adamw": 10, "clip_adamw": 11.25,
    "amsgrad": 10, "adamax": 6, "nadam": 9, "nadamw": 10, "radam": 10, "adabelief": 12, "yogi": 9, "lion": 6,
    "adan": 21, "ademamix": 13, "adopt": 9, "lars": 4, "lamb": 11, "schedule_free_sgd": 7, "schedule_free_adamw": 12,
    "dog": 6.5, "dowg": 7.5, "prodigy": 25, "dadapt_adam": 22, "momo": 17, "momo_adam": 21, "adafactor": 10,
    "muon": 12, "galore": 51,
}  # fmt: skip
SHORT = {"sgd", "sign_sgd"}  # of one and two operations in both libraries
PROJECTED = {"galore"}  # which divides a leaf into matrices and turns its basis at a step that is an argument


def count_per_leaf(tx: Any, shape: tuple[int, ...], reads_loss: bool) -> float:
    """Return by how much a step is longer for each further leaf of one shape."""

    def step(params: Any, state: Any, gradient: Any) -> Any:
        updates, state = tx.update(gradient, state, params, **({"value": jnp.float32(1)} if reads_loss else {}))
        return optax.apply_updates(params, updates), state

    def count(leaves: int) -> int:
        params = [np.ones(shape, np.float32)] * leaves
        return count_equations(jax.make_jaxpr(step)(params, jax.eval_shape(tx.init, params), params))

    return (count(48) - count(16)) / 32


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_a_step_is_shorter_than_that_of_optax(name: str) -> None:
    counterpart = COUNTERPARTS[name]
    shape = (8, 8) if counterpart.is_for_matrices else (8,)
    own = count_per_leaf(counterpart.gradlab(1e-3), shape, counterpart.reads_loss)
    assert own <= MOST[name]
    if counterpart.optax is not None and name not in PROJECTED:
        with jax.numpy_dtype_promotion("standard"):
            peer = count_per_leaf(counterpart.optax(1e-3), shape, counterpart.reads_loss)
        assert own <= peer if name in SHORT else own < peer
