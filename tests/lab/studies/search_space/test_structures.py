"""Axes that are no numbers, and axes that exist only at some points: each point is the run of its own optimizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.lab import Integer, Linear, Log, When, read_results, sweep
from gradlab.lab._settings import read_settings
from gradlab.lab._studies.search_space import SearchSpaceError
from gradlab.lab._studies.search_space.axes import parse_axis, sort_values, values_of
from gradlab.lab._studies.search_space.structures import as_space
from gradlab.lab.analysis.sweep_as_race import as_race, unstack
from gradlab.lab.problems import Problem
from tests.lab.training import train

DECAYING = gl.schedules.linear(0.2, 0.0, transition_steps=5)


def scheduled(learning_rate: float = 0.1, shape: str = "constant", period: int = 2) -> gl.Transformation:
    """A user's function with a word, and with a whole number that makes another program."""
    rates = {"constant": learning_rate, "falling": gl.schedules.linear(learning_rate, 0.0, transition_steps=5)}
    return gl.chain(gl.accumulate(gl.sgd(rates[shape]), every=period))


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("yes,no,none", [True, False, None]),
        ("0.9,None", [0.9, None]),
        ("cosine, linear", ["cosine", "linear"]),
        ("int:1:8:4", Integer(1, 8, 4)),
        ("intlog:1:128", Integer(1, 128, log=True)),
        ("lin:0.5:0.9 if nesterov=yes", When(Linear(0.5, 0.9), nesterov=True)),
        ("1,2 if a=yes,no and b=0.1", When([1.0, 2.0], a=[True, False], b=[0.1])),
    ],
)
def test_what_is_typed_becomes_an_axis(text: str, axis: Any) -> None:
    assert parse_axis("name", text) == axis


def test_words_that_are_typed_in_another_order_are_the_same_axis() -> None:
    assert sort_values(["b", 2.0, None, "a", 1.0]) == sort_values(["a", 1.0, "b", None, 2.0])
    assert sort_values(When([2.0, 1.0], b=True)) == When([1.0, 2.0], b=True)


def test_whole_numbers_are_evenly_frequent() -> None:
    assert values_of("n", Integer(1, 4)).tolist() == [1, 2, 3, 4]
    assert values_of("n", Integer(1, 128, 8, log=True)).tolist() == [1, 2, 4, 8, 16, 32, 64, 128]
    assert values_of("n", Integer(1, 3, 9)).tolist() == [1, 2, 3]
    drawn = Integer(0, 3).at(np.linspace(0, 1, 4001))
    np.testing.assert_allclose(np.unique(drawn, return_counts=True)[1], 1000, atol=2)


@pytest.mark.parametrize("structure", [{"nesterov": True}, {"nesterov": False, "dampening": 0.5}])
def test_each_point_of_a_mixed_sweep_is_the_run_of_its_optimizer(noisy: Problem, structure: Any) -> None:
    axes: Any = {
        "learning_rate": {"constant": 0.1, "decaying": DECAYING},
        "dampening": When([0.0, 0.5], nesterov=False),
        "momentum": Linear(0.5, 0.9, 2),
        "nesterov": [True, False],
    }
    found = sweep(noisy, gl.sgd, axes, seeds=2, steps=4).gradlab.dataset().isel(optimizer=0)
    assert found.sizes["point"] == 2 * 2 * (1 + 2)
    assert found.dampening.isnull().sum() == 4
    is_here = found.nesterov.values == ("yes" if structure["nesterov"] else "no")
    if "dampening" in structure:
        is_here &= found.dampening.values == structure["dampening"]
    for at in np.flatnonzero(is_here)[[0, -1]]:
        point = found.isel(point=at)
        rate: Any = axes["learning_rate"][str(point.learning_rate.item())]
        alone = train(noisy, [gl.sgd(rate, momentum=float(point.momentum), **structure)], [1], 4)
        np.testing.assert_allclose(point.loss[1], alone.loss[0, 0], rtol=1e-6)


def test_a_mixed_study_resumes_writes_and_reads_as_any_other(noisy: Problem, tmp_path: Path) -> None:
    axes: Any = {"learning_rate": Log(1e-2, 1e-1), "shape": ["constant", "falling"], "period": Integer(1, 2)}
    results = sweep(noisy, {"mine": scheduled}, axes, samples=8, seeds=2, steps=6, out=tmp_path)
    table = results.gradlab.configurations()
    assert set(table["shape"]) == {"constant", "falling"}
    assert set(table["period"]) == {1.0, 2.0}
    again = sweep(noisy, {"mine": scheduled}, axes, samples=8, seeds=2, steps=6, out=tmp_path)
    stored = read_results(tmp_path)
    for other in (again, stored):
        assert (
            other.gradlab.dataset()
            .drop_vars(["compile_seconds", "run_seconds"])
            .equals(results.gradlab.dataset().drop_vars(["compile_seconds", "run_seconds"]))
        )
    header, first = (tmp_path / "points.csv").read_text().splitlines()[:2]
    assert header.split(",")[3:6] == ["learning_rate", "shape", "period"]
    assert first.split(",")[4] == results.gradlab.best().hyperparameters["shape"]


