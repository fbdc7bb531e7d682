"""`gradlab check`: examine an optimizer, law by law.

Modules that import JAX are imported inside the functions, so that help and completion stay fast.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from . import completion
from .printing import fail, print_json

if TYPE_CHECKING:
    from gradlab.testing.report import Report


def check_optimizer(
    optimizer: Annotated[
        str,
        typer.Argument(
            help="An optimizer or link of gradlab, optax:name, or package.module:factory, also from this folder. "
            "The coefficients of a Newton-Schulz iteration, as package.module:NAME, are examined by themselves.",
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
        typer.Option(
            help="The published optimizer that it must agree with, or your own reference as package.module:function. "
            "Default: its own, for recipes and links of gradlab."
        ),
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE]",
            help="Another law to check, which only some optimizers keep, such as descends or accumulates=4; or link, "
            "for a link of a chain, which need not descend. Repeat it for more.",
        ),
    ] = None,
    exception: Annotated[
        list[str] | None,
        typer.Option("--except", metavar="LAW", help="A law that it does not promise to keep. Repeat it for more."),
    ] = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="What it is made for: matrices (leaves of two axes), real (no complex leaves) or stochastic (it draws "
            "random numbers). Repeat it for more.",
        ),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="An extra argument that update needs, such as value=1.0. Repeat it for more."
        ),
    ] = None,
    dtype: Annotated[
        list[str] | None, typer.Option(help="A dtype of the parameters. Repeat it for more. Default: five dtypes.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Check an optimizer against every law that applies to it. The exit code is 1 if it breaks one."""
    import jax

    from gradlab import registry
    from gradlab.testing import check
    from gradlab.testing.check import DTYPES, SettingError, require_compilation
    from gradlab.testing.step_functions import StepFunctionError

    from ..lab._inputs.user_errors import locate_in_user_code
    from .assignments import parse_assignments
    from .check_coefficients import are_coefficients, examine_coefficients
    from .check_factory import complete_arguments, declared_claims, find_factory
    from .check_options import find_name, find_reference, read_claims, read_declarations, read_extra, require_claims
    from .check_report import LawProgress

    with contextlib.suppress(RuntimeError):  # the number of devices is fixed once JAX has been used
        jax.config.update("jax_num_cpu_devices", 2)  # for the law of sharded runs
    try:
        require_compilation()
    except SettingError as error:
        fail(error)
    given = parse_assignments("--arg", arg or [], "learning_rate=1e-3")
    factory = find_factory(optimizer)
    if are_coefficients(factory):
        others = {"--reference": reference, "--claim": claim, "--extra": extra, "--dtype": dtype}
        others |= {"--except": exception, "--domain": domain}
        return _finish(examine_coefficients(optimizer, factory, given, others), json)
    if reference is None and optimizer in registry.of_kind("recipe", "link"):
        reference = optimizer
    step = None if reference is None else find_reference(reference)
    dtypes = tuple(find_name(name, (*DTYPES, "complex128"), "dtype") for name in dtype or DTYPES)
    extra_arguments = read_extra(extra or [])
    arguments = complete_arguments(optimizer, factory, given)
    declared = declared_claims(factory, arguments)
    require_claims(declared, optimizer)
    claims = read_declarations(exception or [], domain or [], read_claims(claim or [], declared))
    with LawProgress(optimizer) as progress:
        try:
            report = check(
                factory,
                claims=claims,
                reference=step,
                dtypes=dtypes,
                extra=extra_arguments,
                on_law=progress.on_law,
                **arguments,
            )
        except StepFunctionError as error:
            place = "" if error.__cause__ is None else locate_in_user_code(error.__cause__).strip()
            fail(f"{error} ({place})" if place else error)
    _finish(report, json)


def _finish(report: Report, json: bool) -> None:
    """Print a report, and end the command with the exit code 1 if a law is broken."""
    from .check_report import print_report

    if json:
        print_json(report.to_json())
    else:
        print_report(report)
    if not report.ok:
        raise typer.Exit(1)
