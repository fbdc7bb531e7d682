"""A search finds more than chance does, is repeated by its seed, and goes on from where it was stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine import compiler
from gradlab.lab._engine.program import Program
from gradlab.lab._engine.task import Watcher
from gradlab.lab._results.provenance import collect_provenance
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab._studies.open_study import OpenStudy, open_study
from gradlab.lab._studies.search import SearchStudy, search
from gradlab.lab._studies.search_space import Linear, Log, When
from gradlab.lab._studies.search_space.axes import sample_points
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.analysis.configurations import rank_configurations
from gradlab.lab.analysis.sweep_as_race import unstack
from gradlab.lab.problems import Problem
from tests.lab.training import train

RATE: Any = {"learning_rate": Log(1e-4, 1e4)}
SMALL: Any = {"trials": 12, "batch": 4, "seeds": 2, "steps": 4}
MIXED: Any = {
    "learning_rate": Log(1e-3, 0.3),
    "momentum": {"none": None, "0.9": 0.9},
    "nesterov": When([True, False], momentum="0.9"),
    "dampening": When(Linear(0, 0.5), nesterov=False),
}
BOTH: Any = {"learning_rate": Log(1e-3, 1), "momentum": [0.0, 0.5, 0.9]}


class Count(Watcher):
    """Counts the runs, and interrupts after some."""

    def __init__(self, limit: float = np.inf):
        self.runs, self.limit, self.warnings = 0.0, limit, list[str]()

    def on_progress(self, runs: float) -> None:
        self.runs += runs
        if self.runs > self.limit:
            raise KeyboardInterrupt

    def on_warning(self, message: str) -> None:
        self.warnings.append(message)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_comes_closer_to_the_best_rate_than_as_many_samples(slope: Problem, seed: int) -> None:
    found = search(slope, gl.sgd, RATE, trials=40, batch=8, seeds=1, steps=2, sample_seed=seed).gradlab.dataset()
    others = [
        sweep(slope, gl.sgd, RATE, seeds=1, steps=2, samples=40, sampler=sampler, sample_seed=seed).gradlab.dataset()
        for sampler in ("random", "sobol")
    ]
    best, *missed = (
        abs(np.log10(rank_configurations(data)[0].hyperparameters["learning_rate"])) for data in (found, *others)
    )
    assert best < 0.02  # decades off 1, where one step reaches the bottom
    assert best < min(missed)
    near = [int((np.abs(np.log10(data.learning_rate)) < 0.3).sum()) for data in (found, *others)]
    assert near[0] > 1.5 * max(near[1:])
    assert bool(found.diverged.any())  # and is not led astray by it


def test_it_is_labelled_as_a_sweep_is(noisy: Problem) -> None:
    found = search(noisy, gl.sgd, BOTH, **SMALL | {"trials": 10}).gradlab.dataset()
    again = sweep(noisy, gl.sgd, BOTH, seeds=2, steps=4, samples=10).gradlab.dataset()
    assert (found.sizes, set(found)) == (again.sizes, set(again))
    assert set(found.coords) - set(again.coords) == {"round"}
    for name in again.coords:
        assert (found[name].dims, found[name].dtype.kind) == (again[name].dims, again[name].dtype.kind)
    assert found["round"].dims == ("point",)
    assert found["round"].values.tolist() == [0] * 4 + [1] * 4 + [2] * 2
    assert set(found.momentum.values.ravel().tolist()) <= {0, 0.5, 0.9}
    assert found.attrs["scales"] == again.attrs["scales"] == '{"learning_rate": "log"}'  # a list has none
    with pytest.raises(ValueError, match=r"samples \(tpe\) lie on no grid"):
        unstack(found)


def test_points_may_be_spread_evenly_whatever_they_score(noisy: Problem) -> None:
    found = search(noisy, gl.sgd, BOTH, **SMALL, sampler="sobol").gradlab.dataset()
    spread = sample_points(BOTH, 12)
    for name, values in spread.items():
        np.testing.assert_array_equal(found[name].values[0], values)
    assert found.attrs["sampler"] == "sobol"


def test_each_point_is_the_run_of_its_optimizer(noisy: Problem) -> None:
    found = search(noisy, gl.sgd, BOTH, **SMALL).gradlab.dataset()
    point = found.isel(optimizer=0, point=6)
    tx = gl.sgd(float(point.learning_rate), momentum=float(point.momentum))
    np.testing.assert_allclose(point.loss, train(noisy, [tx], [0, 1], 4).loss[0], rtol=1e-6)


def test_rounds_of_one_size_compile_once(noisy: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = list[Any]()

    class Counted(Program):
        def _compile(self, *arguments: Any) -> Any:
            compiled.append(arguments)
            return super()._compile(*arguments)

    monkeypatch.setattr(compiler, "Program", Counted)
    search(noisy, gl.sgd, RATE, **SMALL)
    assert len(compiled) == 1


def test_stopped_anywhere_it_goes_on_to_the_same_results(
    noisy: Problem, tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]
) -> None:
    expected = search(noisy, gl.adam, RATE, **SMALL).gradlab.dataset()
    whole = search(noisy, gl.adam, RATE, out=tmp_path / "whole", **SMALL).gradlab.dataset()
    out, options = tmp_path / "out", {**SMALL, "out": tmp_path / "out"}
    for runs in (3, 10, 19):  # of 24; in the first, the second and the last round
        with pytest.raises(KeyboardInterrupt):
            search(noisy, gl.adam, RATE, watcher=Count(runs), **options)
    assert len(list((out / "parts").glob("0002-*"))) > 0
    counted = Count()
    found = search(noisy, gl.adam, RATE, watcher=counted, **options).gradlab.dataset()
    assert counted.runs == pytest.approx(24)
    np.testing.assert_array_equal(found.loss, expected.loss)
    np.testing.assert_array_equal(found.learning_rate, expected.learning_rate)
    assert contents(out) == contents(tmp_path / "whole")
    drop = ["compile_seconds", "run_seconds"]
    assert found.drop_vars(drop).identical(whole.drop_vars(drop))
    assert found.identical(
        search(noisy, gl.adam, RATE, watcher=Count(0), **options).gradlab.dataset()
    )  # computes nothing


def test_with_choices_each_point_is_the_run_of_its_own_optimizer(noisy: Problem) -> None:
    found = search(noisy, gl.sgd, MIXED, 12, 6, 2, steps=4).gradlab.dataset().isel(optimizer=0)
    assert set(found.momentum.values.tolist()) == {"none", "0.9"}
    assert ((found.nesterov == "") == (found.momentum == "none")).all()
    assert (np.isnan(found.dampening) == (found.nesterov != "no")).all()
    momenta = {"none": None, "0.9": 0.9}
    for at in np.unique(found.nesterov, return_index=True)[1]:
        own = found.isel(point=at)
        options = {"momentum": momenta[own.momentum.item()], "nesterov": own.nesterov.item() == "yes"}
        tx = gl.sgd(own.learning_rate.item(), **options, dampening=np.nan_to_num(own.dampening).item())
        np.testing.assert_allclose(own.loss, train(noisy, [tx], [0, 1], 4).loss[0], rtol=1e-5)


@pytest.mark.slow
def test_with_choices_it_goes_on_and_grows_to_the_same_results(
    noisy: Problem, tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]
) -> None:
    def run(folder: str, trials: int = 12, most: float = np.inf, **changed: Any) -> OpenStudy:
        study = SearchStudy(noisy, "sgd", gl.sgd, MIXED | changed, trials, 4, 2, 4)
        with open_study(study, tmp_path / folder) as opened:
            try:
                opened.finish(collect_provenance("search"), Count(most))
            except KeyboardInterrupt:
                assert most / 2 <= opened.runs_on_disk() <= most + 8  # the last chunks were told of before they ended
        return opened

    run("whole")
    run("out", 11, most=20)  # of 22: in the last round
    assert " of 24 runs" in run("out", most=22).growth[0]
    run("out")
    run("grown", 7)
    assert "14 of 24 runs" in run("grown").growth[0]
    assert contents(tmp_path / "out") == contents(tmp_path / "whole") == contents(tmp_path / "grown")
    changes: list[tuple[Any, str]] = [
        ({"none": None, "0.9": 0.8}, "nesterov=yes.* on noisy: its composition changed"),
        ({"0.9": 0.9, "none": None}, "momentum of sgd.* on noisy: none,0.9 in the folder, 0.9,none requested"),
        ({"none": None, "0.9": 0.9, "0.5": 0.5}, "none,0.9 in the folder, none,0.9,0.5 requested"),
    ]
    for momentum, message in changes:
        with pytest.raises(FolderError, match=message):
            run("out", 16, momentum=momentum)


def test_a_round_that_is_damaged_is_computed_anew(noisy: Problem, tmp_path: Path) -> None:
    expected = search(noisy, gl.adam, RATE, **SMALL).gradlab.dataset()
    with pytest.raises(KeyboardInterrupt):
        search(noisy, gl.adam, RATE, out=tmp_path, watcher=Count(19), **SMALL)
    first = min((tmp_path / "parts").iterdir())
    first.write_bytes(first.read_bytes()[:99])
    counted = Count()
    found = search(noisy, gl.adam, RATE, out=tmp_path, watcher=counted, **SMALL).gradlab.dataset()
    assert "is damaged" in counted.warnings[0]
    np.testing.assert_array_equal(found.loss, expected.loss)


def test_another_plan_is_refused(noisy: Problem, tmp_path: Path) -> None:
    search(noisy, gl.adam, RATE, out=tmp_path, **SMALL)
    changes: list[tuple[dict[str, Any], str]] = [
        ({"trials": 9}, r"\(trials of adam on noisy: 12 in the folder, 9 requested\)"),
        ({"batch": 5}, "batch of adam on noisy: 4 in the folder, 5 requested"),
        ({"sample_seed": 1}, r"\(sample_seed of adam on noisy: 0 in the folder, 1 requested\)"),
        ({"sampler": "sobol"}, r"\(sampler of adam on noisy: tpe in the folder, sobol requested\)"),
        (
            {"hyperparameters": {"learning_rate": Log(1e-4, 1)}},
            "rate of adam on noisy: log:0.0001:10000 in the folder, log:0.0001:1 requested",
        ),
    ]
    for change, message in changes:
        with pytest.raises(FolderError, match=message):
            search(noisy, gl.adam, **{"hyperparameters": RATE, "out": tmp_path, **SMALL, **change})
    with pytest.raises(FolderError, match="kind: search in the folder, sweep requested"):
        sweep(noisy, gl.adam, RATE, out=tmp_path, samples=12, seeds=2, steps=4)
    fresh = search(noisy, gl.adam, RATE, out=tmp_path, fresh=True, **SMALL | {"trials": 3}).gradlab.dataset()
    assert fresh.sizes["point"] == 3


@pytest.mark.parametrize(
    ("axes", "options", "message"),
    [
        ({"rate": Log(1e-3, 1)}, {}, "no hyperparameter of sgd is named 'rate'"),
        ({"nesterov": Linear(0, 1)}, {}, "nesterov of sgd is not a number but an option"),
        ({"learning_rate": [0.1, 1]}, {}, "needs a range, such as .*; got learning_rate=0.1,1, which a sweep covers"),
        ({}, {}, "a search needs a range, .* got nothing"),
        ({"learning_rate": Log(1e-3, 1, 4)}, {}, "leave out the count: log:0.001:1"),
        (RATE, {"sampler": "gp"}, "a search has no sampler 'gp'; expected tpe or sobol or hypergradient"),
        (RATE, {"trials": 0}, "trials must be at least 1, got 0"),
        (RATE, {"batch": 0}, "batch must be at least 1, got 0"),
        (RATE, {"seeds": 0}, "seeds must be at least 1, got 0"),
        ({**RATE, "momentum": Linear(0, 1)}, {}, r"momentum must be in \[0, 1\), got 1.0"),
        ({**RATE, "momentum": [None, 0.9], "nesterov": [True, False]}, {}, r"\(at momentum=none, nesterov=yes\)"),
        ({**RATE, "momentum": {str(n): n / 300 for n in range(257)}}, {}, "257 combinations of choices"),
        ({"momentum": [0.5], "nesterov": When(Linear(0, 1), momentum=0.5)}, {}, "not a number but an option"),
    ],
)
def test_what_cannot_be_searched_is_refused(noisy: Problem, axes: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        search(noisy, gl.sgd, axes, **options)


def test_a_search_is_of_one_optimizer(noisy: Problem) -> None:
    both: Any = {"sgd": gl.sgd, "adam": gl.adam}
    with pytest.raises(ValueError, match="a search is of one optimizer, got sgd, adam; search each on its own"):
        search(noisy, both, RATE)


def test_the_rounds_make_up_the_trials(noisy: Problem) -> None:
    assert SearchStudy(noisy, "sgd", gl.sgd, RATE, trials=20, batch=8).rounds == [8, 8, 4]
    assert SearchStudy(noisy, "sgd", gl.sgd, RATE, trials=3, batch=8, seeds=2).rounds == [3]


def test_optuna_is_imported_by_a_search_alone() -> None:
    script = "import sys, gradlab.lab._studies.search, gradlab.cli.app; print('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "False\n"


def test_a_class_of_the_users_own_is_a_problem() -> None:
    class Plain:
        def init(self, key: Any) -> Any:
            return np.ones(2, np.float32)

        def loss(self, params: Any, batch: Any) -> Any:
            return (params**2).sum()

    found = search(
        Plain, gl.sgd, {"learning_rate": Log(0.01, 0.5)}, trials=2, batch=2, seeds=1, steps=3
    ).gradlab.dataset()
    assert found.attrs["problem"] == "plain"
