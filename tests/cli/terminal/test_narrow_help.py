"""In a narrow terminal, the help of a command cuts nothing that one has to type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from gradlab.cli.app import COMMANDS, import_command


def words(text: str) -> set[str]:
    """Return the words of a text, such as package.module:name, without the frames of a table."""
    return set(re.sub("[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_nothing_is_cut(name: str, width: int, gradlab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    printed = gradlab(name, "--help").out
    assert "…" not in printed
    for parameter in import_command(name).params:
        assert parameter.param_type_name == "argument" or parameter.opts[-1] in printed
        assert not parameter.help or words(parameter.help) <= words(printed)


def test_a_narrow_help_has_a_paragraph_for_each_option(
    gradlab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = gradlab("race", "--help").out.splitlines()
    place = lines.index("  --problem <list[str]>")
    assert lines[place + 1 : place + 3] == [
        "      A problem, NAME:key=value,..., package.module:name, or",
        "      all. Repeat it for more. Default: digits and ravine.",
    ]
    assert max(map(len, lines)) <= 60
