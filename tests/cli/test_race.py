"""`gradlab race`, from the options to the files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradlab.cli import main
from gradlab.lab._results import results_file
from gradlab.lab._storage import checkpoints, lock

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
    "plan.json", "provenance.json", "report.html", "results.nc", "leaderboard.csv", "leaderboard.json",
    "learning_curves_ravine.png", "sensitivity_ravine.png", "paths_ravine.png",
}  # fmt: skip


def test_a_race_prints_a_leaderboard_and_writes_files(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "deep" / "folder"
    code, printed, err = gradlab("race", "--out", str(out), *TINY)
    assert (code, err) == (0, "")
    assert {path.name for path in out.iterdir()} == FILES
    problems, attributes = results_file.read(out / "results.nc")
    assert problems["ravine"].optimizer.values.tolist() == ["sgd", "adam"]
    assert dict(problems["ravine"].sizes) | {"rate": 2, "seed": 2, "step": 4} == dict(problems["ravine"].sizes)
    assert attributes["command"] == f"gradlab race --out {out} " + " ".join(TINY)
    for name in FILES - {"plan.json", "provenance.json"}:
        assert str(out / name) in printed.replace("\n  ", " ")
    assert "8 runs" in printed
    assert "sgd" in printed
    said = "1 reporting seed is too few to say how sure this rank is: use six seeds or more."
    assert said in printed
    assert json.loads((out / "leaderboard.json").read_text())["problems"]["ravine"]["verdict"][0] == said


def test_json_is_all_that_is_printed_and_equals_the_file(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ("--problem", "digits", "--optimizer", "sgd", "--rates", "2", "--seeds", "2", "--steps", "3", "--json")
    code, printed, err = gradlab("race", "--out", str(tmp_path), *arguments)
    assert (code, err) == (0, "")
    content = json.loads(printed)
    assert content == json.loads((tmp_path / "leaderboard.json").read_text())
    (row,) = content["problems"]["digits"]["leaderboard"]
    assert (row["rank"], row["optimizer"], row["runs"]) == (1, "sgd", 4)
    assert 0 < row["score"] < 1
    assert all((tmp_path / name).exists() for name in content["files"])


def test_a_finished_race_is_shown_again_and_not_run(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gradlab("race", "--out", str(tmp_path), *TINY)
    before = contents(tmp_path)
    monkeypatch.setattr("gradlab.lab._studies.study.run_tasks", None)
    again = gradlab("race", "sgd", "adam", "--out", str(tmp_path), *TINY[:2], *TINY[6:])
    assert (again.code, again.out) == (0, first.out)
    assert again.err == f"{tmp_path} holds all of this race already; --fresh runs it anew\n"
    logged = gradlab("race", "--out", str(tmp_path), *TINY, "--log", "tensorboard:log")
    assert (logged.code, logged.out) == (0, first.out)
    assert logged.err == f"{again.err}nothing is logged; gradlab export {tmp_path} --to tensorboard writes all\n"
    assert not Path("log").exists()
    assert contents(tmp_path) == before
    (tmp_path / "leaderboard.json").unlink()  # as if it had been killed while it drew
    assert gradlab("race", "--out", str(tmp_path), *TINY).code == 0
    assert contents(tmp_path) == before


def test_a_race_of_another_plan_needs_fresh_and_replaces_the_pictures(
    gradlab: Callable[..., Any], tmp_path: Path
) -> None:
    few = ("--optimizer", "sgd", "--rates", "1", "--seeds", "1", "--steps", "1")
    assert gradlab("race", "--out", str(tmp_path), "--problem", "ravine", *few).code == 0
    (tmp_path / "notes.txt").write_text("mine")
    code, _, err = gradlab("race", "--out", str(tmp_path), "--problem", "digits", *few)
    assert code == 2
    assert "another plan (problems: ravine in the folder, digits requested). It grows only if all that it holds" in err
    code, _, err = gradlab("race", "--out", str(tmp_path), "--problem", "digits", *few, "--fresh")
    assert (code, err) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {
        name.replace("ravine", "digits") for name in FILES if "paths" not in name
    } | {"notes.txt"}
    assert list(results_file.read(tmp_path / "results.nc")[0]) == ["digits"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["adm"], "no optimizer is named 'adm'; did you mean adam"),
        (["--optimizer", "adm"], "no optimizer is named 'adm'; did you mean adam"),
        (["--problem", "digit"], "no problem is named 'digit'; did you mean digits"),
        (["--steps", "0"], "--steps must be at least 1, got 0"),
        (["--seeds", "0"], "--seeds must be at least 1, got 0"),
        (["--rates", "0"], "--rates must be at least 1, got 0"),
        (["--rates", "-3"], "--rates must be at least 1, got -3"),
        (["--rates", "few"], "--rates=few: expected numbers (0.1,0.3,1), or lin:LOW:HIGH:COUNT"),
        (
            ["--rates", "-1,1", "--optimizer", "adam"],
            "--rates must be above zero, for they are compared over decades; got -1",
        ),
        (["--lanes", "0"], "--lanes must be at least 1, got 0"),
        (["--problem", "nowhere:P"], "cannot import nowhere of nowhere:P (No module named 'nowhere')"),
        (["--optimizer", "optax:adm"], "optax has no 'adm'"),
        (["--process", "1"], "--coordinator, --processes and --process go together"),
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
    assert "was not written by gradlab" in err
    assert (tmp_path / "results.nc").read_text() == "mine"


CUT = (*TINY, "--chunk", "2", "--lanes", "2")  # 2 tasks of 2 blocks of 3 chunks


def stopping(error: BaseException, after: int) -> Callable[..., None]:
    """`Store.write` that raises after some parts."""
    write, count = checkpoints.CheckpointStore.write, iter(range(after))

    def stopped(*arguments: Any) -> None:
        if next(count, None) is None:
            raise error
        write(*arguments)

    return stopped


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the race of `CUT` that nothing stopped."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "race"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gradlab", "race", "--out", str(folder), *CUT])
        assert main() == 0
    return contents(folder)


@pytest.mark.parametrize("after", [1, 9])
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    gradlab: Callable[..., Any],
    uninterrupted: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.CheckpointStore, "write", stopping(KeyboardInterrupt(), after))
        code, printed, err = gradlab("race", "--out", str(out), *CUT)
    assert (code, printed) == (130, "")
    assert err.startswith(f"gradlab: stopped; {8 * after // 12} of 8 runs are kept in {out}, and the same command goes")
    assert not (out / "results.nc").exists()
    code, _, err = gradlab("race", "--out", str(out), *CUT)
    assert (code, err) == (0, f"{out} holds an unfinished run of this plan; going on from there\n")
    assert contents(out) == uninterrupted


def test_a_damaged_part_is_computed_anew(
    gradlab: Callable[..., Any], uninterrupted: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.CheckpointStore, "write", stopping(KeyboardInterrupt(), 8))
        assert gradlab("race", "--out", str(out), *CUT).code == 130
    first, *_, last = sorted((out / "parts").iterdir())
    first.write_bytes(first.read_bytes()[:100])
    last.write_bytes(last.read_bytes().replace(b"\x00\x00", b"\x01\x01"))
    code, _, err = gradlab("race", "--out", str(out), *CUT)
    assert code == 0
    assert err.count("is damaged") == 2
    assert f"gradlab: warning: {first} is damaged" in err
    assert err.count("the block is computed anew") == 2
    assert contents(out) == uninterrupted


def test_a_full_disk_is_one_line_and_exit_code_1_and_loses_nothing(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.CheckpointStore, "write", stopping(OSError(28, "No space left on device"), 3))
        code, printed, err = gradlab("race", "--out", str(tmp_path), *CUT)
    assert (code, printed) == (1, "")
    assert err == (
        f"gradlab: cannot write to {tmp_path} ([Errno 28] No space left on device); 2 of 8 runs are kept in "
        f"{tmp_path}, and the same command goes on from there\n"
    )
    assert gradlab("race", "--out", str(tmp_path), *CUT).code == 0


def test_a_folder_that_another_process_writes_to_is_refused(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    with lock.lock_folder(tmp_path):
        code, printed, err = gradlab("race", "--out", str(tmp_path), *TINY)
    assert (code, printed) == (2, "")
    assert f"gradlab: process {os.getpid()} on " in err
    assert f"is writing to {tmp_path}; wait for it, or pass another folder" in err
    assert list(tmp_path.iterdir()) == []


MINE = """
import jax, jax.numpy as jnp, optax
from gradlab.lab.problems import Problem

