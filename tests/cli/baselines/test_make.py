"""`gradlab baselines`, from the options to the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._baselines.baseline_file import read_baseline

SMALL = ("--optimizer", "sgd", "--optimizer", "adam", "--rates", "0.01,0.03", "--seeds", "4", "--steps", "8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--problem", "ravin"], "no problem is named 'ravin'; did you mean ravine"),
        (["--problem", "ravine", "--optimizer", "adm"], "no optimizer is named 'adm'; did you mean adam"),
        (
            ["--problem", "ravine", "--rates", "5"],
            "--rates must be learning rates, such as log:1e-4:100:5, not a number of them",
        ),
        (["--problem", "ravine", "--seeds", "0"], "--seeds must be at least 1, got 0"),
        (["--problem", "ravine", "--out", "file"], "cannot write to file (File exists); pass another --out"),
    ],
)
def test_wrong_options_are_answered_in_one_line(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    code, _, err = gradlab("baselines", *arguments)
    assert code in (1, 2)
    assert err.startswith(f"gradlab: {message}")
    assert err.count("\n") == 1


@pytest.mark.slow
def test_a_search_becomes_a_file_once(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    code, _, err = gradlab("baselines", "--problem", "ravine", *SMALL, "--out", str(mine))
    assert code == 0, err
    assert "ravine.nc.xz: 2 optimizers, 16 runs, " in err
    baseline = read_baseline(mine / "ravine.nc.xz")
    assert baseline.origin["command"].startswith("gradlab race --problem ravine --optimizer sgd")
    assert str(tmp_path) not in baseline.origin["command"]
    (study,) = (mine / "studies").iterdir()
    assert study.name == f"ravine-{baseline.definition}"
    again = gradlab("baselines", "--problem", "ravine", *SMALL, "--out", str(mine))
    assert "is there already" in again.err
    # The search ran in a process with other settings than those of the tests, which is refused.
    code, _, err = gradlab("race", "--problem", "ravine", "--optimizer", "lion", "--against", str(mine))
    assert code == 2
    assert "jax_enable_x64 is False in the baseline on ravine, True here; set it as there" in err
