"""`gradlab race`, from the options to the files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab import results
from gradlab.lab.race import race as run_race

TINY = (
    "--problem",
    "ravine",
    "--optimizer",
    "sgd",
    "--optimizer",
    "adam",
    "--rates",
    "2",
    "--seeds",
    "2",
    "--steps",
    "4",
)
FILES = {
    "results.nc", "leaderboard.csv", "leaderboard.json", "learning_curves_ravine.png", "sensitivity_ravine.png",
    "paths_ravine.png",
}  # fmt: skip


def test_a_race_prints_a_leaderboard_and_writes_files(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "deep" / "folder"
    code, printed, err = gradlab("race", "--out", str(out), *TINY)
    assert (code, err) == (0, "")
    assert {path.name for path in out.iterdir()} == FILES
    problems, attributes = results.read(out / "results.nc")
    assert problems["ravine"].optimizer.values.tolist() == ["sgd", "adam"]
    assert dict(problems["ravine"].sizes) | {"rate": 2, "seed": 2, "step": 4} == dict(problems["ravine"].sizes)
    assert attributes["command"] == f"gradlab race --out {out} " + " ".join(TINY)
    for name in FILES:
        assert str(out / name) in printed.replace("\n  ", " ")
    assert "8 runs" in printed
    assert "sgd" in printed


def test_json_is_all_that_is_printed_and_equals_the_file(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ("--problem", "digits", "--optimizer", "sgd", "--rates", "2", "--seeds", "2", "--steps", "3", "--json")
    code, printed, err = gradlab("race", "--out", str(tmp_path), *arguments)
    assert (code, err) == (0, "")
    content = json.loads(printed)
    assert content == json.loads((tmp_path / "leaderboard.json").read_text())
    (row,) = content["problems"]["digits"]["leaderboard"]
    assert (row["rank"], row["optimizer"], row["runs"]) == (1, "sgd", 4)
    assert 0 < row["score"] < 1
    assert all(Path(name).exists() for name in content["files"])


def test_a_second_race_replaces_the_first_and_its_pictures(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    few = ("--optimizer", "sgd", "--rates", "1", "--seeds", "1", "--steps", "1")
    assert gradlab("race", "--out", str(tmp_path), "--problem", "ravine", *few).code == 0
    (tmp_path / "notes.txt").write_text("mine")
    code, _, err = gradlab("race", "--out", str(tmp_path), "--problem", "digits", *few)
    assert code == 0
    assert "they stay until this race is done, which then replaces them" in err
    assert {path.name for path in tmp_path.iterdir()} == {
        name.replace("ravine", "digits") for name in FILES if "paths" not in name
    } | {"notes.txt"}
    assert list(results.read(tmp_path / "results.nc")[0]) == ["digits"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--optimizer", "adm"], "no optimizer is named 'adm'; did you mean adam"),
        (["--problem", "digit"], "no problem is named 'digit'; did you mean digits?"),
        (["--steps", "0"], "--steps must be at least 1, got 0"),
        (["--seeds", "0"], "--seeds must be at least 1, got 0"),
        (["--rates", "0"], "--rates must be at least 1, got 0"),
        (["--rates", "-3"], "--rates must be at least 1, got -3"),
    ],
)
def test_wrong_options_say_what_is_expected(
    gradlab: Callable[..., Any], tmp_path: Path, arguments: list[str], message: str
) -> None:
    out = tmp_path / "race"
    code, printed, err = gradlab("race", "--out", str(out), *arguments)
    assert (code, printed) == (2, "")
    assert err.startswith(f"gradlab: {message}")
    assert err.count("\n") == 1
    assert not out.exists()


def test_an_output_that_is_a_file_is_refused(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for name in ("file", "file/below"):
        code, printed, err = gradlab("race", "--out", str(tmp_path / name), *TINY)
        assert (code, printed) == (2, "")
        assert "folder" in err
        assert "Traceback" not in err
    assert (tmp_path / "file").read_text() == "mine"


def test_results_that_no_race_wrote_are_refused(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "results.nc").write_text("mine")
    code, _, err = gradlab("race", "--out", str(tmp_path), *TINY)
    assert code == 2
    assert "was not written by a race" in err
    assert (tmp_path / "results.nc").read_text() == "mine"


def test_ctrl_c_keeps_what_is_done_and_the_older_results(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gradlab("race", "--out", str(tmp_path), *TINY).code == 0
    before = (tmp_path / "results.nc").read_bytes()

    def interrupted(*arguments: Any) -> Iterator[Any]:
        yield next(run_race(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr("gradlab.cli.race.run_race", interrupted)
    code, printed, err = gradlab("race", "--out", str(tmp_path), *TINY)
    assert (code, printed) == (130, "")
    partial = tmp_path / "results.partial.nc"
    assert f"gradlab: stopped; 4 of 8 runs are kept in {partial}\n" in err
    assert results.read(partial)[0]["ravine"].optimizer.values.tolist() == ["sgd"]
    assert (tmp_path / "results.nc").read_bytes() == before


def test_ctrl_c_before_anything_is_done(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any) -> Iterator[Any]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("gradlab.cli.race.run_race", interrupted)
    assert gradlab("race", "--out", str(tmp_path), *TINY) == (130, "", "gradlab: stopped; nothing was saved yet\n")


def test_a_full_disk_is_one_line_and_exit_code_1(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results, "write", full)
    code, printed, err = gradlab("race", "--out", str(tmp_path), *TINY)
    assert (code, printed) == (1, "")
    assert err.startswith(f"gradlab: cannot write to {tmp_path} ([Errno 28] No space left on device); 0 runs are kept")
