"""A run of optax goes on in gradlab."""

from __future__ import annotations

import operator
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
CONTRIB = {
    "muon": (optax.contrib.muon(0.1), gl.flavors.muon.optax(0.1)),
    "ademamix": (optax.contrib.ademamix(0.1), gl.ademamix(0.1)),
    "dog": (optax.contrib.dog(1.0), gl.dog()),
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


@pytest.mark.parametrize("name", CONTRIB)
def test_the_next_steps_of_contributed_optimizers_are_those_of_optax(name: str) -> None:
    report = assert_goes_on(*CONTRIB[name], rtol=1e-6)
    assert not report.missing
    assert not any("knows no" in reason or "nothing" in reason for _, reason in report.extra)


def test_the_distance_of_a_run_that_has_not_begun_stays_that_of_gradlab() -> None:
    taken, report = gl.state_from_optax(gl.dog(), PARAMS, optax.contrib.dog(1.0).init(PARAMS))
    assert float(gl.metrics(taken)["distance_from_start/distance"]) > 0
    assert ("DoGState:max_dist", "no step was taken yet") in report.extra


def test_prodigy_goes_on_once_the_bias_is_corrected() -> None:
    """Prodigy of optax corrects the bias of its moments, and that of gradlab does not."""
    theirs, ours = optax.contrib.prodigy(0.1), gl.prodigy(0.1)
    state, params = theirs.init(PARAMS), PARAMS
    with jax.numpy_dtype_promotion("standard"):
        for step in range(3):
            grads = jax.tree.map(operator.itemgetter(step), gradients(3))
            updates, state = theirs.update(grads, state._replace(count=jnp.array(10**6, jnp.int32)), params)
            params = optax.apply_updates(params, updates)
        one = theirs.update(grads, state._replace(count=jnp.array(10**6, jnp.int32)), params)[0]
    taken, report = gl.state_from_optax(ours, PARAMS, state)
    two = ours.update(grads, taken, params)[0]
    assert not report.missing
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4), one, two)


def test_a_state_without_a_counterpart_says_where_to_start() -> None:
    theirs = optax.contrib.schedule_free_sgd(0.1)
    _, report = gl.state_from_optax(gl.schedule_free_sgd(0.1), PARAMS, theirs.init(PARAMS))
    with pytest.raises(ValueError, match=r"start anew from optax.contrib.schedule_free_eval_params\(state, params\)"):
        report.require_complete()
    _, report = gl.state_from_optax(gl.adam(0.1), PARAMS, optax.contrib.cocob().init(PARAMS))
    assert "gradlab keeps other quantities than COCOBState; start anew from the parameters, with tx.init" in str(report)


def test_micro_batches_go_on_in_the_middle_of_a_batch() -> None:
    report = assert_goes_on(optax.MultiSteps(optax.sgd(0.1), 3), gl.accumulate(gl.sgd(0.1), 3), 1e-6)  # float32 inside
    assert dict(report.missing) == {"accumulate:value": "nothing of this kind is there; it starts as init gives it"}


def test_a_transfer_between_two_batches_is_complete() -> None:
    theirs, ours = optax.MultiSteps(optax.sgd(0.1), 3), gl.accumulate(gl.sgd(0.1), 3)
    report = assert_goes_on(theirs, ours, 1e-5, steps=6)  # float32 inside
    report.require_complete()
    assert "gradient_step: left out, since gradlab counts steps where a schedule needs them" in str(report)


@pytest.mark.parametrize("wrap", [gl.chain, lambda tx: gl.accumulate(tx, 2)])
def test_hyperparameters_in_a_state_are_compared(wrap: Any) -> None:
    theirs = optax.inject_hyperparams(optax.adamw)(learning_rate=0.1, weight_decay=0.01)
    _, report = gl.state_from_optax(gl.adamw(0.1), PARAMS, theirs.init(PARAMS))
    report.require_complete()
    assert report.differences == ()
    assert "State:hyperparams (5 arrays): left out, since it is an argument of the optimizer" in str(report)
    _, report = gl.state_from_optax(wrap(gl.adamw(0.2)), PARAMS, theirs.init(PARAMS))
    assert len(report.differences) == 1
    assert "the state has learning_rate=0.1, and " in report.differences[0]
    assert report.differences[0].endswith("learning_rate is 0.2 here; pass learning_rate=0.1 to go on as before")
    _, report = gl.state_from_optax(gl.adamw(COSINE), PARAMS, theirs.init(PARAMS))
    assert [name for name, _ in report.extra] == ["InjectStatefulHyperparamsState:hyperparams:learning_rate"]
    injected = optax.inject_hyperparams(optax.adam)(0.1, eps_root=1e-3)
    _, report = gl.state_from_optax(gl.adam(0.1), PARAMS, injected.init(PARAMS))
    assert [name for name, _ in report.extra] == ["InjectStatefulHyperparamsState:hyperparams:eps_root"]


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
