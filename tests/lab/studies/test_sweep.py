"""A sweep labels what it gives, and any number of any optimizer can be swept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import xarray as xr
from scipy.stats import qmc

import gradlab as gl
from gradlab.lab._studies.search import search
from gradlab.lab._studies.search_space import Linear, Log, SearchSpaceError
from gradlab.lab._studies.study_arguments import factories_by_name
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.analysis.configurations import rank_configurations
from gradlab.lab.analysis.sweep_as_race import as_race, unstack
from gradlab.lab.problems import Problem
from tests.lab.training import train

AXES: Any = {"learning_rate": Log(0.01, 1, 3), "momentum": [0.0, 0.9]}


def test_each_point_is_the_run_of_its_optimizer(noisy: Problem) -> None:
    found = sweep(noisy, gl.sgd, AXES, seeds=3, steps=5).gradlab.dataset()
    assert dict(found.sizes) | {"optimizer": 1, "point": 6, "seed": 3, "step": 5} == dict(found.sizes)
    assert found.learning_rate.dims == ("optimizer", "point")
    assert found.learning_rate.values[0].tolist() == [0.01, 0.01, 0.1, 0.1, 1, 1]
    for index in (1, 4):
        point = found.isel(optimizer=0, point=index)
        tx = gl.sgd(float(point.learning_rate), momentum=float(point.momentum))
        alone = train(noisy, [tx], [int(point.seed[2])], 5)  # from what is recorded
        np.testing.assert_allclose(point.loss[2], alone.loss[0, 0], rtol=1e-6)


def test_a_lane_is_the_same_bits_wherever_it_is_in_a_block(noisy: Problem) -> None:
    rates = [0.1, 0.2, 0.3, 0.4]
    here = sweep(noisy, gl.adam, {"learning_rate": rates}, seeds=2, steps=9, lanes=8).gradlab.dataset()
    there = sweep(noisy, gl.adam, {"learning_rate": rates[::-1]}, seeds=2, steps=9, lanes=8, chunk=4).gradlab.dataset()
    np.testing.assert_array_equal(here.loss.values, there.loss.values[:, ::-1])
    np.testing.assert_array_equal(here.b.values, there.b.values[:, ::-1])


def test_a_grid_is_unstacked_into_its_axes(noisy: Problem) -> None:
    found = sweep(noisy, {"ours": gl.sgd, "theirs": optax.sgd}, AXES, seeds=2, steps=3).gradlab.dataset()
    grid = unstack(found)
    assert grid.loss.sel(learning_rate=0.1, momentum=0.9, optimizer="ours").shape == (2, 3)
    np.testing.assert_array_equal(
        grid.loss.sel(learning_rate=0.1, momentum=0.9).transpose("optimizer", "seed", "step"), found.loss[:, 3]
    )
    np.testing.assert_allclose(found.loss.sel(optimizer="ours"), found.loss.sel(optimizer="theirs"), rtol=1e-5)


def test_samples_are_no_grid(noisy: Problem) -> None:
    found = sweep(
        noisy, gl.sgd, {"learning_rate": Log(1e-3, 1), "momentum": Linear(0, 1)}, seeds=1, steps=2, samples=8
    ).gradlab.dataset()
    assert found.sizes["point"] == 8
    assert found.attrs["scales"] == '{"learning_rate": "log", "momentum": "lin"}'
    with pytest.raises(ValueError, match=r"samples \(sobol\) lie on no grid"):
        unstack(found)


@pytest.mark.parametrize(
    ("axes", "options", "message"),
    [
        ({"rate": [0.1]}, {}, "no hyperparameter of sgd is named 'rate'"),
        ({"nesterov": Linear(0, 1, 2)}, {}, "nesterov of sgd is not a number but an option"),
        ({"nesterov": [True]}, {}, "no hyperparameter is a number where nesterov=yes; add one"),
        ({"learning_rate": Log(1e-3, 1)}, {}, "a range without a count"),
        ({}, {}, "at least one problem, one optimizer and one hyperparameter"),
        ({"learning_rate": [0.1]}, {"seeds": 0}, "seeds must be at least 1, got 0"),
        ({"learning_rate": [-0.1]}, {}, r"learning_rate must be in \[0, inf\), got -0.1"),
        ({"learning_rate": [0.1]}, {"samples": 4}, "samples are spread over ranges"),
        ({"learning_rate": [0.1]}, {"sampler": "halton"}, r"sampler is given \(halton\) without a number of samples"),
        ({"learning_rate": [0.1]}, {"sample_seed": 0}, r"sample_seed is given \(0\) without a number of samples"),
        ({"learning_rate": Log(0.1, 1)}, {"samples": 4, "sampler": "best"}, "there is no sampler 'best'"),
        ({"learning_rate": Log(0.1, 1)}, {"samples": 4, "sample_seed": -1}, "sample_seed must be at least 0, got -1"),
    ],
)
def test_what_cannot_be_swept_is_refused(noisy: Problem, axes: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sweep(noisy, gl.sgd, axes, **options)
    assert issubclass(SearchSpaceError, ValueError)


@pytest.mark.parametrize(
    ("axes", "options", "message"),
    [
        ([("learning_rate", [0.1])], {}, "hyperparameters must be a dictionary of names and their values"),
        ({"learning_rate": [0.1]}, {"seeds": ["4"]}, "seeds must be whole numbers; got str: '4'"),
        ({"learning_rate": [0.1]}, {"seeds": 2.5}, "seeds must be a whole number, at least 1; got float: 2.5"),
        ({"learning_rate": [0.1]}, {"seeds": True}, "seeds must be a whole number, at least 1; got bool: True"),
        ({"learning_rate": [0.1]}, {"seed": 2}, r"sweep has no argument 'seed'; did you mean .*\?|its options are"),
        ({"learning_rate": [0.1]}, {"step": 2}, r"sweep has no argument 'step'; did you mean steps\?"),
    ],
)
def test_arguments_of_other_types_are_refused(noisy: Problem, axes: Any, options: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        sweep(noisy, gl.sgd, axes, **options)
    if isinstance(axes, dict):
        with pytest.raises(TypeError, match=message.replace("sweep", "search").partition("'; did")[0]):
            search(noisy, gl.sgd, axes, **options)


def test_a_listed_value_is_swept_as_it_is(noisy: Problem) -> None:
    axes: Any = {"learning_rate": "0.1,0.2", "b2": [0.9999999, 0.99999991]}
    found = sweep(noisy, gl.adam, axes, seeds=1, steps=1).gradlab.dataset()
    assert found.b2.values.tolist() == [[0.9999999, 0.99999991] * 2]
    assert as_race(found).optimizer.values.tolist() == ["adam b2=0.9999999", "adam b2=0.99999991"]


def test_halton_samples_are_halton(noisy: Problem) -> None:
    options: Any = {"samples": 4, "seeds": 1, "steps": 1}
    found = sweep(noisy, gl.sgd, {"learning_rate": Linear(0, 1)}, sampler="halton", **options).gradlab.dataset()
    assert found.attrs["sampler"] == "halton"
    shares = qmc.Halton(1, seed=0).random(4)[:, 0]
    np.testing.assert_allclose(found.learning_rate.values[0], shares, atol=1e-6)


def test_points_are_ranked_by_some_seeds_and_reported_on_others(noisy: Problem) -> None:
    found = sweep(noisy, gl.sgd, {"learning_rate": [0.1, 1e30, 0.3]}, seeds=4, steps=6).gradlab.dataset()
    first, second, last = rank_configurations(found)
    late = np.log(found.final_loss.isel(optimizer=0, evaluation=slice(3, 7)))  # the second half of so short a run
    chosen = np.exp(late[:, :2].mean(("seed", "evaluation"))).values
    assert first.hyperparameters["learning_rate"] == (0.1 if chosen[0] < chosen[2] else 0.3)
    assert first.chosen_by == pytest.approx(np.nanmin(chosen), rel=1e-5)
    index = [0.1, 1e30, 0.3].index(first.hyperparameters["learning_rate"])
    assert first.score == pytest.approx(float(np.exp(late[index, 2:].mean())), rel=1e-5)
    assert (second.rank, last.rank, last.diverged, last.runs) == (2, 3, 4, 4)
    assert np.isnan(last.score)


def test_settings_of_the_calling_thread_hold_in_those_that_compile(noisy: Problem) -> None:
    with jax.enable_x64(False):  # which is on in other threads, as in all tests
        found = sweep(noisy, gl.adam, {"learning_rate": [0.1]}, seeds=1, steps=3).gradlab.dataset()
    assert not bool(found.diverged.any())


class Nameless(Problem):
    """A problem without a name."""

    def init(self, key: Any) -> Any:
        return jnp.ones(2, jnp.float32)

    def loss(self, params: Any, batch: Any) -> Any:
        return jnp.sum(params**2)


@pytest.mark.parametrize("is_value", [True, False])
def test_a_problem_of_the_docs_needs_no_name(is_value: bool) -> None:
    kind: Any = Nameless
    problem = kind() if is_value else kind
    dataset = sweep(problem, gl.sgd, {"learning_rate": [0.1, 0.2]}, seeds=1, steps=3).gradlab.dataset()
    assert (dataset.attrs["problem"], dataset.attrs["summary"]) == ("nameless", "A problem without a name.")


def test_a_grid_of_one_hyperparameter_is_unstacked_along_it(noisy: Problem) -> None:
    found = sweep(noisy, gl.sgd, {"learning_rate": [0.2, 0.1]}, seeds=2, steps=3).gradlab.dataset()
    grid = unstack(found)
    assert grid.loss.dims == ("optimizer", "learning_rate", "seed", "step")
    assert grid.learning_rate.values.tolist() == [0.1, 0.2]
    np.testing.assert_array_equal(grid.loss.sel(learning_rate=0.2), found.loss.isel(point=0))


def test_a_bare_number_is_one_value(noisy: Problem) -> None:
    found = sweep(noisy, gl.sgd, {"learning_rate": 0.1, "momentum": [0.0, 0.5]}, seeds=1, steps=2).gradlab.dataset()
    assert found.learning_rate.values.tolist() == [[0.1, 0.1]]


def test_unstack_says_what_it_expects(make_dataset: Callable[..., xr.Dataset]) -> None:
    race = make_dataset([[[1.0, 1.0]]], [0.1], ["choose", "report"])
    with pytest.raises(
        ValueError, match=r"expected the Dataset of a sweep or a search, .*; got one with optimizer, rate"
    ):
        unstack(race)


def test_several_optimizers_are_a_list_or_a_dictionary_of_factories_and_names() -> None:
    assert list(factories_by_name([gl.sgd, "adam", "optax:novograd", optax.adamw])) == [
        "sgd",
        "adam",
        "novograd",
        "adamw",
    ]
    assert factories_by_name({"a": "adam", "b": gl.sgd}) == {"a": gl.adam, "b": gl.sgd}
    assert factories_by_name(()) == {}


@pytest.mark.parametrize(
    ("optimizers", "message"),
    [
        ({5: gl.sgd}, "optimizers are named by text in a dictionary, got 5"),
        ({" ": gl.sgd}, "optimizers are named by text in a dictionary, got ' '"),
        ([gl.sgd, "sgd"], "two optimizers are named sgd; give one of them another name"),
        (gl.adam(0.1), "pass what makes it, such as gl.adam, or a function of the rate"),
        ([gl.adam(0.1)], "an optimizer that is made already, and runs need one for each rate"),
        ({"a": 3}, "a has the type int, expected a function or a class"),
    ],
)
def test_optimizers_that_are_none_are_refused(optimizers: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        factories_by_name(optimizers)
