"""`gradlab check mine:COEFFICIENTS`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gradlab.cli.app import app
from gradlab.cli.checking.options import read_claims

MINE = """
import numpy as np

JORDAN = (3.4445, -4.7750, 2.0315)
RELEASED_AS_AOL = [
    (4.0098, -7.0585, 2.4635), (3.4585, -5.5479, 2.5959), (2.7573, -3.2939, 1.4254), (2.7215, -3.0494, 1.3169)
]
TWO = ((1.875, -1.25, 0.375), (1.875, -1.25, 0.375))
ARRAY = np.array(RELEASED_AS_AOL)
WORDS = ["3.4445", "steep"]
"""


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_coefficients.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> tuple[int, str]:
    """The exit code, and what is printed, with one blank between words."""
    result = CliRunner().invoke(app, ["check", *words])
    return result.exit_code, " ".join(result.output.split())


def test_good_coefficients_pass() -> None:
    code, output = run("my_coefficients:JORDAN", "--arg", "steps=5", "--arg", "band=0.68,1.14")
    assert code == 0
    assert "positive after 5 steps" in output
    assert "2 laws hold" in output


@pytest.mark.parametrize("name", ["RELEASED_AS_AOL", "ARRAY"])
def test_bad_coefficients_fail(name: str) -> None:
    code, output = run(f"my_coefficients:{name}", "--arg", "steps=(4, 5)", "--arg", "cycle=True")
    assert code == 1
    assert "wrong for about 87.3 % of the singular values" in output
    assert "BROKEN in its band after 4 steps" in output


def test_two_sets_are_no_pair_of_functions_and_json_is_printed() -> None:
    code, output = run("my_coefficients:TWO", "--arg", "band=None", "--json")
    assert code == 0
    assert json.loads(output)["results"][0]["law"] == "positive after 2 steps"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--arg", "step=5"], "are examined without 'step'; did you mean steps?"),
        (["--arg", "steps=0"], "steps must be whole numbers of at least 1"),
        (["--arg", "band=1"], "band must be a pair of numbers"),
        (["--claim", "descends"], "which --claim says nothing about"),
        (["--dtype", "float32"], "which --dtype says nothing about"),
        (["--quick"], "which --quick says nothing about"),
    ],
)
def test_what_makes_no_sense_for_coefficients_is_refused(words: list[str], message: str) -> None:
    code, output = run("my_coefficients:JORDAN", *words)
    assert code == 2
    assert message in output


def test_other_lists_are_no_coefficients() -> None:
    code, output = run("my_coefficients:WORDS")
    assert code == 2
    assert "has the type list" in output


def test_a_claim_whose_value_is_optional_needs_none() -> None:
    assert read_claims(["transpose symmetric"], {}) == {"transpose symmetric": True}
    assert read_claims(["transpose_symmetric=0.1"], {}) == {"transpose symmetric": 0.1}
    with pytest.raises(typer.Exit):
        read_claims(["transpose symmetric=much"], {})
    with pytest.raises(typer.Exit):
        read_claims(["singular values"], {})
    assert read_claims(["singular values=0.68,1.14"], {}) == {"singular values": (0.68, 1.14)}
    assert read_claims(["shape factor=sqrt(max(1, r / c))"], {}) == {"shape factor": "sqrt(max(1, r / c))"}
