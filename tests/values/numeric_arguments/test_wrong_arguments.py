"""Arguments that are out of range, of a wrong kind, or do not fit the call are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import public_names
from tests.values.numeric_arguments.updates import CONSTANT, update_of


def first_words(parameter: Any) -> str:
    """The name of a case: the first pieces of its message."""
    return " ".join(parameter[:2]) if isinstance(parameter, list) else "call"


untyped: Any = gl  # for calls that a type checker refuses as well


@pytest.mark.parametrize(
    ("call", "pieces"),
    [
        (lambda: gl.adam(b1=1.5), ["adam", "b1", "[0, 1)", "1.5", "share of the past"]),
        (lambda: gl.adam(b1=1.0), ["adam", "b1", "[0, 1)", "1.0"]),
        (lambda: gl.adam(b2=-0.1), ["adam", "b2", "[0, 1)", "-0.1"]),
        (lambda: gl.adam(-1e-3), ["adam", "learning_rate", "[0, inf)", "-0.001", "not negative"]),
        (lambda: gl.adam(np.inf), ["adam", "learning_rate", "[0, inf)", "inf", "finite"]),
        (lambda: gl.adam(np.nan), ["adam", "learning_rate", "[0, inf)", "nan"]),
        (lambda: gl.adam(eps=-1e-8), ["adam", "eps", "[0, inf)", "-1e-08"]),
        (lambda: gl.sgd(0.1, momentum=2), ["sgd", "momentum", "[0, 1)", "2"]),
        (lambda: gl.sgd(0.1, momentum=0.9, dampening=1.1), ["sgd", "dampening", "[0, 1]", "1.1", "between 0 and 1"]),
        (lambda: gl.scale(np.inf), ["scale", "factor", "(-inf, inf)", "inf", "finite"]),
        (lambda: gl.scale(-np.inf), ["scale", "factor", "(-inf, inf)", "-inf"]),
        (lambda: gl.clip_by_global_norm(-1), ["clip_by_global_norm", "max_norm", "[0, inf]", "-1", "or inf"]),
        (lambda: gl.clip_by_value(np.nan), ["clip_by_value", "limit", "[0, inf]", "nan"]),
        (lambda: gl.adabound(gamma=0.0), ["adabound", "gamma", "(0, inf)", "0.0", "above zero"]),
        (lambda: gl.adam(jnp.array([0.1, -0.1])), ["adam", "learning_rate", "[0, inf)", "-0.1"]),
        (lambda: gl.adam(b1=np.float32(1.5)), ["adam", "b1", "[0, 1)", "1.5"]),
        (lambda: gl.schedules.cosine(0.1, 0), ["cosine", "decay_steps", "(0, inf)", "0"]),
        (lambda: gl.schedules.cosine(0.1, 9, alpha=2.0), ["cosine", "alpha", "[0, 1]", "2.0"]),
        (lambda: gl.bias_correction(0.9, 1.5), ["bias_correction", "second_decay", "[0, 1)", "1.5"]),
        (lambda: gl.scale_by_rms(2.0), ["scale_by_rms", "decay", "[0, 1)", "2.0"]),
        (lambda: gl.adam(b1=CONSTANT(1.5)), ["adam", "b1", "[0, 1)", "1.5", "share of the past"]),
        (lambda: gl.adam(1.0 - CONSTANT(1.5)), ["adam", "learning_rate", "[0, inf)", "-0.5"]),
        (lambda: gl.adam(-(2 * CONSTANT(1.0) + 1)), ["adam", "learning_rate", "[0, inf)", "-3.0"]),
        (lambda: gl.schedules.cosine(0.1, CONSTANT(0.0)), ["cosine", "decay_steps", "(0, inf)", "0.0"]),
        (lambda: gl.flavors.torch.adam(betas=(0.9, 1.5)), ["torch.adam", "betas[1]", "[0, 1)", "1.5"]),
    ],
    ids=first_words,
)
def test_a_number_out_of_range_is_refused(call: Callable[[], Any], pieces: list[str]) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  (the pieces are the match)
        call()
    for piece in pieces:
        assert piece in str(error.value)


@pytest.mark.parametrize(
    ("call", "pieces"),
    [
        (lambda: gl.adam("0.1"), ["adam", "learning_rate", "number in [0, inf)", "schedule", "str", "'0.1'"]),
        (lambda: gl.adam(None), ["adam", "learning_rate", "number", "NoneType"]),
        (lambda: gl.adam([0.1]), ["adam", "learning_rate", "number", "array", "list", "[0.1]"]),
        (lambda: gl.adam({"a": 0.1}), ["adam", "learning_rate", "number", "dict"]),
        (lambda: gl.adam(True), ["adam", "learning_rate", "number", "bool", "True"]),
        (lambda: gl.adam(1j), ["adam", "learning_rate", "number", "complex", "1j"]),
        (lambda: gl.adam(jnp.ones(2, complex)), ["adam", "learning_rate", "number"]),
        (lambda: gl.adam(gl.scale(0.1)), ["adam", "learning_rate", "number", "scale(factor=0.1)"]),
        (lambda: gl.adam(optax.scale(0.1)), ["adam", "learning_rate", "number"]),
        (lambda: gl.adam(gl.schedules.cosine), ["adam", "learning_rate", "the factory cosine itself", "cosine(...)"]),
        (lambda: gl.sgd(0.1, 0.9, True, jnp.bfloat16), ["sgd", "dampening", "schedule", "the class bfloat16"]),
        (lambda: gl.schedules.as_schedule(np.float32), ["a schedule", "type", "float32"]),
        (lambda: gl.adam(gl.adam), ["adam", "learning_rate", "the factory adam itself", "adam(...)"]),
        (lambda: gl.scale_by_rms(gl.running_max), ["scale_by_rms", "decay", "running_max itself", "running_max(...)"]),
        (lambda: gl.isolate(gl.scale_by_rms), ["isolate", "tx", "scale_by_rms itself", "scale_by_rms(...)"]),
        (lambda: gl.isolate(0.1), ["isolate", "tx", "must be a transformation", "float: 0.1"]),
        (lambda: gl.precondition(None), ["precondition", "tx", "must be a transformation", "NoneType"]),
        (lambda: gl.schedules.shift(gl.schedules.cosine, 1), ["shift", "inner", "cosine itself", "cosine(...)"]),
        (lambda: untyped.rmsprop(centered="yes"), ["rmsprop", "centered", "bool", "str", "'yes'"]),
        (lambda: untyped.sgd(0.1, 0.9, 0.9), ["sgd", "nesterov", "bool", "float", "0.9"]),
        (lambda: untyped.nesterov(corrected=1), ["nesterov", "corrected", "bool", "int"]),
        (lambda: untyped.centralize(0.5), ["centralize", "output_axis", "int", "float", "0.5"]),
        (lambda: untyped.centralize("last"), ["centralize", "output_axis", "int", "str"]),
        (lambda: gl.centralize(True), ["centralize", "output_axis", "int", "bool"]),
        (lambda: gl.add_noise(key=0.5), ["add_noise", "key", "integer", "0.5"]),
        (lambda: gl.add_noise(key="seed"), ["add_noise", "key", "integer", "str"]),
        (lambda: gl.add_noise(key=lambda step: step), ["add_noise", "key", "integer", "function"]),
    ],
    ids=first_words,
)
def test_a_wrong_kind_is_refused(call: Callable[[], Any], pieces: list[str]) -> None:
    with pytest.raises(TypeError) as error:
        call()
    for piece in pieces:
        assert piece in str(error.value)


@pytest.mark.parametrize(
    ("call", "pieces"),
    [
        (lambda: untyped.adam(lr=0.1), ["adam", "'lr'", "learning_rate=0.001", "b1=0.9"]),
        (lambda: untyped.scale(), ["scale", "'factor'", "scale(factor)"]),
        (lambda: untyped.sgd(0.1, 0.9, False, 0.0, 5), ["sgd", "too many", "sgd(learning_rate"]),
        (lambda: untyped.adam(0.1, learning_rate=0.1), ["adam", "learning_rate"]),
        (
            lambda: untyped.schedules.cosine(0.1),
            ["cosine", "'decay_steps'", "cosine(init_value, decay_steps, alpha=0.0, exponent=None)"],
        ),
    ],
)
def test_a_call_that_does_not_fit_shows_the_arguments(call: Callable[[], Any], pieces: list[str]) -> None:
    with pytest.raises(TypeError) as error:
        call()
    for piece in pieces:
        assert piece in str(error.value)
    assert "Annotated" not in str(error.value)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: gl.sgd(0.1, nesterov=True), "sgd: nesterov=True .* pass momentum"),
        (lambda: gl.rmsprop(nesterov=True), "rmsprop: nesterov=True .* pass momentum"),
        (lambda: gl.adadelta(weight_decay_mask={"w": True}), "adadelta: weight_decay_mask .* pass weight_decay"),
    ],
)
def test_options_that_need_another_say_so(call: Callable[[], Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: gl.adam(0.0, b1=0.0, b2=0.0, eps=0.0),
        lambda: gl.sgd(0.1, momentum=0.0, dampening=1.0),
        lambda: gl.clip_by_global_norm(np.inf),
        lambda: gl.clip_by_norm(0.0),
        lambda: gl.add_noise(eta=0.0, gamma=0.0, key=2**40),
        lambda: gl.scale(-3.0),
        lambda: gl.schedules.cosine(0.1, 1e-9, alpha=1.0),
    ],
)
def test_the_closed_ends_of_a_range_are_in_it(call: Callable[[], Any]) -> None:
    assert eval(repr(call()), vars(public_names) | vars(gl.schedules)) == call()


def test_ranges_are_not_checked_inside_a_trace() -> None:
    def leaf(b1: Any) -> Any:
        return update_of(gl.adam(1.0, b1=b1), jnp.ones(2)).sum()

    bad = 1.5
    assert np.isfinite(jax.jit(leaf)(bad))
    assert np.isfinite(jax.vmap(leaf)(jnp.array([0.9, bad]))).all()
    assert np.isfinite(jax.grad(leaf)(bad))
    with pytest.raises(ValueError, match="b1 must be in"):
        leaf(bad)
    with pytest.raises(ValueError, match="b1 must be in"):
        jax.jit(lambda: leaf(bad))()  # concrete, though inside a trace


def test_an_optimizer_moved_out_of_its_range_is_still_a_value() -> None:
    beyond = jax.tree.map(lambda leaf: leaf - 10.0, gl.adam())  # as a step of a meta-optimizer may
    assert beyond.learning_rate == 1e-3 - 10.0
    assert jax.tree.map(lambda leaf: leaf + 10.0, beyond).b1 == pytest.approx(0.9)
