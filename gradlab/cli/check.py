"""`gradlab check`: whether an optimizer is right, law by law."""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import jax
import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gradlab import registry
from gradlab.lab.names import UnknownNameError, pick
from gradlab.testing import CLAIMS, check, references
from gradlab.testing.check import DTYPES
from gradlab.testing.report import BROKEN, HOLDS, Report

from .tables import Trimmed
from .terminal import fail, output, print_json

_COLORS = {HOLDS: "green", BROKEN: "bold red"}


def check_optimizer(
    spec: Annotated[
        str,
        typer.Argument(help="adam (gradlab's), optax:adamw, or package.module:factory (found from this folder too)."),
    ],
    arg: Annotated[
        list[str] | None, typer.Option("--arg", "-a", metavar="NAME=VALUE", help="An argument of the factory.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="The published optimizer that it must move as; gradlab's own have theirs.")
    ] = None,
    claim: Annotated[list[str] | None, typer.Option(help="A further law that it claims to keep.")] = None,
    dtype: Annotated[list[str] | None, typer.Option(help="A dtype of the parameters to try; all by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Examine an optimizer by every law that applies to it; the exit code is 1 if one is broken."""
    with contextlib.suppress(RuntimeError):  # JAX is in use already, so there are as many devices as there are
        jax.config.update("jax_num_cpu_devices", 2)  # so that sharding is examined too
    arguments = _parse(arg or [])
    factory, claims = _find(spec)
    claims |= dict.fromkeys(claim or [], True)
    if reference is None and spec in registry.of_kind("recipe"):
        reference = spec
    try:
        if reference is not None:
            pick(reference, dict.fromkeys(_references()), "reference")
        for name in claim or []:
            pick(name, CLAIMS, "claim")
        for name in dtype or []:
            pick(name, dict.fromkeys((*DTYPES, "complex128")), "dtype")
    except UnknownNameError as error:
        fail(error)
    arguments = _with_a_rate(factory, arguments)
    columns = (SpinnerColumn(), TextColumn("examining {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=output(), transient=True, disable=json) as progress:
        progress.add_task(escape(spec), total=None)
        report = check(factory, claims=claims, reference=reference, dtypes=tuple(dtype or DTYPES), **arguments)
    if json:
        print_json(report.to_json())
    else:
        _show(report)
    if not report.ok:
        raise typer.Exit(1)


def _find(spec: str) -> tuple[Any, dict[str, Any]]:
    """The factory that a specification names, and what it is known to claim."""
    module_name, colon, name = spec.partition(":")
    if not colon:
        entries = {key: entry for key, entry in registry.entries().items() if entry.kind != "schedule"}
        try:
            entry = pick(spec, entries, "optimizer or link")
        except UnknownNameError as error:
            fail(f"{error}\nAnother library's are optax:NAME, your own are package.module:factory.")
        return (entry.factory if entry.kind == "recipe" else _link(entry)), dict(entry.claims)
    with contextlib.suppress(FileNotFoundError):  # of a working directory that was removed
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        fail(f"cannot import {module_name!r} of {spec!r}: {type(error).__name__}: {error}")
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError:
        try:
            pick(name, {key: None for key in dir(found) if not key.startswith("_")}, f"name in {module_name}")
        except UnknownNameError as error:
            fail(error)
    return found, {}


def _link(entry: registry.Entry) -> Any:
    """What makes a link of the arguments given; without any, the registry's example, for some need one."""

    def make(**given: Any) -> Any:
        return entry.factory(**given) if given else entry.example

    make.__name__ = entry.name
    return make


def _parse(given: list[str]) -> dict[str, Any]:
    arguments = {}
    for item in given:
        name, equals, text = item.partition("=")
        if not equals or not name.isidentifier():
            fail(f"--arg takes NAME=VALUE, such as learning_rate=1e-3; got {item!r}")
        try:
            arguments[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            arguments[name] = text
    return arguments


def _with_a_rate(factory: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, with a learning rate of 1e-3 for a factory that cannot do without."""
    if isinstance(factory, tuple) or not callable(factory):
        return arguments
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return arguments
    parameter = signature.parameters.get("learning_rate")
    if (
        parameter is not None
        and "learning_rate" not in arguments
        and parameter.default in (inspect.Parameter.empty, None)
    ):
        return {"learning_rate": 1e-3} | arguments
    return arguments


def _references() -> dict[str, Callable[..., Any]]:
    found = {name: item for name, item in vars(references).items() if inspect.isfunction(item)}
    return {name: item for name, item in found.items() if name != "trajectory"}


def _show(report: Report) -> None:
    console = output()
    table = Table(
        title=escape(report.subject), title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="bold"
    )
    table.add_column("law", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("what it says, or why it does not apply")
    for result in report.results:
        text = result.statement if result.verdict in _COLORS else result.detail
        table.add_row(result.law, f"[{_COLORS.get(result.verdict, 'dim')}]{result.verdict}[/]", escape(text))
    console.print(Trimmed(table), markup=True)
    console.print()
    console.print(str(report), soft_wrap=True)  # it comes wrapped
