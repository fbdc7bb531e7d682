"""`gradlab claims`: the list, wrong input, and the experiment of a cheap claim, run briefly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._literature_claims.catalogue import CLAIMS


def test_without_a_number_the_claims_are_listed(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("claims")
    assert (code, err) == (0, "")
    assert all(claim.title in out for claim in CLAIMS)
    assert "damps the oscillation: not reproduced" in out
    rows = json.loads(gradlab("claims", "--json").out)["claims"]
    assert [row["claim"] for row in rows] == list(range(1, 17))
    assert rows[1]["recorded"]["responds sooner"] == "holds when the rate is large"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["17"], "there is no claim '17'; give numbers from 1 to 16, titles, or all; gradlab claims lists them"),
        (["ravin"], "there is no claim 'ravin'; did you mean claim 1, Ravine?"),
        (["overshot"], "there is no claim 'overshot'; did you mean Overshoot?"),
        (["amsgrad"], "there is no claim 'amsgrad'; did you mean claim 10, Non-convergence?"),
        (["--brief"], "--brief needs a claim: a number from 1 to 16, or all"),
        (["--out", "x"], "--out needs a claim: a number from 1 to 16, or all"),
    ],
)
def test_wrong_input_is_one_line(gradlab: Callable[..., Any], arguments: list[str], message: str) -> None:
    assert gradlab("claims", *arguments) == (2, "", f"gradlab: {message}\n")


def test_a_folder_that_holds_something_is_refused(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "claim_02").mkdir()
    (tmp_path / "claim_02" / "mine.txt").write_text("mine")
    code, out, err = gradlab("claims", "2", "--out", str(tmp_path))
    assert (code, out) == (2, "")
    assert "claim_02 is not empty; pass another --out" in err


def test_a_brief_experiment_reproduces_the_recorded_verdict(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, out, err = gradlab("claims", "2", "--brief", "--out", str(tmp_path))
    assert (code, err) == (0, "")
    assert "responds sooner: holds when the rate is large  (recorded: holds when the rate is large)" in out
    assert "64 runs briefly" in out
    assert all(f"{what}: {name}" in out for what in ("overshoot", "arrived") for name in ("momentum", "Nesterov"))
    folder = tmp_path / "claim_02"
    assert sorted(path.name for path in folder.iterdir()) == [
        "claim.json",
        "figure.png",
        "figure.svg",
        "study_01_ravine",
    ]
    document = json.loads((folder / "claim.json").read_text())
    assert document["numbers"]["brief"] is True
    assert document["runs"] == 64
    assert (folder / "study_01_ravine" / "results.nc").exists()


@pytest.mark.slow
def test_a_second_one_does_too(gradlab: Callable[..., Any]) -> None:
    code, out, _ = gradlab("claims", "1", "--brief", "--json")
    (found,) = json.loads(out)["claims"]
    assert (code, found["agrees"] is False) == (0, False)
    verdicts = {verdict["part"]: verdict["word"] for verdict in found["verdicts"]}
    assert verdicts["arrives sooner"] == "holds"
    assert verdicts["damps the oscillation"] == "not reproduced"
