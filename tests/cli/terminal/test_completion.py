"""Names are completed, and known to the shell."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from gradlab import registry
from gradlab.cli.app import app
from gradlab.cli.terminal import completion
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab.problems import PROBLEMS


def test_names_begin_with_what_is_typed() -> None:
    assert completion.complete_optimizers("sgd") == ["sgd", "sgd_momentum", "sgd_nesterov"]
    assert completion.complete_recipes("sgd") == ["sgd"]
    ((name, summary),) = completion.complete_problems("rav")
    assert name == "ravine"
    assert summary.endswith(".")
    assert {"adam", "scale_by_rms", "ravine", "sgd_momentum"} <= set(completion.complete_names(""))
    assert completion.complete_names("nothing") == []


def test_the_names_read_from_the_source_are_those_of_the_registry() -> None:
    assert dict(completion.complete_problems("")) == {name: make().summary for name, make in PROBLEMS.items()}
    assert completion.complete_optimizers("") == sorted(collect_contestants())
    assert completion.complete_recipes("") == list(registry.of_kind("recipe"))
    assert sorted(completion.complete_factories("")) == sorted(registry.entries())
    assert sorted(completion.complete_names("")) == sorted({**collect_contestants(), **registry.entries(), **PROBLEMS})


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("race --problem rav", "ravine"),
        ("race --optimizer amsg", "amsgrad"),
        ("sweep --optimizer amsb", "amsbound"),
        ("search --problem roset", ""),
        ("search --problem rose", "rosenbrock"),
        ("explain scale_by_rs", "scale_by_rss"),
        ("check clip_by_g", "clip_by_global_norm"),
        ("check warmup_c", "warmup_cosine"),
        ("explain warmup_c", "warmup_cosine"),
        ("sweep --sampler ha", "halton"),
        ("race --see", "--seeds"),
    ],
)
def test_the_shell_is_told(line: str, completed: str) -> None:
    words = f"gradlab {line}"
    settings: Any = {"_GRADLAB_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = CliRunner().invoke(app, [], env=settings, prog_name="gradlab")
    assert result.stdout.split() == completed.split()


@pytest.mark.parametrize("typed", ["--problem r", "--r"])
def test_a_long_description_stays_on_the_line_of_its_name(typed: str) -> None:
    command = [sys.executable, "-c", "import sys; from gradlab.cli import main; sys.argv = ['gradlab']; main()"]
    settings = {
        "_GRADLAB_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": f"gradlab race {typed}",
    }  # fmt: skip
    result = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    lines = [line.partition("\t") for line in result.stdout.splitlines()]
    assert lines
    assert all(name.startswith(typed.split()[-1]) and text for name, _, text in lines)
    assert max(len(text) for *_, text in lines) > 100
