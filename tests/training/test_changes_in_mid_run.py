"""A number becomes another one in mid-run, inside groups and wrappers, without a compilation and in the same state."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.core.tree_differences import have_same_structure

PARAMS = {"w": jnp.ones((2, 3)), "b": jnp.array([0.5, -0.5, 1.0])}


def composed(rate: Any = 0.1, momentum: float = 0.9, limit: float = 1.0) -> Any:
    slow = gl.chain(gl.sgd(rate, momentum=momentum), gl.probe("vectors", "norm"))
    fast = gl.average_params(gl.store(gl.adamw(gl.schedules.cosine(0.1, 100))), decay=0.9)
    return gl.chain(
        gl.clip_by_global_norm(limit),
        gl.accumulate(gl.skip_nonfinite(gl.partition((gl.ndim(1), slow), default=fast)), 2),
        gl.probe("update", "norm", "cosine"),
    )


def test_every_number_changes_without_a_trace_and_with_the_same_state() -> None:
    traces = []

    @jax.jit
    def update(tx: Any, state: Any) -> Any:
        traces.append(tx)
        return tx.update(PARAMS, state, PARAMS)

    tx = composed()
    state = update(tx, tx.init(PARAMS))[1]
    for path, value in gl.hyperparameters(tx).items():
        if isinstance(value, float):
            changed = tx.replace({path: 1.0 if path == "accumulate/every" else value / 2 or 0.25})
            assert gl.hyperparameters(changed)[path] != value
            after = update(changed, state)[1]
            assert have_same_structure(after, state)
    assert len(traces) == 1


def test_the_run_goes_on_as_one_with_the_new_number_from_there() -> None:
    step = jax.jit(lambda tx, state: tx.update(PARAMS, state, PARAMS))
    tx = composed(rate=0.1)
    state = tx.init(PARAMS)
    for _ in range(3):
        _, state = step(tx, state)
    changed = tx.replace({"sgd/learning_rate": 0.025})
    assert changed == composed(rate=0.025)
    before, after = step(tx, state)[0], step(changed, state)[0]
    np.testing.assert_allclose(after["b"], before["b"] / 4, rtol=1e-12)
    np.testing.assert_array_equal(after["w"], before["w"])
    assert float(jnp.abs(before["b"]).max()) > 0