def test_a_full_grid_with_choices_is_a_race_and_has_axes(noisy: Problem) -> None:
    axes: Any = {"learning_rate": [0.01, 0.1], "momentum": [0.9], "nesterov": [True, False]}
    found = sweep(noisy, gl.sgd, axes, seeds=2, steps=3).gradlab.dataset()
    assert as_race(found).optimizer.values.tolist() == ["sgd momentum=0.9 nesterov=no", "sgd momentum=0.9 nesterov=yes"]
    assert "ahead" in str(as_race(found).composition.values[1]) or "nesterov" in str(
        as_race(found).composition.values[1]
    )
    assert unstack(found).sel(nesterov="yes", learning_rate=0.1).loss.sizes["step"] == 3
    partial = sweep(noisy, gl.sgd, axes | {"nesterov": When([True], learning_rate=0.1)}, seeds=2, steps=3)
    for refuse in (as_race, unstack):
        with pytest.raises(ValueError, match="points that depend on conditions"):
            refuse(partial.gradlab.dataset())


def test_a_structure_that_fails_leaves_its_optimizer_out_and_says_which(noisy: Problem) -> None:
    def broken(learning_rate: float = 0.1, shape: str = "constant") -> optax.GradientTransformation:
        def update(updates: Any, state: Any, params: Any = None) -> Any:
            if shape == "falling":
                raise RuntimeError("no such shape")
            return jax.tree.map(lambda g: -learning_rate * g, updates), state

        return optax.GradientTransformation(lambda params: (), update)

    axes: Any = {"learning_rate": [0.01, 0.1], "shape": ["constant", "falling"]}
    with pytest.warns(UserWarning, match=r"broken.*\(shape=falling\).*no such shape"):
        found = sweep(noisy, {"broken": broken, "mine": scheduled}, axes, seeds=1, steps=2)
    assert found.gradlab.dataset().optimizer.values.tolist() == ["mine"]


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"learning_rate": ["x"]}, "learning_rate=x: expected numbers"),
        ({"nesterov": [True, False]}, "no hyperparameter is a number where nesterov=yes"),
        ({"learning_rate": When([0.1], momentum=3)}, "learning_rate depends on momentum, which is not in this study"),
        ({"learning_rate": When([0.1], momentum=3), "momentum": When([3], learning_rate=0.1)}, "round in a circle"),
        ({"learning_rate": [0.1], "nesterov": When([True], learning_rate="x")}, "depends on learning_rate, which is a"),
        ({"learning_rate": When([0.1], nesterov="x"), "nesterov": [True]}, "the values of nesterov are yes"),
        ({"learning_rate": [0.1], "nesterov": [True, True]}, "nesterov has a value twice: yes"),
        ({"learning_rate": [0.1], "momentum": {"": 0.5}}, "each with a name"),
        ({"learning_rate": [0.1], "momentum": [lambda step: step]}, "a value of momentum has no short name"),
        ({"learning_rate": [0.1], "nesterov": [True], "momentum": [None]}, "looks ahead .*a condition leaves such"),
        ({"learning_rate": [0.1], "momentum": "nothing.here:momentum"}, "momentum=nothing.here:momentum: "),
        ({"learning_rate": [0.1], "nesterov": Linear(0, 1)}, "an option .bool., which has no range"),
    ],
)
def test_what_cannot_be_an_axis_is_refused(noisy: Problem, axes: Any, message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message):
        sweep(noisy, gl.sgd, axes, seeds=1, steps=2)


def test_a_condition_says_what_it_is_about() -> None:
    with pytest.raises(SearchSpaceError, match="When needs a condition"):
        When([0.1])
    with pytest.raises(SearchSpaceError, match=r"low must be a whole number, got 0\.5"):
        Integer(0.5, 2)
    with pytest.raises(SearchSpaceError, match="numbers above zero"):
        Integer(0, 2, log=True)


def test_a_grid_has_each_combination_once_whatever_the_order_of_the_axes() -> None:
    factories = {"sgd": gl.sgd}
    axes: Any = {"momentum": [None, 0.9], "nesterov": When([True, False], momentum=0.9), "learning_rate": [0.1, 0.2]}
    for names in (["momentum", "nesterov", "learning_rate"], ["learning_rate", "nesterov", "momentum"]):
        space = as_space({name: axes[name] for name in names}, factories)
        columns = space.grid()
        assert len(columns["learning_rate"]) == 2 * (1 + 2)
        structures = space.structures(columns)
        assert sorted(str(sorted(structure.options.items())) for structure in structures) == [
            "[('momentum', '0.9'), ('nesterov', 'no')]",
            "[('momentum', '0.9'), ('nesterov', 'yes')]",
            "[('momentum', 'none')]",
        ]
        assert sorted(np.concatenate([structure.points for structure in structures])) == list(range(6))


def test_too_many_structures_are_refused() -> None:
    axes: Any = {
        "learning_rate": [0.1],
        "nesterov": [True, False],
        "momentum": {f"m{at}": at / 300 for at in range(200)},
    }
    space = as_space(axes, {"sgd": gl.sgd})
    with pytest.raises(ValueError, match="400 combinations of choices, each with a program of its own, are too many"):
        space.structures(space.grid())


def test_settings_leave_out_what_does_not_exist() -> None:
    assert read_settings({"a": 0.0, "b": np.nan, "c": "", "d": np.str_("yes")}) == {"a": 0.0, "d": "yes"}


def test_a_whole_number_of_zero_has_no_sign() -> None:
    values = Integer(0, 4).at(np.linspace(0, 1, 50))
    assert (values == 0).any()
    assert not np.signbit(values).any()
