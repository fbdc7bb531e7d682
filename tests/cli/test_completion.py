"""Names are completed, and known to the shell."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from gradlab.cli import completion
from gradlab.cli.app import app


def test_names_begin_with_what_is_typed() -> None:
    assert completion.optimizers("sgd") == ["sgd", "sgd_momentum", "sgd_nesterov"]
    assert completion.recipes("sgd") == ["sgd"]
    ((name, summary),) = completion.problems("rav")
    assert name == "ravine"
    assert summary.endswith(".")
    assert {"adam", "scale_by_rms", "ravine", "sgd_momentum"} <= set(completion.everything(""))
    assert completion.everything("nothing") == []


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("race --problem rav", "ravine"),
        ("race --optimizer amsg", "amsgrad"),
        ("sweep --optimizer amsb", "amsbound"),
        ("search --problem roset", ""),
        ("search --problem rose", "rosenbrock"),
        ("explain scale_by_rs", "scale_by_rss"),
    ],
)
def test_the_shell_is_told(line: str, completed: str) -> None:
    words = f"gradlab {line}"
    settings: Any = {"_GRADLAB_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = CliRunner().invoke(app, [], env=settings, prog_name="gradlab")
    assert result.stdout.split() == completed.split()
