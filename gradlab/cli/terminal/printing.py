"""Printing to standard output and standard error, for all commands."""

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

# Unicode categories: control and format characters, surrogates, and separators of lines and paragraphs.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_PIPED_WIDTH = 110  # columns where there is no terminal

_json_stream: TextIO | None = None


def fail(message: object, code: int = 2) -> NoReturn:
    """Print an error on standard error, and end the command with an exit code."""
    say(f"gradlab: {message}")
    raise typer.Exit(code)


def say(message: str) -> None:
    """Print one line on standard error."""
    typer.echo(escape_controls(" ".join(message.splitlines())), err=True)


def escape_controls(text: str) -> str:
    """Escape control characters except newlines, so that no name can control the terminal."""
    return "".join(
        letter if letter == "\n" or unicodedata.category(letter) not in _UNSEEN else _escape_letter(letter)
        for letter in text
    )


def escape_line(text: str) -> str:
    """Escape control characters and newlines."""
    return escape_controls(text).replace("\n", "\\n")


def _escape_letter(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


class SafeConsole(Console):
    """A console that prints control characters as escapes and never sends them to the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments to print, with control characters escaped."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(escape_controls(segment.text), segment.style)


def make_console() -> Console:
    """Return a console on the present standard output, which a test may have replaced.

    It is as wide as the terminal, or as `COLUMNS` says. Without a terminal it has 110 columns or more.
    """
    console = SafeConsole(highlight=False, markup=False, soft_wrap=False)
    if console.is_terminal or os.environ.get("COLUMNS", "").isdigit():
        return console
    return SafeConsole(highlight=False, markup=False, width=max(console.width, _PIPED_WIDTH))


@contextlib.contextmanager
def reserve_for_json(enabled: bool) -> Iterator[None]:
    """Within the context, send everything but `print_json` to standard error, so that the JSON stands alone."""
    global _json_stream
    if not enabled:
        yield
        return
    _json_stream = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _json_stream = None


def print_json(content: Mapping[str, Any] | str) -> None:
    """Print a document, or JSON that is text already, on standard output."""
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    stream = _json_stream or sys.stdout
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # characters that the encoding lacks become escapes of JSON
        text = json.dumps(json.loads(text), indent=2, allow_nan=False)
    typer.echo(text.rstrip("\n"), file=stream)
