"""Causes of a wrong trajectory that the first steps show."""

from __future__ import annotations

from typing import Any

import optax
import pytest

import gradlab as gl
from gradlab.testing import assert_same_trajectory, references
from gradlab.testing.references.step_functions import StepFunctionError
from gradlab.testing.trajectories.first_steps import find_cause

OPTIONS: Any = {"steps": 10, "long": 0, "sequences": ("ordinary",), "shapes": {"w": (3, 2), "b": (2,)}}


def freeze_state(tx: Any) -> Any:
    return optax.GradientTransformation(tx.init, lambda g, s, p=None: (tx.update(g, s, p)[0], s))


@pytest.mark.parametrize(
    ("tx", "reference"),
    [
        (gl.adam(0.1), "adam"),
        (gl.sgd(0.1, momentum=0.9), "sgd"),
        (gl.chain(gl.clip_by_global_norm(1.0), gl.scale_by_momentum(0.9)), "scale_by_momentum"),
    ],
)
def test_a_state_that_is_never_updated_is_named(tx: Any, reference: str) -> None:
    arguments: Any = {"sgd": {"learning_rate": 0.1, "momentum": 0.9}, "adam": {"learning_rate": 0.1}}
    with pytest.raises(AssertionError, match=r"The update returns the state that it was given.*`return updates, new_s"):
        assert_same_trajectory(freeze_state(tx), reference, **OPTIONS, **arguments.get(reference, {"decay": 0.9}))


def test_a_state_that_changes_or_need_not_change_is_not_the_cause() -> None:
    right = {"learning_rate": 0.1}
    shapes = OPTIONS["shapes"]
    assert find_cause(gl.adam(0.1), references.adam, right, shapes, None) == ""
    assert find_cause(gl.sgd(0.1), references.sgd, right | {"momentum": 0.9}, shapes, None) == ""  # it has no state
    assert find_cause(freeze_state(gl.adam(0.1)), references.sign_sgd, right, shapes, None) == ""


def points(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    return x - learning_rate * g, state


@references.whole_tree
def points_of_a_tree(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    return {path: x[path] - learning_rate * g[path] for path in x}, state


@pytest.mark.parametrize("step", [points, points_of_a_tree])
def test_a_reference_that_returns_the_new_parameters_is_told_so(step: Any) -> None:
    with pytest.raises(StepFunctionError, match=f"the reference {step.__name__} returns the new parameters; it must"):
        assert_same_trajectory(gl.sgd(0.1), step, learning_rate=0.1, **OPTIONS)
    with pytest.raises(AssertionError, match="not the trajectory of points"):  # the two differ in another way, too
        assert_same_trajectory(gl.sgd(0.2), step, learning_rate=0.1, **OPTIONS)
