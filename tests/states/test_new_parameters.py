"""A parameter that is new in a run shares a bias correction with old ones: the report says so, and the remedy works."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

OLD = {"a": jnp.ones(2)}
NEW = {"a": jnp.ones(2), "b": jnp.ones(3)}


def arrays_after_steps(tx: Any, steps: int = 300) -> dict[str, Any]:
    update, state = jax.jit(tx.update), tx.init(OLD)
    for _ in range(steps):
        _, state = update(OLD, state, OLD)
    return gl.state_to_dict(tx, state, OLD)


@pytest.mark.parametrize("make", [gl.adam, gl.flavors.torch.adam, gl.adamw])
def test_the_report_says_that_the_first_steps_are_too_large(make: Any) -> None:
    tx = make(0.01)
    _, report = gl.state_from_dict(tx, NEW, arrays_after_steps(tx))
    assert len(report.remarks) == 1
    assert "the moments of b begin at zero" in report.remarks[0]
    assert "gl.partition((where, tx), default=tx)" in report.remarks[0]


def test_the_remedy_gives_first_steps_of_the_rate() -> None:
    tx = gl.adam(0.01)
    arrays = arrays_after_steps(tx)
    state, _ = gl.state_from_dict(tx, NEW, arrays)
    largest = 0.0
    for _ in range(20):
        updates, state = tx.update(NEW, state, NEW)
        largest = max(largest, float(abs(updates["b"]).max()))
    assert largest > 0.02  # what the remark warns of

    where = gl.path("b")
    both = gl.partition((where, tx), default=tx)
    state, report = gl.state_from_dict(both, NEW, arrays)
    assert [remark for remark in report.remarks if "group of their own" not in remark] == list(report.remarks)
    assert "gl.reset_state(tx, state, params, where)" in report.remarks[0]
    state = gl.reset_state(both, state, NEW, where)
    for _ in range(5):
        updates, state = both.update(NEW, state, NEW)
        np.testing.assert_allclose(updates["b"], -0.01, rtol=1e-6)


def test_nothing_is_remarked_where_nothing_goes_wrong() -> None:
    tx = gl.adam(0.01)
    assert gl.state_from_dict(tx, OLD, arrays_after_steps(tx))[1].remarks == ()
    assert gl.state_from_dict(tx, NEW, arrays_after_steps(tx, steps=0))[1].remarks == ()  # all begin
    without = gl.sgd(0.01, momentum=0.9)
    assert gl.state_from_dict(without, NEW, arrays_after_steps(without))[1].remarks == ()
