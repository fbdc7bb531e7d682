"""The accessor says what the analysis finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._results_tree import as_tree, read_results

RATES = [0.1, 0.2]


@pytest.fixture
def race(make_dataset: Callable[..., xr.Dataset]) -> xr.DataTree:
    """Two problems: on the first, "b" is best at 0.2, where it has 4 on the reporting seed."""
    scores = np.array([[[8.0, 8.0], [9.0, 9.0]], [[5.0, 5.0], [2.0, 4.0]]])  # (optimizer, rate, seed)
    first = make_dataset(scores, RATES, ["choose", "report"])
    return as_tree(
        {"one": first, "two": first.isel(optimizer=[0])}, {"command": "made", "failed": '{"one": {"c": "x"}}'}
    )


@pytest.fixture
def sweep(make_sweep: Callable[..., xr.Dataset]) -> xr.DataTree:
    points = {"b1": [0.0, 0.5], "b2": [0.9, 0.9]}
    return as_tree({"one": make_sweep(np.array([[[3.0], [1.0]]]), points)}, {"command": "made"})


def test_a_race_has_a_leaderboard_for_each_problem(race: xr.DataTree) -> None:
    names = race["one"].optimizer.values.tolist()
    assert race.gradlab.problems == ("one", "two")
    board = race.gradlab.leaderboard("one")
    assert board.index.name == "rank"
    assert board.optimizer.tolist() == [names[1], names[0]]
    assert board.score.tolist() == pytest.approx([4.0, 8.0])
    assert board.best_rate.tolist() == [0.2, 0.1]
    assert race.gradlab.best("one") == (names[1], {"learning_rate": 0.2}, 4.0)
    assert race.gradlab.best("one", names[0])[:2] == (names[0], {"learning_rate": 0.1})
    assert race.gradlab.failures == {"one": {"c": "x"}}
    assert race.gradlab.verdict("two") is not None
    with pytest.raises(ValueError, match="there are several problems; name one of them: one, two"):
        race.gradlab.leaderboard()
    with pytest.raises(ValueError, match="no problem 'three': one, two"):
        race.gradlab.best("three")
    with pytest.raises(ValueError, match=f"no optimizer 'x': {names[1]}, {names[0]}"):
        race.gradlab.best("one", "x")
    with pytest.raises(ValueError, match="sweep"):
        race.gradlab.configurations("one")


def make_bests(dataset: xr.Dataset, index: int) -> xr.Dataset:
    """The same race with scores below its start, more so for the second optimizer."""
    return dataset.assign(final_loss=dataset.final_loss ** (-1.0 - index))


def test_statistics_are_tables(race: xr.DataTree, sweep: xr.DataTree) -> None:
    names = race["one"].optimizer.values.tolist()
    budget = race.gradlab.tuning_budget("one")
    assert budget.expected.loc[names[1]].tolist() == pytest.approx([1.0, 1.0])  # no run ends worse than its start, 1
    assert (budget.index.names, "family" in budget) == (["optimizer", "trials"], False)
    sensitivity = race.gradlab.rate_sensitivity("one", (0.1, 0.2))
    assert sensitivity.sensitivity.tolist() == [0, 0]
    assert sweep.gradlab.tuning_budget().expected.size == 2
    with pytest.raises(ValueError, match="have no learning rate, only b1, b2"):
        sweep.gradlab.rate_sensitivity()
    assert race.gradlab.time_to_target("one", 0.5).steps.tolist() == [np.inf, np.inf]
    with pytest.raises(ValueError, match="1 reporting seed cannot be tested"):
        race.gradlab.pairwise_tests("one", "steps", test="wilcoxon", target=4.5)
    with pytest.raises(ValueError, match="fewer than two optimizers ran on all of one, two"):
        race.gradlab.interquartile_means()
    first = as_tree({"one": race["one"].to_dataset()}, {})
    many = as_tree({f"p{index}": make_bests(race["one"].to_dataset(), index) for index in range(6)}, {})
    table = many.gradlab.critical_differences()
    assert table.index.tolist() == names
    assert table.loc[names[1], names[0]] == pytest.approx(2 / 2**6)
    assert first.gradlab.interquartile_means()["mean"].tolist() == [0, 0]
    assert first.gradlab.improvement_probabilities().probability.loc[names[1], names[0]] == 1


def test_one_node_and_its_dataset_have_the_accessor_too(race: xr.DataTree) -> None:
    for results in (race["one"], race["one"].to_dataset()):
        assert results.gradlab.leaderboard().score.tolist() == pytest.approx([4.0, 8.0])
    assert race["one"].gradlab.problems == ("one",)
    assert race["one"].gradlab.failures == {}


def test_a_sweep_has_configurations(sweep: xr.DataTree) -> None:
    table = sweep.gradlab.configurations()
    assert table.index.tolist() == [1, 2]
    assert table.columns.tolist()[:3] == ["optimizer", "b1", "b2"]
    assert table[["b1", "b2"]].values.tolist() == [[0.5, 0.9], [0.0, 0.9]]
    best = sweep.gradlab.best()
    assert best.hyperparameters == {"b1": 0.5, "b2": 0.9}
    assert best.score == 1.0
    board = sweep.gradlab.leaderboard()
    assert board[["b1", "b2", "score"]].values.tolist() == [[0.5, 0.9, 1.0]]
    assert sweep.gradlab.problems == ("one",)


def test_where_all_diverged_the_best_has_no_hyperparameters(make_dataset: Callable[..., xr.Dataset]) -> None:
    results = as_tree({"one": make_dataset(np.full((1, 2, 2), np.nan), RATES, ["choose", "report"])}, {})
    _, hyperparameters, score = results.gradlab.best()
    assert hyperparameters == {}
    assert np.isnan(score)
    assert results.gradlab.leaderboard().score.isna().all()


def test_figures_and_the_report_are_those_of_the_command(task_results: Any, tmp_path: Path) -> None:
    from gradlab.lab._results.assembly import assemble_dataset

    results = as_tree({"ravine": assemble_dataset(task_results)}, {"command": "made", "gradlab": "0"})
    figures = results.gradlab.figures()
    assert list(figures) == ["learning_curves_ravine", "sensitivity_ravine", "paths_ravine", "ranks_ravine"]
    path = results.gradlab.report(tmp_path / "page.html")
    assert path == tmp_path / "page.html"
    assert "ravine" in path.read_text(encoding="utf-8")


def test_results_are_read_from_a_folder_or_a_file(task_results: Any, tmp_path: Path) -> None:
    from gradlab.lab._results.assembly import assemble_dataset
    from gradlab.lab._results.provenance import collect_provenance
    from gradlab.lab._results.results_file import write

    write(tmp_path / "results.nc", {"ravine": assemble_dataset(task_results)}, collect_provenance("made"))
    for path in (tmp_path, tmp_path / "results.nc", str(tmp_path)):
        results = read_results(path)
        assert results.attrs["command"] == "made"
        assert results.gradlab.problems == ("ravine",)
    with pytest.raises(FileNotFoundError, match=r"there is no .*elsewhere; pass the folder of a finished study"):
        read_results(tmp_path / "elsewhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"the folder .*empty holds no results\.nc; pass"):
        read_results(tmp_path / "empty")
    with pytest.raises(TypeError, match="takes the folder of a study, as text or a Path; got NoneType: None"):
        read_results(None)  # type: ignore[arg-type]
