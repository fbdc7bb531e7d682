"""Merged parts are, byte for byte, the study that was run at once; what cannot become one study is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import gradlab as gl
from gradlab.cli import main
from gradlab.lab._results import results_file
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab._storage.lock import LockedError, lock_folder
from gradlab.lab._studies.merging import merge as merging
from gradlab.lab._studies.merging.agreement import require_agreement
from gradlab.lab._studies.merging.merge import merge, merge_folders
from gradlab.lab._studies.merging.parts import Part, RefusedMergeError
from gradlab.lab._studies.race import race
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.problems import Problem

VARYING = ("provenance.json", "report.html")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in VARYING}


def run(noisy: Problem, folder: Path, rates: Any, seeds: Any, optimizers: Any, **more: Any) -> Any:
    return sweep(noisy, optimizers, {"learning_rate": rates}, seeds, steps=9, out=folder, **more)


def test_seeds_are_merged(noisy: Problem, tmp_path: Path) -> None:
    low, high, whole, once, other = (tmp_path / name for name in ("low", "high", "whole", "once", "other"))
    rates, both = [0.05, 0.3], ["adam", "sgd"]
    run(noisy, low, rates, [0, 1], both)
    run(noisy, high, rates, [3, 4, 1], both)  # seed 1 is in both
    results = merge([low, high], whole, problems=noisy)
    expected = run(noisy, once, rates, [0, 1, 3, 4], both)
    assert files(whole) == files(once)
    assert results["noisy"].loss.equals(expected["noisy"].loss)
    history = results_file.read_history(whole / "results.nc")
    assert [entry.get("folder") for entry in history] == [str(low), str(high), None]  # the last one is its own
    page = (whole / "report.html").read_text(encoding="utf-8")
    assert f"Part {low}" in page
    assert page.count("gl.lab.sweep(") == 2
    assert "gl.lab.merge(" in page

    run(noisy, whole, rates, [0, 1, 2, 3, 4], both)  # it grows as any other
    run(noisy, once, rates, 5, both)
    assert files(whole) == files(once)

    # Other results of a run that both have stand in for a machine that computes otherwise.
    datasets, attributes = results_file.read(high)
    datasets["noisy"].loss[:] = datasets["noisy"].loss.values + 1
    results_file.write(high / "results.nc", datasets, attributes)
    with pytest.raises(RefusedMergeError, match=r"adam on noisy at learning_rate=0.05 from seed 1 is not the same"):
        merge([low, high], other, problems=noisy)
    with pytest.raises(RefusedMergeError, match=r"noisy \(.*Noisy\(\)\) is no problem of gradlab; pass it.*problems="):
        merge([low, high], other)
    with pytest.raises(RefusedMergeError, match=r"ravine is given, but the problems of the parts are noisy; leave it"):
        merge([low, high], other, problems=[noisy, "ravine"])
    run(noisy, high, rates, [1, 2], "adam", fresh=True)
    with pytest.raises(
        RefusedMergeError, match=r"lack 2 of 12 runs of the sweep .*: sgd on noisy from seed 2 \(2 runs\). So few"
    ):
        merge([low, high], other, problems=noisy)
    with pytest.raises(FolderError, match=r"whole holds .* and \d more; pass a new folder"):
        merge([low, high], whole)
    assert not other.exists()
    assert not list(tmp_path.glob(".gradlab*"))


@pytest.mark.slow
def test_optimizers_and_configurations_are_merged(noisy: Problem, tmp_path: Path) -> None:
    adam, sgd, more, whole, four, once = (tmp_path / name for name in ("adam", "sgd", "more", "whole", "four", "once"))
    rates, both = [0.05, 0.1, 0.3], ["adam", "sgd"]
    run(noisy, adam, rates, 2, "adam")
    run(noisy, sgd, rates, 2, "sgd")
    merge([adam, sgd], whole, problems=noisy)
    run(noisy, more, [0.05, 0.2, 0.25], 2, both)
    with pytest.raises(RefusedMergeError, match=r"of 4 x 5 runs in .*all of them at once have larger ones, and XLA"):
        merge([whole, more], four, problems=noisy)
    run(noisy, more, [0.2], 2, both, fresh=True)
    with pytest.raises(RefusedMergeError, match=r"blocks of 4 x 5 runs in .*, and of 1 x 5 runs in .*so few configu"):
        merge([whole, more], four, problems=noisy)
    run(noisy, more, [0.05, 0.2], 2, both, fresh=True)  # the point in the middle of all is in the middle of no part
    merge([whole, more], four, problems=noisy)
    run(noisy, once, [0.05, 0.1, 0.2, 0.3], 2, both)
    assert files(four) == files(once)


@pytest.mark.slow
def test_choices_and_conditions_are_merged(noisy: Problem, tmp_path: Path) -> None:
    def run(folder: str, rates: list[float], momenta: Any, seeds: Any = 2) -> Any:
        axes = {"learning_rate": rates, "momentum": momenta, "nesterov": gl.lab.When([False, True], momentum=0.9)}
        return sweep(noisy, gl.sgd, axes, seeds, steps=5, out=tmp_path / folder)

    run("a", [0.05, 0.3], [0.9, None])
    run("b", [0.1], [0.9, None], [0, 1])
    with pytest.raises(RefusedMergeError, match=r"sgd \(momentum=0.9, nesterov=no\) on noisy was computed in bl"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "whole", problems=noisy)
    run("c", [0.1, 0.2], [0.9, None])
    merge([tmp_path / "a", tmp_path / "c"], tmp_path / "whole", problems=noisy)
    run("once", [0.05, 0.1, 0.2, 0.3], [0.9, None])
    assert files(tmp_path / "whole") == files(tmp_path / "once")


OWN = "import gradlab as gl\ndef mine(learning_rate=0.1): return gl.sgd(learning_rate, momentum={momentum})\n"


def test_the_command_merges_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gradlab", *words])
        code = main()
        return (code, *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "own_of_merge.py").write_text(OWN.format(momentum=0.9))
    options = ["--problem", "ravine:steepness=20", "--optimizer", "own_of_merge:mine", "--steps", "6"]
    call("race", *options, "--rates", "0.01", "--seeds", "0:1", "--lanes", "1", "--out", "a")
    call("race", *options, "--rates", "0.02,0.04", "--seeds", "0:1", "--lanes", "1", "--out", "b")
    code, out, err = call("merge", "a", "b", "--out", "whole")
    assert code == 2
    assert "pass the optimizer, as to the command of a: --optimizer package.module:factory" in err
    code, out, err = call("merge", "a", "b", "--out", "whole", "--optimizer", "own_of_merge:mine")
    assert (code, err.splitlines()) == (0, [
        "merged 1 run of a and 2 runs of b",
        "all of them have blocks as of --lanes 1; give that option too if the whole grows",
    ])  # fmt: skip
    assert "3 runs. Written:\n  whole/results.nc" in out
    call("race", *options, "--rates", "0.01,0.02,0.04", "--seeds", "0:1", "--lanes", "1", "--out", "once")
    assert files(tmp_path / "whole") == files(tmp_path / "once")
    (tmp_path / "own_of_merge.py").write_text(OWN.format(momentum=0.8))
    sys.modules.pop("own_of_merge")
    code, out, err = call("merge", "a", "b", "--out", "other", "--optimizer", "own_of_merge:mine")
    assert code == 2
    assert "own_of_merge.py is not as it was when a was computed; merge with that version" in err
    call("race", *options, "--rates", "0.01", "--seeds", "1:2", "--lanes", "1", "--out", "c")
    code, out, err = call("merge", "a", "c", "--out", "other")
    assert "own_of_merge.py: not the same file in a and in c. All parts of a study need the same: compute one" in err
    assert json.loads((tmp_path / "whole" / "provenance.json").read_text())["history"][0]["folder"] == "a"


def test_parts_are_finished_studies_which_nobody_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, c, empty = (tmp_path / name for name in ("a", "b", "c", "empty"))
    empty.mkdir()
    for folder, seeds in ((a, [0, 1]), (b, [2, 3])):
        race("ravine", "sgd", [0.01, 0.02], seeds, steps=4, out=folder)
    for folders, kind, message in (
        ([a], RefusedMergeError, "at least two studies, got .*a$"),
        ([a, a / "results.nc"], RefusedMergeError, "a is given twice"),
        ([a, tmp_path / "nothing"], FolderError, "nothing is no folder"),
        ([a, empty], FolderError, "empty holds no study"),
    ):
        with pytest.raises(kind, match=message):
            merge(folders, c)
    with lock_folder(b), pytest.raises(LockedError, match=r"process \d+ on .* is writing to .*b; wait for it"):
        merge([a, b], c)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(merging, "write_outputs", stop)
        patch.setattr(sys, "argv", ["gradlab", "merge", str(a), str(b), "--out", str(c)])
        assert main() == 130
        assert capsys.readouterr().err == "gradlab: stopped; nothing is written\n"
    assert not c.exists()
    assert not list(tmp_path.glob(".gradlab*"))
    merged = merge_folders([a, b / "results.nc"], c, "a command")
    assert (merged.runs, merged.repeated, merged.lanes) == (8, 0, None)
    assert merged.results.attrs["command"] == "a command"
    plan = json.loads((b / "plan.json").read_text())
    (b / "plan.json").write_text(json.dumps({**plan, "kind": "search"}))
    with pytest.raises(RefusedMergeError, match=r"b holds a search, which follows its own scores.*raise its --trials"):
        merge([a, b], tmp_path / "d")
    (b / "plan.json").write_text(json.dumps({**plan, "tasks": []}))
    with pytest.raises(FolderError, match=r"the race in .*b grows, and is unfinished; repeat its command"):
        merge([a, b], tmp_path / "d")
    (b / "results.nc").unlink()
    with pytest.raises(FolderError, match=r"the race in .*b is unfinished; repeat its command, which goes on from"):
        merge([a, b], tmp_path / "d")


PLAN: dict[str, Any] = {
    "kind": "race", "format": "gradlab-plan-4", "versions": {"jax": "1"}, "settings": {"device": "x86_64"},
    "packages": {"mine": "1"}, "sources": {"mine.py": "ab"},
    "tasks": [{
        "problem": "p", "setup": "P(1)", "optimizer": "o", "composition": "o(0.1)", "problem_source": "cd",
        "optimizer_source": "ef", "points": {"learning_rate": [0.1]}, "seeds": [0], "steps": 5,
    }],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "sweep"}, r"kind: race in a, sweep in b. Merge studies of one kind"),
        ({"versions": {"jax": "2"}}, r"jax: 1 in a, 2 in b. All parts of a study need the same: compute one of them"),
        ({"settings": {"device": "H100"}}, r"device: x86_64 in a, H100 in b"),
        ({"packages": {"mine": "2"}}, r"mine: 1 in a, 2 in b"),
        ({"sources": {"mine.py": "xy"}}, r"mine.py: not the same file in a and in b"),
        ({"setup": "P(2)"}, r"setup on p: P\(1\) in a, P\(2\) in b"),
        ({"steps": 6}, r"steps on p: 5 in a, 6 in b"),
        ({"problem_source": "xy"}, r"the source file of p: not the same in a and in b"),
        ({"optimizer_source": "xy"}, r"the source file of o: not the same in a and in b"),
        ({"composition": "o(0.1, b=2)"}, r"composition of o on p: o\(0.1\) in a, o\(0.1, b=2\) in b"),
    ],
)
def test_what_determines_results_must_agree(changes: dict[str, Any], message: str) -> None:
    def part(name: str, **changed: Any) -> Part:
        task = {**PLAN["tasks"][0], **{key: value for key, value in changed.items() if key not in PLAN}}
        own = {key: value for key, value in changed.items() if key in PLAN}
        return Part(Path(name), {**PLAN, "tasks": [task], **own}, {}, {}, [])

    require_agreement([part("a"), part("b", seeds=[1]), part("c", optimizer="q", packages={"other": "3"})])
    with pytest.raises(RefusedMergeError, match=message):
        require_agreement([part("a"), part("b", **changes)])
