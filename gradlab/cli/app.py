"""The application: all commands, and the help that `gradlab` prints without one.

The module of a command is imported when the command is run or its own help is asked for, because all of them together
take a second to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

import gradlab as gl

from .terminal.narrow_help import CommandWithNarrowHelp
from .terminal.printing import fail

COMMANDS = {  # name -> module, function, and the first sentence of its help
    "race": ("race", "race", "Race the optimizers over a grid of learning rates and seeds, and compare them."),
    "sweep": (
        "sweep",
        "sweep",
        "Train optimizers at every point of a grid of their hyperparameters, from several seeds, and rank the points.",
    ),
    "search": (
        "search",
        "search",
        "Search ranges of an optimizer's hyperparameters with Optuna, in rounds of points near the best ones so far.",
    ),
    "merge": (
        "merge",
        "merge",
        "Merge races, or sweeps, that several machines computed, into the study that was run at once.",
    ),
    "baselines": (
        "baselines.make",
        "baselines",
        "Search the learning rate of the optimizers on each problem, and keep the results for race --against.",
    ),
    "speedrun": (
        "baselines.speedrun",
        "speedrun",
        "Run an optimizer under fixed rules: problems, targets, tuning budget and seeds. The score is its speed.",
    ),
    "report": (
        "report",
        "report",
        "Write a report of a study as one HTML page, or draw its charts as pictures.",
    ),
    "compare": (
        "compare",
        "compare",
        "Compare the optimizers of a study with the statistics that reviewers ask for. Nothing is trained.",
    ),
    "figures": (
        "figures",
        "figures",
        "Draw figures of a study for a paper: without titles, of a given width, with fonts embedded.",
    ),
    "export": (
        "export",
        "export",
        "Write the results of a study as files that other tools open: tables, or for LaTeX, TensorBoard or MLflow.",
    ),
    "bench": (
        "bench",
        "bench",
        "Measure training steps beside optax and PyTorch: their time and its limit, programs, calls and memory.",
    ),
    "check": (
        "check",
        "check_optimizer",
        "Check an optimizer or a schedule against every law that applies to it. The exit code is 1 if it breaks one, "
        "or if the time was over before all were examined.",
    ),
    "list": (
        "list",
        "list_everything",
        "List all optimizers, links, combinators, schedules, selectors and problems, each with a short description.",
    ),
    "explain": (
        "explain",
        "explain",
        "Explain an optimizer, link, combinator, schedule or problem, with equations, hyperparameters and memory.",
    ),
    "claims": (
        "literature_claims.command",
        "claims",
        "Test what the literature claims about optimizers, each claim by its experiment, beside the recorded verdict.",
    ),
    "cite": (
        "cite",
        "cite",
        "Print the publications of optimizers and of all their parts as BibTeX, and gradlab itself.",
    ),
}


class Command(CommandWithNarrowHelp):
    """A command that says in one line that Ctrl-C stopped it, unless it has said more itself."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            fail("stopped", getattr(error, "code", 130))


class Commands(TyperGroup):
    """The group of commands. It knows their names and descriptions, and imports a command only to run it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][2])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, None if command is None or name is None else import_command(name), rest


def import_command(name: str) -> Any:
    """Return a command with its options."""
    module, function, _ = COMMANDS[name]
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name, cls=Command)(getattr(import_module(f"gradlab.cli.{module}"), function))
    return get_command(alone)


app = typer.Typer(
    cls=Commands,
    help="A gradient laboratory: build an optimizer from its parts, race it, prove it.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def gradlab(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"gradlab {gl.__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