class Bowl(Problem):
    name, summary = "bowl", "The simplest problem."
    def init(self, key):
        return jax.random.normal(key, (10,), jnp.float32)
    def loss(self, params, batch):
        return jnp.sum(params**2)

def my_momentum(learning_rate=0.03):
    return optax.chain(optax.trace(0.9), optax.scale(-learning_rate))
"""


def test_a_users_own_optimizer_and_problem_race(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_of_the_race.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    arguments = (
        "--optimizer", "mine_of_the_race:my_momentum", "--optimizer", "sgd_momentum", "--problem",
        "mine_of_the_race:Bowl", "--rates", "0.03", "--seeds", "2", "--steps", "5",
    )  # fmt: skip
    code, printed, err = gradlab("race", "--out", "out", *arguments)
    assert (code, err) == (0, "")
    assert "The simplest problem." in printed
    dataset = results_file.read(tmp_path / "out" / "results.nc")[0]["bowl"]
    assert dataset.optimizer.values.tolist() == ["my_momentum", "sgd_momentum"]
    np.testing.assert_allclose(dataset.loss[0], dataset.loss[1], rtol=1e-4)
    (tmp_path / "mine_of_the_race.py").write_text(MINE + "\n# edited")
    code, _, err = gradlab("race", "--out", "out", *arguments)
    assert code == 2
    assert "holds a study with another plan (mine_of_the_race.py was edited)" in err


def contents(folder: Path) -> dict[str, bytes]:
    """All files by name, but for the provenance and the report, which states it."""
    varying = ("provenance.json", "report.html")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in varying}
