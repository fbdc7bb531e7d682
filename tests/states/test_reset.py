"""The state of some parameters starts anew, and that of the others goes on."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.core.tree_differences import have_same_structure
from tests.states.transfers import PARAMS, gradients, train

ADAM = gl.adam(gl.schedules.linear(0.1, 0.0, 100))
GROUPS = gl.chain(gl.clip_by_global_norm(1e9), gl.partition((gl.path("dense/*"), ADAM), default=ADAM))


def test_a_group_starts_anew_with_its_weights_and_its_schedule_goes_on() -> None:
    state = train(GROUPS, GROUPS.init(PARAMS), gradients(5))[0]
    reset = gl.reset_state(GROUPS, state, PARAMS, "dense/*")
    first, rest = reset[1].groups
    fresh = GROUPS.init(PARAMS)[1].groups[0]
    assert have_same_structure(reset, state)
    jax.tree.map(np.testing.assert_array_equal, rest, state[1].groups[1])
    jax.tree.map(np.testing.assert_array_equal, first[:-1], fresh[:-1])
    np.testing.assert_array_equal(first[-1].step, 5)
    # The first step of Adam is the rate, in every element.
    updates = train(GROUPS, reset, gradients(1))[1]
    np.testing.assert_allclose(jnp.abs(updates["dense"]["kernel"]), 0.095, rtol=1e-6)


def test_a_weight_of_several_parameters_is_an_error_with_the_remedy() -> None:
    state = train(ADAM, ADAM.init(PARAMS), gradients(5))[0]
    shared = (
        "bias_correction:first_weight, scale_by_rms/second_moment/bias_correction:first_weight belongs to parameters"
    )
    with pytest.raises(ValueError, match=rf"reset_state: {shared} that are reset.*gl\.partition\(\(where, tx\)"):
        gl.reset_state(ADAM, state, PARAMS, gl.path("scale"))
    kept = gl.reset_state(ADAM, state, PARAMS, gl.path("scale"), keep_counters=True)
    np.testing.assert_array_equal(kept[0].moment["scale"], 0.0)
    np.testing.assert_array_equal(kept[0].moment["dense"]["bias"], state[0].moment["dense"]["bias"])
    np.testing.assert_array_equal(kept[1].first_weight, state[1].first_weight)
    # The remedy of the message: the moments go into two groups, of which one is reset.
    arrays = gl.state_to_dict(ADAM, state, PARAMS)
    tx = gl.partition((gl.path("scale"), ADAM), default=ADAM)
    state, report = gl.state_from_dict(tx, PARAMS, arrays)
    report.require_complete()
    updates = train(tx, gl.reset_state(tx, state, PARAMS, "scale"), gradients(1))[1]
    np.testing.assert_allclose(jnp.abs(updates["scale"]), 0.095, rtol=1e-6)


def test_all_parameters_or_a_single_array() -> None:
    state = train(ADAM, ADAM.init(PARAMS), gradients(3))[0]
    reset = gl.reset_state(ADAM, state, PARAMS, True)
    jax.tree.map(np.testing.assert_array_equal, reset[:-1], ADAM.init(PARAMS)[:-1])
    assert int(reset[-1].step) == 3
    alone = jnp.ones(3)
    state = ADAM.update(alone, ADAM.init(alone), alone)[1]
    reset = jax.jit(lambda state: gl.reset_state(ADAM, state, alone, True))(state)
    jax.tree.map(np.testing.assert_array_equal, reset[:-1], ADAM.init(alone)[:-1])
    assert int(reset[-1].step) == 1


def test_a_state_without_weights_and_a_choice_of_nothing() -> None:
    tx = gl.sgd(0.1, momentum=0.9)
    state = train(tx, tx.init(PARAMS), gradients(2))[0]
    reset = gl.reset_state(tx, state, PARAMS, gl.ndim(2))
    np.testing.assert_array_equal(reset[0].moment["dense"]["kernel"], np.zeros((2, 3)))
    np.testing.assert_array_equal(reset[0].moment["scale"], state[0].moment["scale"])
    with pytest.raises(
        ValueError, match=r"path\('head'\) chooses none of the parameters dense/bias, dense/kernel, sca"
    ):
        gl.reset_state(tx, state, PARAMS, gl.path("head"))
