"""A run of optax goes on in gradlab."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.states.transfers import PARAMS, gradients, train

COSINE = gl.schedules.cosine(0.1, 100)
LABELS = {"dense": {"bias": "b", "kernel": "a"}, "scale": "a"}
FLAVORS = gl.flavors.optax
QUICK = {
    "adamw": (optax.adamw(0.1), gl.chain(gl.clip_by_global_norm(1e9), gl.adamw(0.1, weight_decay=1e-4))),
    "nadam": (optax.nadam(0.1), gl.nadam(0.1)),
    "nesterov": (optax.sgd(0.1, momentum=0.9, nesterov=True), gl.sgd(0.1, momentum=0.9, nesterov=True)),
    "rmsprop": (optax.rmsprop(0.1, momentum=0.9), gl.rmsprop(0.1, momentum=0.9, eps_in_sqrt=True)),
    "amsgrad": (optax.amsgrad(0.1), gl.amsgrad(0.1)),
    "groups": (
        optax.partition({"a": optax.adam(0.1), "b": optax.sgd(0.2, momentum=0.9)}, LABELS),
        gl.partition((gl.path("**/bias"), gl.sgd(0.2, momentum=0.9)), default=gl.adam(0.1)),
    ),
}
SLOW = {
    "scheduled": (optax.adam(optax.cosine_decay_schedule(0.1, 100)), gl.adam(COSINE)),
    "torch": (optax.adam(0.1), gl.flavors.torch.adam(0.1)),
    "momentum": (optax.sgd(0.1, momentum=0.9), gl.sgd(0.1, momentum=0.9)),
    "centered": (optax.rmsprop(0.1, centered=True), FLAVORS.rmsprop(0.1, centered=True)),
    "rmsprop alike": (optax.rmsprop(0.1, momentum=0.9), FLAVORS.rmsprop(0.1, momentum=0.9)),
    "adagrad": (optax.adagrad(0.1), FLAVORS.adagrad(0.1)),
    "adadelta": (optax.adadelta(0.1), FLAVORS.adadelta(0.1)),
    "adamax": (optax.adamax(0.1), FLAVORS.adamax(0.1)),
    "injected": (optax.inject_hyperparams(optax.adam)(0.1), gl.adam(0.1)),
}


def assert_goes_on(theirs: Any, ours: Any, rtol: float = 1e-11, steps: int = 7) -> Any:
    """Raise unless our updates after the steps of optax are those of optax, and return the report."""
    run = jax.jit(lambda state, grads: jax.lax.scan(lambda s, g: theirs.update(g, s, PARAMS)[::-1], state, grads))
    with jax.numpy_dtype_promotion("standard"):  # optax counts in int32 and multiplies by float64
        state = run(theirs.init(PARAMS), gradients(steps))[0]
        one = run(state, gradients(3))[1]
    taken, report = gl.state_from_optax(ours, PARAMS, state)
    two = train(ours, taken, gradients(3))[1]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-15), one, two)
    return report


@pytest.mark.parametrize("name", QUICK)
def test_the_next_steps_are_those_of_optax(name: str) -> None:
    assert_goes_on(*QUICK[name]).require_complete()


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_the_next_steps_of_more_optimizers_are_those_of_optax(name: str) -> None:
    report = assert_goes_on(*SLOW[name])
    assert not report.missing
    assert [entry for entry, _ in report.extra if "hyperparams" not in entry] == []


def test_micro_batches_go_on_in_the_middle_of_a_batch() -> None:
    report = assert_goes_on(optax.MultiSteps(optax.sgd(0.1), 3), gl.accumulate(gl.sgd(0.1), 3), 1e-6)  # float32 inside
    assert dict(report.missing) == {"accumulate:value": "nothing of this kind is there; it starts as init gives it"}


def test_what_is_not_known_is_reported() -> None:
    state = optax.adabelief(0.1).init(PARAMS)
    _, report = gl.state_from_optax(gl.adam(0.1), PARAMS, state)
    assert (report.matched, report.converted, len(report.missing), len(report.extra)) == ((), (), 8, 7)
    assert "ScaleByBeliefState:mu (3 arrays): gradlab knows no ScaleByBeliefState.mu" in str(report)
    twice = optax.chain(optax.trace(0.9), optax.trace(0.5))
    state = twice.init(PARAMS)
    state = (state[0], jax.tree.map(lambda x: x + 1, state[1]))
    taken, report = gl.state_from_optax(
        gl.chain(gl.scale_by_momentum(0.9, 0.0), gl.scale_by_momentum(0.5, 0.0)), PARAMS, state
    )
    report.require_complete()
    np.testing.assert_array_equal(taken[1].moment["scale"], 1.0)
    different = (optax.ScaleByScheduleState(jnp.array(3)), optax.ScaleByScheduleState(jnp.array(4)))
    with pytest.raises(ValueError, match="the counters of steps in this state differ: 3, 4"):
        gl.state_from_optax(gl.adam(), PARAMS, different)
