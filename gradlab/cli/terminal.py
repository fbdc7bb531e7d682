"""Standard output and standard error, as all commands use them."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn, TextIO

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, marks of direction, halves of characters, separators of lines
_PIPED_WIDTH = 110  # columns where there is no terminal: lines may be long

_json_stream: TextIO | None = None


def fail(message: object, code: int = 2) -> NoReturn:
    """Say what is wrong on standard error, and end the command with an exit code."""
    say(f"gradlab: {message}")
    raise typer.Exit(code)


def say(message: str) -> None:
    """Print one line on standard error."""
    typer.echo(escape_controls(" ".join(message.splitlines())), err=True)


def escape_controls(text: str) -> str:
    """The text with an escape for each control character but newlines, so that no name commands the terminal."""
    return "".join(
        letter if letter == "\n" or unicodedata.category(letter) not in _UNSEEN else _escape_letter(letter)
        for letter in text
    )


def escape_line(text: str) -> str:
    """The text with newlines escaped too."""
    return escape_controls(text).replace("\n", "\\n")


def _escape_letter(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


class SafeConsole(Console):
    """A console that shows control characters of what it prints, and never sends them."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of what is printed, with the control characters in their text escaped."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(escape_controls(segment.text), segment.style)


def make_console() -> Console:
    """Standard output; made anew so that it is what the caller, or a test, has put there.

    It is as wide as the terminal, or as `COLUMNS` says; piped, lines may be long.
    """
    console = SafeConsole(highlight=False, markup=False, soft_wrap=False)
    if console.is_terminal or os.environ.get("COLUMNS", "").isdigit():
        return console
    return SafeConsole(highlight=False, markup=False, width=max(console.width, _PIPED_WIDTH))


@contextlib.contextmanager
def reserve_for_json(wanted: bool) -> Iterator[None]:
    """Within, what anybody prints goes to standard error, so that the JSON of `print_json` stands alone."""
    global _json_stream
    if not wanted:
        yield
        return
    _json_stream = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _json_stream = None


def print_json(content: Mapping[str, Any] | str) -> None:
    """Print a document, or one that is text already, and nothing else, on standard output."""
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    stream = _json_stream or sys.stdout
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # what the encoding does not have is escaped as JSON escapes it
        text = json.dumps(json.loads(text), indent=2, allow_nan=False)
    typer.echo(text.rstrip("\n"), file=stream)
