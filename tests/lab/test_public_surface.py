"""`gl.lab` has the names that users need, and the shell and Python leave the same files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gradlab as gl
from gradlab.cli import main

NAMES = {
    "FinishedChunk", "FolderError", "Hyperband", "Integer", "Landscape", "Linear", "Log", "MedianStopping", "PROBLEMS",
    "Problem", "ResultsAccessor", "ResultsError", "Score", "SuccessiveHalving", "UserCodeError", "Watcher", "When",
    "export", "merge", "problem_from", "race", "read_results", "search", "sweep",
}  # fmt: skip


def test_these_names_are_public() -> None:
    assert set(gl.lab.__all__) == NAMES
    for name in NAMES:
        assert getattr(gl.lab, name).__doc__ or name == "PROBLEMS"
    assert set(dir(gl.lab)) >= NAMES


def test_a_name_that_is_misspelt_is_met_with_the_right_one() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'swep'; did you mean sweep"):
        gl.lab.swep  # noqa: B018
    script = "import gradlab as gl; print(gl.lab.problems.Reddi())"  # the module, as docstrings name it
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout == "Reddi(large=4.0, period=3, stochastic=False)\n"


def test_the_laboratory_is_light_until_it_is_used() -> None:
    script = "import sys, gradlab as gl; gl.lab; print({'xarray', 'pandas', 'matplotlib', 'rich'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "set()\n"


SMALL: dict[str, Any] = {"seeds": 2, "steps": 12}
RANGE = {"learning_rate": "log:0.01:1"}
BOTH: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "race": (
        lambda out: gl.lab.race("ravine", ["sgd", "adam"], 3, **SMALL, out=out),
        ["--optimizer", "sgd", "--optimizer", "adam", "--rates", "3"],
    ),
    "sweep": (
        lambda out: gl.lab.sweep("ravine", "sgd", {"learning_rate": [0.001, 0.01], "momentum": 0.5}, **SMALL, out=out),
        ["--optimizer", "sgd", "--set", "learning_rate=0.001,0.01", "--set", "momentum=0.5"],
    ),
    "search": (
        lambda out: gl.lab.search("ravine", gl.sgd, RANGE, trials=4, batch=2, **SMALL, out=out),
        ["--optimizer", "sgd", "--set", "learning_rate=log:0.01:1", "--trials", "4", "--batch", "2"],
    ),
}


COMMANDS = {
    "race": "gl.lab.race(problems='ravine', optimizers=['sgd', 'adam'], rates=3, seeds=2, steps=12)",
    "sweep": "gl.lab.sweep(problems='ravine', optimizers='sgd', hyperparameters={'learning_rate': [0.001, 0.01], "
    "'momentum': 0.5}, seeds=2, steps=12)",
    "search": "gl.lab.search(problems='ravine', optimizers=gradlab.optimizers.sgd.sgd, hyperparameters="
    "{'learning_rate': 'log:0.01:1'}, trials=4, batch=2, seeds=2, sampler='tpe', sample_seed=0, steps=12)",
}


def without_provenance(path: Path) -> bytes:
    """The content of a file; of a report, all but the command and the table of versions and machine."""
    if path.name != "report.html":
        return path.read_bytes()
    page = re.sub(r'<pre class="command".*?</pre>', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    page = re.sub(r'<tr>\s*<th scope="row">Date.*?</tr>', "", page, flags=re.DOTALL)
    return re.sub(r'<td data-sort="[^"]*">[^<]*</td>\s*</tr>', "</tr>", page).encode()  # the seconds that it took


@pytest.mark.parametrize("kind", BOTH)
def test_the_shell_and_python_leave_the_same_files(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_python, arguments = BOTH[kind]
    options = ["--problem", "ravine", "--seeds", "2", "--steps", "12", "--out", str(tmp_path / "shell")]
    monkeypatch.setattr(sys, "argv", ["gradlab", kind, *options, *arguments])
    assert main() == 0
    capsys.readouterr()
    results = in_python(tmp_path / "python")
    files = sorted(path.name for path in (tmp_path / "shell").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "python").iterdir())
    assert {"results.nc", "report.html"} <= set(files)
    for name in set(files) - {"provenance.json"}:
        shell, python = (without_provenance(tmp_path / place / name) for place in ("shell", "python"))
        assert shell == python, name
    read = gl.lab.read_results(tmp_path / "shell")
    drop = ["compile_seconds", "run_seconds"]
    assert read["ravine"].to_dataset().drop_vars(drop).identical(results["ravine"].to_dataset().drop_vars(drop))
    command = json.loads((tmp_path / "python" / "provenance.json").read_text())["command"]
    assert command == results.attrs["command"] == COMMANDS[kind]
