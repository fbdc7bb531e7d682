"""What is printed commands no terminal, and JSON stands alone."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table
from rich.text import Text

from gradlab.cli.terminal.printing import SafeConsole, escape_controls, escape_line, make_console
from gradlab.cli.terminal.tables import print_columns


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ηε ‖m̂ₜ‖", "plain ηε ‖m̂ₜ‖"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\rb\x08", r"a\rb\x08"),
        ("\u202egnol", r"\u202egnol"),
        ("\x9b1m", r"\x9b1m"),
        ("\ud800", r"\ud800"),
    ],
)
def test_control_characters_are_shown(text: str, shown: str) -> None:
    assert escape_controls(text) == escape_line(text) == shown


def test_a_newline_is_kept_only_where_there_may_be_lines() -> None:
    assert escape_controls("a\nb") == "a\nb"
    assert escape_line("a\nb") == r"a\nb"


def test_no_console_sends_what_a_name_says() -> None:
    stream = io.StringIO()
    console = SafeConsole(file=stream, width=90, markup=False, force_terminal=True)
    console.print(Text("\x1b[2J\x1b]0;taken\x07", style="bold"))
    table = Table("name")
    table.add_row(Text("\x1b[5mblink"))
    console.print(table)
    print_columns(console, {"#": ["1"], "optimizer": ["two\nlines [bold]x[/]\x1b[1m"]})
    printed = stream.getvalue()
    assert "\x1b[2J" not in printed
    assert "\x1b]0" not in printed
    assert "\x1b[5m" not in printed
    assert r"two\nlines [bold]x[/]\x1b[1m" in printed


@pytest.mark.parametrize(("columns", "width"), [("77", 77), ("200", 200), (None, 110), ("many", 110)])
def test_columns_is_heeded_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str | None, width: int
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    assert make_console().width == width


TALKER = """
print("loading")
import gradlab as gl

def talks(learning_rate=0.1):
    "Talks \\x1b[31mred."
    print("making")
    return gl.sgd(learning_rate)
"""


@pytest.fixture
def talker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "talker.py").write_text(TALKER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("talker", None)


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "talker:talks"),
        ("race", "--optimizer", "talker:talks", "--problem", "ravine", "--rates", "2", "--seeds", "1", "--steps", "2"),
    ],
)
def test_what_a_module_prints_does_not_spoil_json(
    gradlab: Callable[..., Any], talker: None, arguments: tuple[str, ...]
) -> None:
    code, out, err = gradlab(*arguments, "--json")
    assert code == 0
    json.loads(out)
    assert "loading\n" in err
    assert "making\n" in err


def test_what_a_docstring_says_does_not_reach_the_terminal(gradlab: Callable[..., Any], talker: None) -> None:
    out = gradlab("explain", "talker:talks").out
    assert out.startswith("loading\n")
    assert r"Talks \x1b[31mred." in out
    assert "\x1b" not in out


def test_an_error_is_one_line_without_control_characters(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("explain", "ad\x1b[31mam\nx")
    assert (code, out) == (2, "")
    assert "\x1b" not in err
    assert err.count("\n") == 1
