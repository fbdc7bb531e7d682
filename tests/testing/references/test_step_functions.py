from typing import Any

import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.references.step_functions import StepFunctionError, guard_step_function, require_step_function


def descent(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    return -learning_rate * g, state


def fails(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    if t > 2:
        raise RuntimeError("boom")
    return -learning_rate * g, state


def writes(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    g *= -learning_rate
    return g, state


def returns_one(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    return -learning_rate * g


def returns_a_number(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    return 0.0, state


def returns_words(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    return "left", state


def divides_by_zero(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    return -learning_rate * g / np.abs(g), state


def needs_more(g: Any, state: Any, t: int, x: Any, *, learning_rate: float, beta: float) -> Any:
    return -learning_rate * beta * g, state


def exits(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (fails, "the reference fails fails at step 3: RuntimeError: boom"),
        (writes, "must return the change in place of writing into g or x"),
        (returns_one, "the reference returns_one returned ndarray, expected a pair (change, state)"),
        (returns_a_number, "returned a change of shape () for a gradient of shape ("),
        (returns_words, "returned a change of type str, expected an array"),
        (divides_by_zero, "where the method would divide by zero, let the change be zero"),
        (needs_more, "cannot be called with learning_rate: missing a required argument: 'beta'. Its keyword arguments"),
        (exits, "the reference exits fails at step 1: SystemExit: 3"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_wrong_reference_is_not_held_against_the_optimizer(step: Any, words: str) -> None:
    with pytest.raises(StepFunctionError) as caught:
        check(gl.sign_sgd(0.1), reference=step, laws=(), dtypes=("float32",))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (3, "is of type int, expected a function step(g, state, t, x, **hyperparameters)"),
        (lambda g, state: None, "takes (g, state), expected a step function"),
        (lambda x, state, t, g: None, "takes (x, state, t, g, ...), but its first four arguments are (g, state, t, x)"),
        (lambda params, grads, s, count: None, "params and grads and s and count look exchanged"),
        (gl.adam, "takes (learning_rate, b1, b2, "),
        (np.ndarray, "takes ("),
    ],
    ids=["number", "two arguments", "exchanged", "all exchanged", "factory", "class"],
)
def test_what_is_no_step_function_is_refused(thing: Any, words: str) -> None:
    with pytest.raises(StepFunctionError) as caught:
        require_step_function(thing, "mine:thing")
    assert words in str(caught.value)


def test_a_right_reference_passes_and_keeps_its_name() -> None:
    guarded = guard_step_function(descent)
    assert guarded.__name__ == "descent"
    assert check(gl.sgd(0.1), reference=descent, laws=(), dtypes=("float32",)).ok


def test_a_dict_of_changes_is_compared_leaf_by_leaf() -> None:
    def joint(g: Any, state: Any, t: int, x: Any) -> Any:
        return {"a": -g["a"]}, state

    guarded = guard_step_function(joint)
    gradient = {"a": np.ones(2)}
    change, _ = guarded(gradient, {}, 1, gradient)
    assert change["a"].tolist() == [-1.0, -1.0]
    with pytest.raises(StepFunctionError, match="as a dict with the keys of g"):
        guarded(gradient | {"b": np.ones(1)}, {}, 1, gradient)
