"""`gradlab check`: examine an optimizer or a schedule, law by law.

Modules that import JAX are imported inside the functions, so that help and completion stay fast.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .terminal import completion
from .terminal.printing import fail, print_json

if TYPE_CHECKING:
    from gradlab.testing.verdicts.report import Report


def check_optimizer(
    optimizer: Annotated[
        str,
        typer.Argument(
            help="An optimizer, link or schedule of gradlab, optax:name, or package.module:factory, also from this "
            "folder; with arguments behind a colon, as in adam:b1=0.8,b2=0.99. The coefficients of a Newton-Schulz "
            "iteration, package.module:NAME, are examined by themselves.",
            autocompletion=completion.complete_factories,
        ),
    ],
    arg: Annotated[
        list[str] | None,
        typer.Option(
            "--arg",
            "-a",
            metavar="NAME=VALUE",
            help="An argument for the factory, such as b1=0.8, which may also stand behind its name. Repeat it for "
            "more.",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            help="The published optimizer or schedule that it must agree with, or your own reference as "
            "package.module:function. Default: its own, for recipes, links and schedules of gradlab."
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
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Take a first look at an optimizer, at what shows most mistakes for the time."),
    ] = False,
    seconds_per_law: Annotated[
        float,
        typer.Option(
            "--seconds-per-law",
            min=0.1,
            help="How long a law may take, and the search for the mistake behind a wrong trajectory. Raise it on a "
            "slow or busy machine.",
        ),
    ] = 30.0,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Check an optimizer or a schedule against every law that applies to it. The exit code is 1 if it
    breaks one, or if the time was over before all were examined."""
    import jax

    from gradlab.testing.check import SettingError, require_compilation
    from gradlab.testing.subjects.surroundings import restore_surroundings

    from .arguments.assignments import parse_assignments
    from .checking.coefficients import are_coefficients, examine_coefficients
    from .checking.factory import find_factory, import_values
    from .checking.optimizer import prepare_optimizer
    from .checking.report import examine_with_progress
    from .checking.schedule import find_schedule, prepare_schedule

    with contextlib.suppress(RuntimeError):  # the number of devices is fixed once JAX has been used
        jax.config.update("jax_num_cpu_devices", 2)  # for the law of sharded runs
    try:
        require_compilation()
    except SettingError as error:
        fail(error)
    given = import_values(parse_assignments("--arg", arg or [], "learning_rate=1e-3"))
    typed = optimizer
    optimizer, found, given = find_factory(optimizer, given)
    if are_coefficients(found):
        others: dict[str, Any] = {"--reference": reference, "--claim": claim, "--extra": extra, "--dtype": dtype}
        others |= {"--except": exception, "--domain": domain, "--quick": quick}
        return _finish(examine_coefficients(optimizer, found, given, others), json)
    with restore_surroundings():  # which the factory may change whenever it is called
        schedule = find_schedule(optimizer, found, given)
        if schedule is not None:
            for option, values in (
                ("--domain", domain),
                ("--extra", extra),
                ("--dtype", dtype),
                ("--quick", quick),
            ):
                if values:
                    fail(f"{option} is for optimizers, but {optimizer} is a schedule; leave it out")
            examine = prepare_schedule(schedule, reference, claim or [], exception or [], seconds_per_law)
        else:
            examine = prepare_optimizer(
                optimizer,
                found,
                given,
                reference=reference,
                claims=claim or [],
                exceptions=exception or [],
                domains=domain or [],
                extra=extra or [],
                dtypes=dtype or [],
                quick=quick,
                seconds=seconds_per_law,
            )
    _finish(examine_with_progress(typed, examine, lines=not json), json)


def _finish(report: Report, json: bool) -> None:
    """Print a report, and end the command with the exit code 1 if a law is broken or was left for lack of time."""
    from .checking.report import print_report

    if json:
        print_json(report.to_json())
    else:
        print_report(report)
    if not report.ok:
        raise typer.Exit(1)
