"""`gradlab race` in folders that were damaged, edited, or can only be read."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._storage import checkpoints

TINY = ("--problem", "ravine", "--optimizer", "sgd", "--rates", "2", "--seeds", "2", "--steps", "4")


def contents(folder: Path) -> dict[str, bytes]:
    """All files by name, but for the provenance and the report, which states it."""
    varying = ("provenance.json", "report.html")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in varying}


def stopping() -> Callable[..., None]:
    """`Store.write` that is interrupted after one part."""
    write, count = checkpoints.CheckpointStore.write, iter(range(1))

    def stopped(*arguments: Any) -> None:
        if next(count, None) is None:
            raise KeyboardInterrupt
        write(*arguments)

    return stopped


def test_an_edit_of_a_module_that_the_users_own_imports_is_noticed_on_a_resume(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "helper_of_the_race.py"
    helper.write_text("import gradlab as gl\ndef made(rate): return gl.sgd(rate)\n")
    text = "def own(rate=0.1):\n    from helper_of_the_race import made\n    return made(rate)\n"
    (tmp_path / "imports_of_the_race.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    arguments: tuple[str, ...] = (
        "--out",
        "out",
        "--problem",
        "ravine",
        "--optimizer",
        "imports_of_the_race:own",
        "--rates",
        "0.1",
    )
    arguments += ("--seeds", "1", "--steps", "4", "--chunk", "2")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.CheckpointStore, "write", stopping())
        code, _, err = gradlab("race", *arguments)
    assert code == 130
    assert err.endswith("0 of 1 run are kept in out, and the same command in this directory goes on from there\n")
    helper.write_text(helper.read_text().replace("sgd(rate)", "sgd(2 * rate)"))
    code, _, err = gradlab("race", *arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert "out holds a study with another plan (own on ravine: helper_of_the_race.py was edited)" in err


DAMAGED = ["", "[]", '{"format": "gradlab-results-3", "files": 3}', '{"format": "gradlab-results-3", "fi', "\ufeff"]


def test_what_is_damaged_beside_the_results_is_made_anew(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    assert gradlab("race", "--out", str(tmp_path), *TINY).code == 0
    whole = contents(tmp_path)
    half = whole["leaderboard.json"][:-200]
    changed = whole["leaderboard.json"].replace(b'"steps": 4', b'"steps": 5')
    for damaged in [*(text.encode() for text in DAMAGED[:-1]), DAMAGED[-1].encode() + half, half, changed]:
        (tmp_path / "leaderboard.json").write_bytes(damaged)
        code, printed, _ = gradlab("race", "--out", str(tmp_path), *TINY, "--json")
        assert (code, json.loads(printed)) == (0, json.loads(whole["leaderboard.json"]))
        assert contents(tmp_path) == whole
    (tmp_path / "paths_ravine.png").unlink()
    (tmp_path / "plan.json").unlink()
    (tmp_path / "provenance.json").unlink()
    code, printed, _ = gradlab("race", "--out", str(tmp_path), *TINY)
    assert (code, contents(tmp_path)) == (0, whole)
    assert " -" in printed  # seconds that are not known any more


def test_a_text_in_place_of_a_table_of_a_finished_race_is_named_and_kept(
    gradlab: Callable[..., Any], tmp_path: Path
) -> None:
    assert gradlab("race", "--out", str(tmp_path), *TINY).code == 0
    (tmp_path / "leaderboard.csv").write_text("hello\n")
    code, printed, err = gradlab("race", "--out", str(tmp_path), *TINY)
    assert (code, "leaderboard.csv" in printed) == (0, False)
    assert "holds leaderboard.csv (not written by gradlab), which would be overwritten" in " ".join(err.split())
    assert (tmp_path / "leaderboard.csv").read_text() == "hello\n"


def test_a_finished_race_in_a_folder_that_can_only_be_read_is_shown(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gradlab("race", "--out", str(tmp_path), *TINY)

    def refuse(*arguments: Any, **options: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    monkeypatch.setattr("gradlab.lab._storage.lock.os.open", refuse)
    code, printed, err = gradlab("race", "--out", str(tmp_path), *TINY)
    assert (code, printed) == (0, first.out)
    assert err == f"{tmp_path} holds all of this race already; --fresh runs it anew\n"
    code, _, err = gradlab("race", "--out", str(tmp_path), *TINY, "--fresh")
    assert (code, err) == (
        2,
        f"gradlab: {tmp_path} cannot be written (Read-only file system); pass another folder\n",
    )
    (tmp_path / "paths_ravine.png").unlink()
    code, printed, err = gradlab("race", "--out", str(tmp_path), *TINY)
    assert (code, "sgd" in printed) == (0, True)
    assert "tables and pictures in" in err
    assert "are not made anew: it can only be read" in err


def test_a_folder_that_is_moved_away_while_it_runs_is_said_to_be_gone(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = tmp_path / "out", checkpoints.CheckpointStore.write

    def moving(*arguments: Any) -> None:
        write(*arguments)
        out.rename(tmp_path / "elsewhere")
        raise KeyboardInterrupt

    cut = ("--chunk", "2")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.CheckpointStore, "write", moving)
        code, _, err = gradlab("race", "--out", str(out), *TINY, *cut)
    assert code == 130
    remedy = "if it was moved, pass its new place as --out"
    assert err == f"gradlab: stopped; {out} is gone, so that nothing is kept there; {remedy}\n"
    code, _, err = gradlab("race", "--out", str(tmp_path / "elsewhere"), *TINY, *cut)
    assert code == 0
    assert "holds an unfinished run of this plan; going on from there" in err
