"""What every command says things with."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console


def fail(message: object, code: int = 2) -> NoReturn:
    """Say what is wrong on standard error, and end the command with an exit code."""
    typer.echo(f"gradlab: {message}", err=True)
    raise typer.Exit(code)


def output() -> Console:
    """Standard output; made anew so that it is what the caller, or a test, has put there. Piped, lines may be long."""
    console = Console(highlight=False, markup=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=max(console.width, 110))
