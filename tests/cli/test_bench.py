"""`gradlab bench`, from the options to the table and the files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradlab.bench import race_grid, torch_process
from gradlab.bench.step_rows import measure_row
from gradlab.cli.terminal.completion import complete_counterparts

TINY = ("bench", "sgd", "adam", "--size", "2^10", "--seconds", "0.01", "--against", "optax")


def test_the_tables_and_the_files(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    found, picture = tmp_path / "found.json", tmp_path / "picture.png"
    code, out, err = gradlab(*TINY, "--leaves", "1,2", "--json", str(found), "--plot", str(picture))
    assert (code, err) == (0, "")
    for text in ("Steps: 2^10 parameters in 1 leaf", "Programs: 2^10 parameters in 2 leaves", "/optax", "3 of 3"):
        assert text in out
    assert "/torch" not in out
    assert f"Written: {picture}" in out
    document = json.loads(found.read_text())
    assert document["complete"]
    assert [(row["optimizer"], row["leaves"]) for row in document["rows"]] == [
        ("sgd", 1), ("adam", 1), ("sgd", 2), ("adam", 2),
    ]  # fmt: skip
    assert document["calls"].keys() == {"sgd", "adam"}
    assert document["machine"]["cores"] >= 1
    assert document["versions"]["torch"] is None
    assert document["settings"]["cpu_fusion"] is False
    assert document["command"].startswith("gradlab bench sgd adam --size '2^10'")
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_json_alone_on_standard_output(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("bench", "sgd", "--size", "64", "--seconds", "0.01", "--against", "none", "--json", "-")
    assert (code, err) == (0, "")
    assert json.loads(out)["rows"][0]["optimizer"] == "sgd"


def test_the_table_fits_80_columns(gradlab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = gradlab(*TINY)
    assert max(map(len, out.splitlines())) <= 80
    assert "too narrow" in out


def test_what_was_measured_before_an_interrupt_is_kept(
    gradlab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(name: str, *rest: Any) -> Any:
        if name == "adam":
            raise KeyboardInterrupt
        return measure_row(name, *rest)

    monkeypatch.setattr("gradlab.bench.run.measure_row", interrupted)
    found = tmp_path / "found.json"
    code, out, err = gradlab(*TINY, "--json", str(found))
    assert code == 130
    assert err == f"gradlab: stopped; 1 of 2 rows were measured, and are in {found}\n"
    assert "sgd" in out
    document = json.loads(found.read_text())
    assert [row["optimizer"] for row in document["rows"]] == ["sgd"]
    assert document["complete"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["adamm"], "did you mean adam"),
        (["--size", "huge"], "--size must be a list of whole numbers from 1 on"),
        (["--size", "2^40"], "are allowed; pass a smaller --size"),
        (["--leaves", "3"], "cannot be divided into 3 equal leaves"),
        (["--against", "keras"], "--against must be a list of optax and torch, or none, got 'keras'"),
        (["--plot", "picture.gif"], "--plot must end in .png, .svg or .pdf, got picture.gif"),
        (["--json", "nowhere/found.json"], "there is no folder nowhere; make it first"),
        (["--json", "."], "--json must be a file, but . is a folder"),
        (["--rates", "2"], "--rates goes with gradlab bench race"),
        (["race", "--size", "8"], "--size does not go with gradlab bench race"),
        (["race", "muonn"], "did you mean muon"),
    ],
)
def test_wrong_input_is_refused(gradlab: Callable[..., Any], arguments: list[str], message: str) -> None:
    code, out, err = gradlab("bench", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_without_pytorch(gradlab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_process, "find_spec", lambda name: None)
    tiny = ("bench", "sgd", "--size", "64", "--seconds", "0.01")
    code, _, err = gradlab(*tiny, "--against", "torch")
    assert code == 1
    assert err == ("gradlab: PyTorch is not installed; install it with: pip install torch; or pass --against optax\n")
    code, out, err = gradlab(*tiny)
    assert (code, err) == (0, "left out: PyTorch is not installed; install it with: pip install torch\n")
    assert "/torch" not in out


def test_the_grid_of_the_race(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    arguments = ("--problem", "ravine", "--rates", "2", "--seeds", "2", "--steps", "4", "--json", str(found))
    code, out, err = gradlab("bench", "race", "sgd", *arguments)
    assert (code, err) == (0, "")
    assert "4 runs on ravine: sgd" in out
    assert "a loop over jitted optax steps" in out
    document = json.loads(found.read_text())
    assert document["ratio"] == document["loop_seconds"] / document["sweep_seconds"]
    assert (document["kind"], document["complete"]) == ("race", True)


def test_a_stopped_grid_keeps_the_programs_and_the_loops_that_are_done(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([np.zeros((2, 1, 2))])

    def loop_until_stopped(*arguments: Any) -> np.ndarray:
        for loss in losses:
            return loss
        raise KeyboardInterrupt

    monkeypatch.setattr(race_grid, "_loop", loop_until_stopped)
    found = tmp_path / "found.json"
    arguments = ("--problem", "ravine", "--rates", "2", "--seeds", "1", "--steps", "2", "--json", str(found))
    code, _, err = gradlab("bench", "race", "sgd", "sign_sgd", *arguments)
    assert code == 130
    assert "; 1 of 2 loops took" in err
    document = json.loads(found.read_text())
    assert (document["loops"], document["complete"]) == (1, False)
    assert document["sweep_seconds"] > 0


def test_completion() -> None:
    assert complete_counterparts("rms") == ["rmsprop", "rmsprop_centered", "rmsprop_momentum"]
    assert {"race", "radam"} <= set(complete_counterparts("r"))
