import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gradlab.cli.app import app

MINE = """
    import jax.numpy as jnp
    import gradlab as gl

    made = gl.schedules.cosine(0.1, 100)
    number = 3

    def warmup(steps=20):
        return lambda t: 0.1 * jnp.minimum(1.0, t / steps)

    def late(steps=20):
        return lambda t: 0.1 * jnp.clip((t - 1) / steps, 0.0, 1.0)

    def formula(t, *, steps):
        return 0.1 * min(1.0, t / steps)

    def failing_formula(t, *, steps):
        return 0.1 / (t - 5)

    def other_formula(t, *, length):
        return 0.1

    def inverse(t):
        return 0.1 / t if t else 1 / 0
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_schedules.py").write_text(textwrap.dedent(MINE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["check", *arguments])


@pytest.mark.parametrize(
    ("arguments", "subject"),
    [
        (["cosine"], "cosine()"),
        (["gl.schedules:cosine", "--arg", "init_value=0.2", "--arg", "decay_steps=30"], None),
        (["gl.schedules:cosine"], "cosine()"),
        (["my_schedules:made"], "cosine(init_value=0.1, decay_steps=100.0)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_schedule_of_gradlab_is_compared_with_its_formula(arguments: list[str], subject: str | None) -> None:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert subject in (None, report["subject"])
    assert {"formula": "holds", "end points": "holds"}.items() <= {
        r["law"]: r["verdict"] for r in report["results"]
    }.items()


def test_a_schedule_of_ones_own_is_compared_with_a_formula_of_ones_own() -> None:
    options = ["--reference", "my_schedules:formula", "--arg", "steps=100", "--claim", "end=100,0.1"]
    assert run("my_schedules:warmup", *options).exit_code == 0
    result = run("my_schedules:late", *options)
    assert result.exit_code == 1
    words = " ".join(result.output.split())
    assert "BROKEN formula: it agrees with the formula formula at every step" in words
    assert "It lags: its value at step t is that of the formula at step t - 1." in words
    assert "BROKEN end: " in words


def test_a_law_of_schedules_may_be_excepted() -> None:
    options = ["--reference", "my_schedules:formula", "--except", "formula", "--json"]
    assert json.loads(run("my_schedules:late", *options).stdout)["ok"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["cosine", "--arg", "foo=1"], 2, "cosine has no argument 'foo'; it has init_value, decay_steps, "),
        (["cosine", "--arg", "decay_steps=50"], 2, "missing a required argument: 'init_value'"),
        (["cosine", "--arg", "init_value=1", "--arg", "decay_steps=-1"], 2, "cosine: decay_steps must be "),
        (["cosine", "--dtype", "float32"], 2, "--dtype is for optimizers, but cosine is a schedule; leave it out"),
        (["cosine", "--domain", "real"], 2, "--domain is for optimizers, but cosine is a schedule"),
        (["cosine", "--extra", "value=1"], 2, "--extra is for optimizers, but cosine is a schedule"),
        (["cosine", "--quick"], 2, "--quick is for optimizers, but cosine is a schedule; leave it out"),
        (["cosine", "--claim", "descends"], 2, "no claim is named 'descends'; there are "),
        (["cosine", "--claim", "end=100"], 2, "got 100; pass --claim 'end=(1000, 0.0)'"),
        (["cosine", "--except", "pure"], 2, "no law of schedules is named 'pure'"),
        (["cosine", "--reference", "cosin"], 2, "no formula is named 'cosin'; did you mean cosine"),
        (
            ["my_schedules:made", "--arg", "steps=3"],
            2,
            "--arg steps goes with a factory, but my_schedules:made is a sch",
        ),
        (
            ["my_schedules:warmup", "--reference", "my_schedules:number"],
            2,
            "is of type int, expected a function of the",
        ),
        (["my_schedules:warmup", "--reference", "my_schedules:formla"], 2, "did you mean formula"),
        (
            ["my_schedules:warmup", "--reference", "my_schedules:other_formula"],
            2,
            "missing a required argument: 'length",
        ),
        (["my_schedules:warmup", "--reference", "my_schedules:failing_formula"], 1, "formula"),
        (["my_schedules:inverse"], 1, "my_schedules:inverse at step 0 fails at "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_said_in_a_line(arguments: list[str], code: int, words: str) -> None:
    result = run(*arguments)
    assert words in result.output
    assert result.exit_code == code
    assert "Traceback" not in result.output
