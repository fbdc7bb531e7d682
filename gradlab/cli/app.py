"""The application: all commands, and what `gradlab` says without one."""

from __future__ import annotations

from typing import Annotated

import typer

import gradlab as gl

from .check import check_optimizer
from .explain import explain
from .list import list_everything
from .race import race
from .report import report
from .search import search
from .sweep import sweep

app = typer.Typer(
    help="A gradient laboratory: build an optimizer from its parts, race it, prove it.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("race")(race)
app.command("sweep")(sweep)
app.command("search")(search)
app.command("report")(report)
app.command("check")(check_optimizer)
app.command("list")(list_everything)
app.command("explain")(explain)


@app.callback(invoke_without_command=True)
def gradlab(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(f"gradlab {gl.__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
