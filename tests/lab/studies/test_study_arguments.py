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
        (gl.adam(), LoadError, "pass what makes it, such as gl.adam, or a function of the rate"),
        (
            [optax.sgd(0.1)],
            LoadError,
            "pass what makes it, such as the function that made it, or a function of the rate",
        ),
    ],
)
def test_what_cannot_race_is_refused(optimizers: Any, error: type[Exception], message: str) -> None:
    for choose in (contestants_by_name, factories_by_name):
        with pytest.raises(error, match=message):
            choose(optimizers)


def test_arguments_stand_behind_the_name_of_an_optimizer() -> None:
    (adam,) = contestants_by_name("adam:b1=0.8,b2=0.99")
    assert (adam.name, adam(0.5)) == ("adam:b1=0.8,b2=0.99", gl.adam(0.5, b1=0.8, b2=0.99))
    plain = contestants_by_name("adam")[0]
    assert (adam.family, adam.choose_rates("digits", 3).tolist()) == (
        plain.family, plain.choose_rates("digits", 3).tolist(),
    )  # fmt: skip
    assert adam.choose_rates("mine", 3).tolist() == plain.choose_rates("mine", 3).tolist()
    (momentum,) = contestants_by_name("sgd_momentum:nesterov=True")
    assert momentum(0.5) == gl.sgd(0.5, momentum=0.9, nesterov=True)
    (own,) = contestants_by_name("optax:adam:b1=0.8")
    assert own.name == "optax:adam:b1=0.8"
    assert own(0.5).core.children["b1"] == 0.8
    ((name, factory),) = factories_by_name("adam:b1=0.8").items()
    assert (name, factory(learning_rate=0.5, b2=0.9)) == ("adam:b1=0.8", gl.adam(0.5, b1=0.8, b2=0.9))
    assert "b1" not in factory.factory.parameters  # type: ignore[attr-defined]


def test_several_values_stand_for_an_optimizer_each() -> None:
    contestants = contestants_by_name(["sgd", "adam:b1=0.8|0.9,b2=0.99"])
    assert [contestant.name for contestant in contestants] == ["sgd", "adam:b1=0.8,b2=0.99", "adam:b1=0.9,b2=0.99"]
    assert list(factories_by_name("adam:b1=0.8|0.9")) == ["adam:b1=0.8", "adam:b1=0.9"]
    with pytest.raises(LoadError, match=r"stands for 2 optimizers, .* be named both; name each .*: adam:b1=0.8, adam"):
        contestants_by_name({"both": "adam:b1=0.8|0.9"})


def test_an_optimizer_with_arguments_races_and_is_swept() -> None:
    race = gl.lab.race("ravine", ["adam:b1=0.0", "adam"], rates=[0.1], seeds=2, steps=5)
    slow = gl.lab.race(
        "ravine", {"slow": lambda learning_rate: gl.adam(learning_rate, b1=0.0)}, rates=[0.1], seeds=2, steps=5
    )
    assert race["ravine"].optimizer.values.tolist() == ["adam:b1=0.0", "adam"]
    own, others = race["ravine"].loss.sel(optimizer="adam:b1=0.0"), slow["ravine"].loss.isel(optimizer=0)
    assert own.values == pytest.approx(others.values)
    swept = gl.lab.sweep("ravine", "adam:b1=0.0", {"learning_rate": [0.1], "b2": [0.9, 0.999]}, seeds=2, steps=5)
    assert "scale_by_momentum(decay=0.0)" in str(swept["ravine"].composition.values.ravel()[0])
