"""The arguments that a transformation shares with its reference, under any of their names."""

from __future__ import annotations

from typing import Any

import jax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.testing import references
from gradlab.testing.trajectories.argument_names import (
    describe_values,
    list_missing,
    match_arguments,
    match_hyperparameters,
)


@pytest.mark.parametrize(
    ("reference", "arguments", "values"),
    [
        ("adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-6}, {"learning_rate": 0.1, "b1": 0.8, "b2": 0.9}),
        ("adam", {"alpha": 0.1, "beta1": 0.8, "beta_2": 0.9}, {"learning_rate": 0.1, "b1": 0.8, "b2": 0.9}),
        ("adam", {"step_size": 0.1, "epsilon": 1e-6}, {"learning_rate": 0.1, "eps": 1e-6}),
        ("rmsprop", {"lr": 0.1, "alpha": 0.8}, {"learning_rate": 0.1, "decay": 0.8}),
        ("rmsprop", {"alpha": 0.8, "lr": 0.1}, {"learning_rate": 0.1, "decay": 0.8}),
        ("rmsprop", {"learning_rate": 0.1, "rho": 0.8, "momentum": 0.5}, {"decay": 0.8, "momentum": 0.5}),
        ("rmsprop", {"beta": 0.8}, {"decay": 0.8}),
        ("sgd", {"lr": 0.1, "beta": 0.8}, {"learning_rate": 0.1, "momentum": 0.8}),
        ("adadelta", {"decay": 0.8}, {"rho": 0.8}),
        ("adagrad", {"initial_accumulator_value": 0.2}, {"initial_accumulator": 0.2}),
        ("adamw", {"wd": 0.2}, {"weight_decay": 0.2}),
        ("adamw", {"weight_decay": None}, {"weight_decay": 0.0}),
        ("sgd", {"momentum": None}, {"momentum": None}),
    ],
)
def test_names_are_matched(reference: str, arguments: dict[str, Any], values: dict[str, Any]) -> None:
    found = match_arguments(getattr(references, reference), arguments).values
    assert {name: found[name] for name in values} == values
    assert len(found) == sum(len(v) if isinstance(v, tuple) else 1 for v in arguments.values())


@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_every_recipe_shares_all_hyperparameters_with_its_reference(name: str) -> None:
    shared = match_arguments(getattr(references, name), registry.entries()[name].example.arguments)
    assert set(shared.own) == set()
    signals = {"value", "curvature"}  # what the training loop passes, or what follows from it
    assert set(shared.defaults) <= {"initial_rate", "next_b1", "next_momentum"} | signals  # the others: of schedules


def test_an_argument_is_matched_only_once() -> None:
    shared = match_arguments(references.rmsprop, {"learning_rate": 0.1, "beta": 0.8})
    assert shared.names == {"learning_rate": "learning_rate", "decay": "beta"}


def test_what_has_no_counterpart_is_named() -> None:
    shared = match_arguments(
        references.adamw, {"lr": 0.1, "amsgrad": True, "maximize": False, "scale": 3.0, "name": "a"}
    )
    text = describe_values(references.adamw, shared)
    assert text.startswith("Compared at learning_rate=0.1 (the optimizer calls it lr). ")
    assert "The reference has no counterpart of amsgrad=True and scale=3.0." in text
    assert "no counterpart of b1=0.9, b2=0.999, eps=1e-08 and weight_decay=0.01, which the reference has" in text


def test_unknown_arguments_are_said_to_be_unknown() -> None:
    text = describe_values(references.adam, match_arguments(references.adam, {}))
    assert text == "Compared at the defaults of adam, because the arguments of the optimizer are not known."


def test_a_schedule_is_shared() -> None:
    schedule = gl.schedules.linear(0.1, 0.0, 10)
    assert match_arguments(references.adam, {"lr": schedule}).values == {"learning_rate": schedule}


def choose_matrices(params: Any) -> Any:
    return jax.tree.map(lambda p: p.ndim == 2, params)


@pytest.mark.parametrize("mask", [choose_matrices, {"a": True, "b": False}, False], ids=["function", "tree", "False"])
def test_a_mask_is_no_schedule(mask: Any) -> None:
    shared = match_arguments(references.adamw, {"learning_rate": 0.1, "mask": mask})
    assert (shared.values, shared.own, shared.masks) == ({"learning_rate": 0.1}, {}, ("mask",))


@pytest.mark.parametrize("mask", [None, True])
def test_a_mask_that_leaves_nothing_out_is_no_obstacle(mask: Any) -> None:
    assert match_arguments(references.adamw, {"learning_rate": 0.1, "mask": mask}).masks == ()


def test_a_function_that_gives_no_number_has_no_counterpart() -> None:
    shared = match_arguments(references.adam, {"eps": choose_matrices, "learning_rate": lambda step: 0.1 / (1 + step)})
    assert list(shared.values) == ["learning_rate"]
    assert "no counterpart of eps=a function" in describe_values(references.adam, shared)


def test_a_reference_of_any_hyperparameters_gets_all() -> None:
    def step(g: Any, state: Any, t: int, x: Any, **hyperparameters: Any) -> Any:
        raise NotImplementedError

    assert match_arguments(step, {"rate": 0.1, "mask": "a"}).values == {"rate": 0.1}


def test_a_hyperparameter_of_the_user_may_have_its_own_name_but_must_be_known() -> None:
    assert match_hyperparameters(references.adam, {"lr": 0.1, "betas": (0.8, 0.9)}) == {
        "learning_rate": 0.1,
        "b1": 0.8,
        "b2": 0.9,
    }
    with pytest.raises(TypeError, match="the reference sgd has no hyperparameter 'b1'; it takes learning_rate, mom"):
        match_hyperparameters(references.sgd, {"learning_rate": 0.1, "b1": 0.9})


def test_missing_hyperparameters_are_listed() -> None:
    assert list_missing(references.sign_sgd, {}) == ["learning_rate"]
    assert list_missing(references.sign_sgd, {"learning_rate": 0.1}) == []
