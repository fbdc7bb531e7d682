"""A study that grew is, byte for byte, the study that was run at once, and only what is new was computed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gradlab as gl
from gradlab.lab._engine.program import Program
from gradlab.lab._results import results_file
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab._storage import checkpoints
from gradlab.lab._studies.race import race
from gradlab.lab._studies.search import search
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.problems import Problem

VARYING = ("provenance.json", "report.html")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[set[tuple[int, int]]]:
    """The runs of each block that is computed, as indices of point and seed."""
    blocks: list[set[tuple[int, int]]] = []
    run = Program.run

    def noting(self: Program, some: Any, draws: Any, chunk: int, carry: Any) -> Any:
        if chunk == 0:
            found = [{(int(p), int(s)) for p in block.points for s in block.seeds} for block in some]
            blocks.extend(block for at, block in enumerate(found) if block not in found[:at])  # one fills two devices
        return run(self, some, draws, chunk, carry)

    monkeypatch.setattr(Program, "run", noting)
    return blocks


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in VARYING}


def test_seeds_points_and_optimizers_are_added(
    noisy: Problem, computed: list[set[tuple[int, int]]], tmp_path: Path
) -> None:
    def run(folder: str, rates: list[float], seeds: int, optimizers: list[str], **more: Any) -> Any:
        return sweep(
            noisy, optimizers, {"learning_rate": rates}, seeds, steps=9, out=tmp_path / folder, chunk=4, **more
        )

    run("out", [0.05, 0.3], 2, ["adam"])
    computed.clear()
    run("out", [0.05, 0.3], 4, ["adam"])
    assert computed == [{(0, 2), (0, 3), (1, 2), (1, 3)}]
    computed.clear()
    run("out", [0.05, 0.1, 0.3], 4, ["adam", "sgd"])
    new, whole = {(1, seed) for seed in range(4)}, {(point, seed) for point in range(3) for seed in range(4)}
    assert sorted(computed, key=len) == [new, whole]
    run("whole", [0.05, 0.1, 0.3], 4, ["adam", "sgd"])
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert len(results_file.read_history(tmp_path / "out" / "results.nc", "")) == 3  # two before, and the last one
    computed.clear()
    for rates, seeds, optimizers, difference in (
        ([0.05, 0.1, 0.3], 3, ["adam", "sgd"], "seeds of adam on noisy: 0, 1, 2, 3 in the folder, 0, 1, 2 requested"),
        ([0.05, 0.3], 9, ["adam", "sgd"], "learning_rate of adam on noisy: 0.05, 0.1, 0.3 in the folder, 0.05, 0.3 r"),
        ([0.05, 0.1, 0.3], 9, ["sgd"], "optimizers: adam, sgd in the folder, sgd requested"),
    ):
        with pytest.raises(FolderError, match=f"another plan .{difference}.*all that it holds is requested too"):
            run("out", rates, seeds, optimizers)
    with pytest.raises(FolderError, match="curve_points of adam on noisy: None in the folder, 3 requested"):
        run("out", [0.05, 0.1, 0.3], 5, ["adam", "sgd"], curve_points=3)
    with pytest.raises(FolderError, match="block of adam on noisy: 4, 5 in the folder, 2, 1 requested"):
        run("out", [0.05, 0.1, 0.3], 5, ["adam", "sgd"], lanes=2)
    with pytest.raises(FolderError, match="with so few configurations as the folder has, other numbers of runs"):
        run("out", [0.05, 0.1, 0.2, 0.25, 0.3], 4, ["adam", "sgd"])
    assert not computed
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_a_study_that_was_stopped_grows_and_goes_on(
    noisy: Problem, computed: list[set[tuple[int, int]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, rates = checkpoints.CheckpointStore.write, {"learning_rate": [0.1, 0.2, 0.3]}

    def run(folder: str, seeds: int) -> Any:
        return sweep(noisy, ["sgd"], rates, seeds, steps=9, chunk=5, curve_points=4, out=tmp_path / folder)

    def run_and_stop(seeds: int, chunks: int) -> None:
        left = [chunks]

        def stopping(*arguments: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            write(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(checkpoints.CheckpointStore, "write", stopping)
            patch.setattr("gradlab.lab._engine.block_executor.count_concurrent_groups", lambda *_: 1)
            with pytest.raises(KeyboardInterrupt):
                run("out", seeds)

    run_and_stop(12, 3)  # of three blocks, at least one is finished, and there are no results yet
    computed.clear()
    run_and_stop(17, 2)
    held = {path.name[:5] for path in (tmp_path / "out" / "parts").iterdir()}
    assert "known" in held
    damaged = sorted((tmp_path / "out" / "parts").glob("known-*"))[0]
    run_and_stop(20, 1)
    run("out", 20)
    run("whole", 20)
    assert not damaged.exists()
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_known_runs_that_are_damaged_are_computed_anew(noisy: Problem, tmp_path: Path) -> None:
    from gradlab.lab._engine.distributed import Processes
    from gradlab.lab._engine.task import Watcher
    from gradlab.lab._studies.open_study import open_study
    from gradlab.lab._studies.run_study import run_study
    from gradlab.lab._studies.sweep import SweepStudy

    warnings: list[str] = []

    class Listener(Watcher):
        def on_warning(self, message: str) -> None:
            warnings.append(message)

    def study(seeds: int) -> SweepStudy:
        return SweepStudy((noisy,), {"sgd": gl.sgd}, {"learning_rate": [0.1, 0.2]}, seeds, 5)

    run_study(study(2), "", tmp_path / "out")
    with open_study(study(3), tmp_path / "out", False, Processes()) as opened:
        assert opened.growth == (
            f"{tmp_path / 'out'} holds 4 of 6 runs of this sweep already; computing the other 2: seed 2",
        )
        assert opened.runs_on_disk() == 4
    (known,) = (tmp_path / "out" / "parts").iterdir()
    known.write_bytes(known.read_bytes()[:-200])
    run_study(study(3), "", tmp_path / "out", watcher=Listener())
    run_study(study(3), "", tmp_path / "whole")
    assert len(warnings) == 1
    assert warnings[0].endswith("its runs are computed anew")
    assert files(tmp_path / "out") == files(tmp_path / "whole")


OWN = "import gradlab as gl\ndef {name}(learning_rate=0.1): return gl.sgd(learning_rate, momentum={momentum})\n"


def test_an_optimizer_whose_code_changed_is_computed_anew_and_alone(
    noisy: Problem,
    computed: list[set[tuple[int, int]]],
    gradlab_modules: Callable[..., None],
    tmp_path: Path,
) -> None:
    def run(folder: str, seeds: int) -> Any:
        return race(
            "ravine",
            ["grown_first:one", "grown_second:two", "sgd"],
            [0.01, 0.02],
            seeds,
            steps=9,
            out=tmp_path / folder,
        )

    gradlab_modules(grown_first=OWN.format(name="one", momentum=0.9), grown_second=OWN.format(name="two", momentum=0.5))
    run("out", 2)
    computed.clear()
    gradlab_modules(grown_first=OWN.format(name="one", momentum=0.8), grown_second=OWN.format(name="two", momentum=0.5))
    with pytest.warns(UserWarning, match="one on ravine is computed anew, because grown_first.py was edited"):
        run("out", 2)
    assert computed == [{(0, 0), (0, 1), (1, 0), (1, 1)}]
    run("whole", 2)
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    run("out", 3)  # the report still says so
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "one on ravine is computed anew, because grown_first.py was edited" in page
    assert "is computed anew" not in (tmp_path / "whole" / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def gradlab_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write modules, which are imported anew."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(**modules: str) -> None:
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text)
            sys.modules.pop(name, None)

    return write


def test_a_search_goes_on_with_more_trials(
    noisy: Problem, computed: list[set[tuple[int, int]]], tmp_path: Path
) -> None:
    pytest.importorskip("optuna")

    def run(folder: str, trials: int) -> Any:
        return search(noisy, gl.sgd, {"learning_rate": "log:1e-3:1"}, trials, 4, 2, steps=5, out=tmp_path / folder)

    run("out", 6)
    computed.clear()
    run("out", 13)
    assert sum(map(len, computed)) == 2 * (13 - 6)
    run("whole", 13)
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    with pytest.raises(FolderError, match="trials of sgd on noisy: 13 in the folder, 12 requested"):
        run("out", 12)
    assert json.loads((tmp_path / "out" / "plan.json").read_text())["tasks"][0]["trials"] == 13


def test_a_study_with_choices_and_conditions_grows(
    noisy: Problem, computed: list[set[tuple[int, int]]], tmp_path: Path
) -> None:
    def run(folder: str, rates: list[float], momenta: Any, seeds: int) -> Any:
        axes: Any = {
            "learning_rate": rates,
            "momentum": momenta,
            "nesterov": gl.lab.When([True, False], momentum=0.9),
        }
        return sweep(noisy, gl.sgd, axes, seeds, steps=5, out=tmp_path / folder)

    run("out", [0.05, 0.3], [None, 0.9], 2)
    computed.clear()
    results = run("out", [0.05, 0.1, 0.3], [None, 0.5, 0.9], 3)
    every = {(point, seed) for point in range(3) for seed in range(3)}
    both, new = {(0, 2), (2, 2)}, {(1, seed) for seed in range(3)}
    assert sorted(map(sorted, computed)) == sorted(map(sorted, [every, *[both, new] * 3]))
    run("whole", [0.05, 0.1, 0.3], [None, 0.5, 0.9], 3)
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    table = results.gradlab.configurations()
    names = sorted(table.momentum + " " + table.nesterov.fillna("-"))
    assert names == ["0.5 -"] * 3 + ["0.9 no"] * 3 + ["0.9 yes"] * 3 + ["none -"] * 3
    with pytest.raises(FolderError, match=r"sgd \(momentum=none\) on noisy is in the folder, and not requested"):
        run("out", [0.05, 0.1, 0.3], {"0.5": 0.5, "0.9": 0.9}, 3)
