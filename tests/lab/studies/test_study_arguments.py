"""Problems and optimizers are given by name, as values, one or several."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.lab._inputs.importing import LoadError
from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab._studies.study_arguments import contestants_by_name, factories_by_name, problems_by_name
from gradlab.lab.problems import Ravine


class Bowl:
    """A bowl that does not inherit."""

    def init(self, key: Any) -> Any:
        return jnp.ones(2)

    def loss(self, params: Any, batch: Any) -> Any:
        return (params**2).sum()


@pytest.mark.parametrize(
    ("problems", "names"),
    [
        ("ravine", ["ravine"]),
        (["ravine", "digits", "ravine"], ["ravine", "digits"]),
        (Ravine(), ["ravine"]),
        ((Ravine, "digits"), ["ravine", "digits"]),
        (Bowl, ["bowl"]),
        ([Bowl()], ["bowl"]),
    ],
)
def test_problems(problems: Any, names: list[str]) -> None:
    chosen = problems_by_name(problems)
    assert [problem.name for problem in chosen] == names
    assert all(problem.steps == 200 or problem.name == "digits" for problem in chosen)  # the defaults are filled in


@pytest.mark.parametrize("problems", [gl.adam, gl.adam(0.1), [optax.sgd(0.1)], ["ravine", gl.adam]])
def test_an_optimizer_is_no_problem(problems: Any) -> None:
    with pytest.raises(LoadError, match=r"is an optimizer, expected a problem; pass it as --optimizer .*optimizers="):
        problems_by_name(problems)


def mine(lr: float = 0.5) -> Any:
    return optax.sgd(lr)


@pytest.mark.parametrize(
    ("optimizers", "names"),
    [
        ("adam", ["adam"]),
        (gl.adam, ["adam"]),
        (["adam", "sgd_momentum", "adam"], ["adam", "sgd_momentum"]),
        (["optax:adam", gl.sgd, mine], ["optax:adam", "sgd", "mine"]),
        ({"A": "adam", "B": gl.adam, "C": mine}, ["A", "B", "C"]),
        ([{"A": "adam"}, "sgd"], ["A", "sgd"]),
    ],
)
def test_contestants(optimizers: Any, names: list[str]) -> None:
    assert [contestant.name for contestant in contestants_by_name(optimizers)] == names


def test_a_recipe_is_the_same_contestant_by_name_and_as_a_factory() -> None:
    by_name, as_factory = contestants_by_name(["adam"]), contestants_by_name([gl.adam])
    assert by_name[0].choose_rates("digits", 5).tolist() == as_factory[0].choose_rates("digits", 5).tolist()
    assert by_name[0].family == as_factory[0].family == "Adam"
    (own,) = contestants_by_name(mine)
    # The quarter of a decade next to 0.5.
    assert own.choose_rates("digits", 1).tolist() == [pytest.approx(0.5623, rel=1e-3)]
    assert isinstance(own(0.1), optax.GradientTransformation)


def test_all_contestants_race_if_none_is_named() -> None:
    assert {"sgd", "adam", "amsbound", "rmsprop_centered"} <= {
        contestant.name for contestant in contestants_by_name(None)
    }


@pytest.mark.parametrize(
    ("optimizers", "error", "message"),
    [
        ("adm", UnknownNameError, "no optimizer is named 'adm'; did you mean adam"),
        (["adam", gl.adam], ValueError, "two optimizers are named adam; give one of them another name"),
        ({1: "adam"}, LoadError, "optimizers are named by text in a dictionary, got 1"),
        (gl.adam(), LoadError, "expected a function or a class"),
        ([optax.sgd(0.1)], LoadError, "expected a function or a class"),
    ],
)
def test_what_cannot_race_is_refused(optimizers: Any, error: type[Exception], message: str) -> None:
    for choose in (contestants_by_name, factories_by_name):
        with pytest.raises(error, match=message):
            choose(optimizers)
