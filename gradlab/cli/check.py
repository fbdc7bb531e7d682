"""`gradlab check`: examine an optimizer, law by law.

Modules that import JAX are imported inside the functions, so that help and completion stay fast.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gradlab.interrupts import is_interrupt

from ..lab._inputs.name_lookup import UnknownNameError, look_up, suggest_name
from ..user_code_time_limit import limit_time, time_limit_seconds
from . import completion
from .printing import fail, make_console, print_json
from .tables import TrimmedLines

if TYPE_CHECKING:
    from gradlab.registry import Entry
    from gradlab.testing.report import Report


def check_optimizer(
    optimizer: Annotated[
        str,
        typer.Argument(
            help="An optimizer or link of gradlab, optax:name, or package.module:factory, also from this folder.",
            autocompletion=completion.complete_transformations,
        ),
    ],
    arg: Annotated[
        list[str] | None,
        typer.Option(
            "--arg", "-a", metavar="NAME=VALUE", help="An argument for the factory, such as b1=0.8. Repeat it for more."
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="The published optimizer that it must agree with. Default: its own, for recipes of gradlab."),
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(help="Another law to check, which only some optimizers keep. Repeat it for more."),
    ] = None,
    dtype: Annotated[
        list[str] | None, typer.Option(help="A dtype of the parameters. Repeat it for more. Default: five dtypes.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Check an optimizer against every law that applies to it. The exit code is 1 if it breaks one."""
    import jax

    from gradlab import registry
    from gradlab.testing import CLAIMS, check
    from gradlab.testing.check import DTYPES, SettingError, require_compilation

    with contextlib.suppress(RuntimeError):  # the number of devices is fixed once JAX has been used
        jax.config.update("jax_num_cpu_devices", 2)  # for the law of sharded runs
    try:
        require_compilation()
    except SettingError as error:
        fail(error)
    arguments = _parse_arguments(arg or [])
    factory = _find_factory(optimizer)
    if reference is None and optimizer in registry.of_kind("recipe"):
        reference = optimizer
    try:
        if reference is not None:
            look_up(reference, dict.fromkeys(_list_references()), "reference")
        for name in claim or []:
            look_up(name, CLAIMS, "claim")
        for name in dtype or []:
            look_up(name, dict.fromkeys((*DTYPES, "complex128")), "dtype")
    except UnknownNameError as error:
        fail(error)
    is_given, arguments = bool(arguments), _add_learning_rate(factory, arguments)
    if is_given:
        _require_arguments(optimizer, factory, arguments)
    else:
        _require_callable(optimizer, factory, arguments)
    claims = _declared_claims(factory, arguments)
    try:
        for name in claims.keys() - {"except"}:
            look_up(name, CLAIMS, "claim")
    except UnknownNameError as error:
        fail(f"{optimizer} declares an unknown claim: {error}")
    claims |= dict.fromkeys(claim or [], True)
    columns = (SpinnerColumn(), TextColumn("examining {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=make_console(), transient=True, disable=json) as progress:
        progress.add_task(escape(optimizer), total=None)
        report = check(factory, claims=claims, reference=reference, dtypes=tuple(dtype or DTYPES), **arguments)
    if json:
        print_json(report.to_json())
    else:
        _print_report(report)
    if not report.ok:
        raise typer.Exit(1)


def _find_factory(optimizer: str) -> Any:
    """Return the factory that a specification names, or what a user's file has under that name."""
    from gradlab import registry

    from ..lab._inputs.importing import LoadError, import_object
    from ..lab._inputs.user_errors import UserCodeError

    if ":" not in optimizer:
        entries = {key: entry for key, entry in registry.entries().items() if entry.kind != "schedule"}
        try:
            entry = look_up(optimizer, entries, "optimizer or link")
        except UnknownNameError as error:
            fail(error)
        return entry.factory if entry.kind == "recipe" else _make_link_factory(entry)
    try:
        return import_object(optimizer)
    except LoadError as error:
        fail(error, 1 if isinstance(error, UserCodeError) else 2)


def _require_arguments(optimizer: str, factory: Any, arguments: dict[str, Any]) -> None:
    """End the command if a factory does not take these arguments, or refuses their values."""
    from gradlab.values import is_factory

    if isinstance(factory, tuple) or not callable(factory):
        fail(f"--arg {', '.join(arguments)} goes with a factory, but {optimizer} is a {type(factory).__name__}")
    is_ours = ":" not in optimizer or is_factory(factory)
    with contextlib.suppress(TypeError, ValueError):  # a factory without a signature is called all the same
        signature = inspect.signature(getattr(factory, "of", factory))
        parameters = [*signature.parameters]
        is_open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values())
        listing = f"it has {', '.join(parameters) or 'none'}"
        if unknown := [name for name in arguments if name not in parameters and not is_open]:
            fail(f"{optimizer} has no argument {unknown[0]!r}; {suggest_name(unknown[0], parameters) or listing}")
        try:
            signature.bind(**arguments)
        except TypeError as error:
            fail(f"{optimizer} cannot be called with these arguments: {error}; {listing}")
    refusals: tuple[type[Exception], ...] = (TypeError, ValueError) if is_ours else (ValueError,)
    try:
        with limit_time(time_limit_seconds()):
            factory(**arguments)
    except refusals as error:
        fail(" ".join(str(error).split()))
    except BaseException as error:
        if is_interrupt(error):
            raise
        # The check will report any other failure as a broken law.


def _declared_claims(factory: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the claims that a transformation declares, or one that a factory of gradlab makes of the arguments."""
    from gradlab.claims import claims_of
    from gradlab.values import is_factory

    if not is_factory(getattr(factory, "of", factory)):
        return claims_of(factory)
    try:
        with limit_time(time_limit_seconds()):
            return claims_of(factory(**arguments))
    except BaseException as error:
        if is_interrupt(error):
            raise
        return {}  # the report says why it cannot be made


def _require_callable(optimizer: str, factory: Any, arguments: dict[str, Any]) -> None:
    """End the command if a factory needs arguments and none are given."""
    if isinstance(factory, tuple) or not callable(factory) or hasattr(factory, "of"):
        return
    with contextlib.suppress(TypeError, ValueError):  # a factory without a signature is called all the same
        parameters = inspect.signature(factory).parameters.values()
        missing = [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            and parameter.name not in arguments
        ]
        if missing:
            options = " ".join(f"--arg {name}=..." for name in missing)
            fail(f"{optimizer} cannot be called without {' and '.join(missing)}; give {options}")


def _make_link_factory(entry: Entry) -> Any:
    """Return a factory of a link that returns the example of the registry when it gets no arguments."""

    def make(**given: Any) -> Any:
        return entry.factory(**given) if given else entry.example

    make.__name__, make.of = entry.name, entry.factory  # type: ignore[attr-defined]
    return make


def _parse_arguments(assignments: list[str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.isidentifier():
            fail(f"--arg takes NAME=VALUE, such as learning_rate=1e-3; got {assignment!r}")
        if name in arguments:
            fail(f"--arg {name} is given twice ({arguments[name]!r} and {text}); leave one out")
        try:
            arguments[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            arguments[name] = text
    return arguments


def _add_learning_rate(factory: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments, with a learning rate of 1e-3 if the factory needs one and none is given."""
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


def _list_references() -> dict[str, Callable[..., Any]]:
    from gradlab.testing import references

    functions = {name: item for name, item in vars(references).items() if inspect.isfunction(item)}
    return {name: item for name, item in functions.items() if name != "trajectory"}


def _print_report(report: Report) -> None:
    from gradlab.testing.report import BROKEN, HOLDS

    colors = {HOLDS: "green", BROKEN: "bold red"}
    console = make_console()
    table = Table(
        title=escape(report.subject), title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="bold"
    )
    table.add_column("law", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("statement, or the reason why it does not apply")
    for result in report.results:
        text = result.statement if result.verdict in colors else result.detail
        table.add_row(result.law, f"[{colors.get(result.verdict, 'dim')}]{result.verdict}[/]", escape(text))
    console.print(TrimmedLines(table), markup=True)
    console.print()
    console.print(str(report), soft_wrap=True)  # the report wraps its own lines
