"""The help of a command in a narrow terminal: one paragraph for each option, in which nothing to type is cut.

Typer writes a table, whose column of descriptions has 20 letters in a terminal of 80. It cuts what is longer, such as
`package.module:name`.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import Any

import typer
from typer.core import TyperCommand

TABLE_WIDTH = 100  # from which on Typer's table cuts nothing


class CommandWithNarrowHelp(TyperCommand):
    """A command whose help is a table where there is room for one, and paragraphs elsewhere."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        width = shutil.get_terminal_size().columns
        if width >= TABLE_WIDTH:
            super().format_help(ctx, formatter)
        else:
            formatter.write(_describe(self, ctx, width))


def _describe(command: Any, ctx: Any, width: int) -> str:
    usage = " ".join(["Usage:", ctx.command_path, *command.collect_usage_pieces(ctx)])
    paragraphs = [_wrap(part, width) for part in re.split(r"\n\s*\n", command.help or "")]
    groups: dict[str, list[str]] = {}
    for parameter in command.get_params(ctx):
        if (record := parameter.get_help_record(ctx)) is not None:
            title = "Arguments:" if parameter.param_type_name == "argument" else "Options:"
            name, text = record
            lines = typer.style(_wrap(name, width, "  "), bold=True), _wrap(text, width, "      ")
            groups.setdefault(title, []).append("\n".join(filter(None, lines)))
    parts = [_wrap(usage, width), *paragraphs, *("\n".join([title, *entries]) for title, entries in groups.items())]
    return "\n\n".join(parts) + "\n"


def _wrap(text: str, width: int, indent: str = "") -> str:
    """Wrap a text between its words, of which none is divided."""
    return textwrap.fill(
        " ".join(text.split()),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
