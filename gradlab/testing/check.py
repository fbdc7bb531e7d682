"""`check` and `assert_lawful`, which examine any transformation by every law and report in words."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import optax

from ..core.base import Transformation
from ..core.claims import DECLARATIONS, DOMAINS, by_name, claims_of, join_claims
from ..core.not_a_transformation import ExchangedError
from ..interrupts import is_interrupt
from ..selectors.empty_choices import on_trees_of_others
from ..user_code_time_limit import OutOfTimeError, limit_time
from ..values.factories import complete_arguments
from ..values.value import is_factory, is_number
from . import laws as laws  # registers the laws
from . import quick_look
from .dtype_names import name_dtypes
from .left_out import list_left_out
from .references.step_functions import guard_step_function
from .schedules.check_schedule import examine_schedule
from .schedules.schedule_subject import ScheduleSubject, find_schedule
from .subjects.link_recognition import explain_link
from .subjects.pairs import is_pair_object, make_label, to_pair
from .subjects.subject import DTYPES as DTYPES
from .subjects.subject import Subject
from .subjects.surroundings import restore_surroundings
from .subjects.trial import FailsAlwaysError, try_out
from .trajectories.trajectory import find_reference
from .trajectories.trajectory_laws import make_trajectory_laws
from .verdicts.examination import describe_late, examine_all
from .verdicts.exception_causes import find_cause
from .verdicts.exceptions import describe, locate
from .verdicts.law import CLAIMS, CONTRACTS, PARTS, TRAJECTORIES, require_claim_values
from .verdicts.report import BROKEN, NOT_EXAMINED, Report, Result
from .wrong_options import explain_wrong_options


class SettingError(ValueError):
    """A setting of JAX under which no law can be examined."""


@explain_wrong_options
def check(
    tx: optax.GradientTransformation | Callable[..., Any],
    *,
    reference: str | Callable[..., Any] | None = None,
    claims: tuple[str, ...] | Mapping[str, Any] = (),
    dtypes: tuple[Any, ...] = DTYPES,
    laws: tuple[str, ...] | None = None,
    extra: Mapping[str, Any] | None = None,
    seconds_per_law: float = 30.0,
    on_law: Callable[[str, int, int], Any] | None = None,
    quick: bool = False,
    **arguments: Any,
) -> Report:
    """Examine a transformation by every law that applies to it, and return a report.

    A schedule is examined by `check_schedule`, which takes the same arguments but `dtypes` and `extra`.

    `tx` is a transformation of gradlab or optax, an `(init, update)` pair, an object with those two methods, or a
    factory, which is called with `arguments`. The hyperparameters of a factory and of a gradlab value are known, and
    examined too.

    `reference` is a step function, or the name of one in `gradlab.testing.references`, whose trajectory `tx` must have.
    `claims` names further laws that `tx` claims to keep (see `gradlab.testing.CLAIMS`); as a mapping it gives a claim
    its number (`{"accumulates": 4}`). Three names declare something else: `"except"` exempts `tx` from laws or parts of
    laws (`{"except": ("turns with i",)}`), `"domain"` is a tuple of names from `gradlab.core.claims.DOMAINS`, and
    `"link"` says that `tx` is a link of a chain. A transformation that is not a link is an optimizer, and must descend.
    `dtypes` are those of the parameters to try. `laws` names the contracts to examine, and "descends" (all by default).
    `extra` holds extra arguments for `update`. `on_law(name, index, count)` is called before each of `count` laws.
    `quick` examines only what shows most mistakes for the time (`gradlab.testing.quick_look`), and the report says what
    it left out.

    What the transformation does wrong never raises: a factory that raises, a result that is not a pair, and a step that
    takes longer than `seconds_per_law` are findings in the report. Raises ValueError for an unknown dtype, law, claim,
    domain or reference, for a reference that fails, and under `jax.disable_jit`, and TypeError for a name in place of
    `tx`, and for a misspelt option. A transfer guard is lifted during the examination. Global random numbers and
    settings that the transformation changes are restored at the end.

    >>> from gradlab import testing
    >>> report = testing.check(gl.clip_by_value(1.0), laws=("pure",), dtypes=("float32",))
    >>> report.ok, [result.law for result in report.results if result.verdict == "holds"]
    (True, ['pure'])
    """
    require_compilation()
    # Passing a Python number to a compiled function is a transfer.
    with jax.transfer_guard("allow"), on_trees_of_others(), restore_surroundings() as before:
        schedule = _find_schedule(tx, arguments, claims, seconds_per_law)
        if schedule is not None:
            return examine_schedule(schedule, reference, laws, seconds_per_law, on_law)
        extra = dict(extra or {})
        return _check(tx, reference, claims, dtypes, laws, extra, seconds_per_law, on_law, quick, arguments, before)


def _find_schedule(tx, arguments, claims, seconds_per_law) -> ScheduleSubject | None:
    try:
        with limit_time(seconds_per_law):
            return find_schedule(tx, arguments, by_name(claims))
    except BaseException as error:
        if is_interrupt(error):
            raise
        return None  # the factory fails, which the examination of a transformation reports


def require_compilation() -> None:
    """Raise SettingError under `jax.disable_jit`."""
    if jax.config.values["jax_disable_jit"]:
        raise SettingError("jax_disable_jit is set, but the laws are about compiled programs; unset JAX_DISABLE_JIT")


def _check(
    tx, reference, claims, dtypes, laws, extra, seconds_per_law, on_law, quick, arguments, surroundings
) -> Report:
    claimed = by_name(claims)
    for option, names in (("laws", laws), ("claims", claims)):
        if isinstance(names, str):
            raise TypeError(f"{option} must be a tuple of names, got the string {names!r}; write {option}=({names!r},)")
    _require_known("law", laws or (), CONTRACTS | {"descends": CLAIMS["descends"]})
    _require_known_claims(claimed)
    require_claim_values(claimed)
    step = None if reference is None else find_reference(reference)
    if callable(reference):
        step = guard_step_function(reference)
    if isinstance(tx, str):
        raise TypeError(
            f"check takes a transformation, or a factory of one, got the string {tx!r}; pass the object itself, such "
            "as gl.adam; names are for the command line: gradlab check adam"
        )
    dtypes = quick_look.DTYPES if quick and dtypes is DTYPES else name_dtypes(dtypes, DTYPES)
    chosen = quick_look.LAWS if quick and laws is None else laws
    label = make_label(tx, arguments)
    try:
        with limit_time(seconds_per_law):
            subject = _make_subject(tx, arguments, label, dtypes, claimed, extra)
            subject.surroundings = surroundings
    except BaseException as error:
        if is_interrupt(error):
            raise
        return Report(label, (_report_failure(error, seconds_per_law),))
    if quick:
        quick_look.shrink_trees(subject)
    examined = [law for name, law in CONTRACTS.items() if chosen is None or name in chosen]
    examined += [CLAIMS["descends"]] if (laws is None or "descends" in laws) and "descends" not in claimed else []
    slow = quick_look.SLOW_CLAIMS if quick else ()
    examined += [CLAIMS[name] for name in claimed if name not in DECLARATIONS and name not in slow]
    examined += quick_look.make_rate_laws(subject) if quick and laws is None else []
    if step is not None:
        make_laws = quick_look.make_trajectory_law if quick else make_trajectory_laws
        examined += make_laws(step, subject)
    left_out = list_left_out({law.name for law in examined}, subject, step is not None, quick and laws is None)
    failure = _find_failure(subject, seconds_per_law)
    if failure is not None:
        stopped = [Result(law.name, law.statement, NOT_EXAMINED, "it does not run") for law in examined]
        return Report(label, (failure, *stopped), left_out)
    results = examine_all(examined, subject, seconds_per_law, on_law)
    return Report(label, results, left_out)


@explain_wrong_options
def assert_lawful(tx: optax.GradientTransformation | Callable[..., Any], **options: Any) -> None:
    """Call `check`, and raise AssertionError with its report if any law is broken.

    `options` are the options of `check`, and the arguments of a factory.

    >>> from gradlab import testing
    >>> testing.assert_lawful(gl.scale(2.0), laws=("pure",), dtypes=("float32",))
    """
    report = check(tx, **options)
    if not report.ok:
        raise AssertionError(str(report))


def _make_subject(tx, arguments, label, dtypes, claims, extra) -> Subject:
    common: dict[str, Any] = {"label": label, "dtypes": dtypes, "extra": extra}
    if isinstance(tx, tuple) or is_pair_object(tx):
        if arguments:
            raise TypeError(f"the arguments {', '.join(arguments)} need a factory, but {label} is a transformation")
        pair = to_pair(tx, label)
        claims = _add_declarations(claims, pair)
        return Subject(pair, claims=claims, link=explain_link(pair, pair, claims), **common)
    if not callable(tx):
        raise TypeError(f"expected a transformation, or a factory of one; got {type(tx).__name__}: {tx!r}")
    result = tx(**arguments)
    pair = to_pair(result, label)
    claims = _add_declarations(claims, pair)
    common |= {"claims": claims, "link": explain_link(tx, pair, claims)}
    complete = complete_arguments(tx, arguments)

    @functools.wraps(tx)
    def make(**changes: Any) -> optax.GradientTransformation:
        return to_pair(tx(**(arguments | changes)), label)

    if isinstance(result, Transformation):
        if complete and not is_factory(getattr(tx, "of", tx)):  # a function that calls factories of gradlab
            common |= {"factory": make, "arguments": complete}
        return Subject(result, **common)
    numbers, unknown = _read_numbers(tx, complete)
    return Subject(
        pair,
        hyperparameters=numbers,
        remake=lambda changes: make(**changes),
        unknown_numbers=unknown,
        factory=make,
        arguments=complete,
        **common,
    )


def _add_declarations(claims: Mapping[str, Any], tx: Any) -> dict[str, Any]:
    """Return the claims with what a gradlab value declares beside its own claims, such as its domain."""
    declared = {name: value for name, value in claims_of(tx).items() if name in DECLARATIONS}
    _require_known_claims(declared)
    return join_claims(declared, dict(claims))


def _read_numbers(factory: Callable[..., Any], complete: Mapping[str, Any]) -> tuple[dict[str, float], str]:
    """Return the floating-point arguments of a factory, given or by default, and why there are no others."""
    numbers = {name: value for name, value in complete.items() if is_number(value) and not isinstance(value, int)}
    try:
        has_parameters = bool(inspect.signature(factory).parameters)
    except (TypeError, ValueError):
        return numbers, "the signature of the factory cannot be read; give its arguments by name (--arg)"
    if not has_parameters:
        return numbers, "the factory takes no arguments"
    return numbers, "no argument of the factory has a floating-point value; give it one (--arg on the command line)"


def _report_failure(error: BaseException, seconds: float) -> Result:
    """Return the finding that no transformation could be made."""
    meaning = "check calls the factory with the arguments it is given, and needs an (init, update) pair in return"
    if isinstance(error, OutOfTimeError):
        detail = describe_late(error, seconds)
    elif place := locate(error):  # a line of the author's raised it
        detail, meaning = f"{type(error).__name__}: {error} (at {place})", find_cause(error)
    elif isinstance(error, ExchangedError):
        detail, meaning = (
            str(error),
            "The gradients come first: update(updates, state, params=None).",
        )
    else:
        detail = f"{type(error).__name__}: {error}"
    return Result("made", "the factory returns a transformation", BROKEN, detail, meaning)


def _find_failure(subject: Subject, seconds: float) -> Result | None:
    """Return the finding that a transformation fails on every ordinary input, or does not end; None if it runs."""
    try:
        with limit_time(seconds):
            try_out(subject)
    except FailsAlwaysError as failure:
        detail, meaning = str(failure), "No other law was examined, because each needs at least one step."
    except OutOfTimeError as error:
        detail = describe_late(error, seconds)
        meaning = "One step of an ordinary tree does not end: it waits or loops, or needs a larger seconds_per_law."
    except BaseException as error:  # including SystemExit, which would end the program
        if is_interrupt(error):
            raise
        detail, meaning = describe(error), "It ends the program."
    else:
        return None
    return Result("runs", "init and update take an ordinary tree of parameters", BROKEN, detail, meaning)


def _require_known(kind: str, names: Any, known: Mapping[str, Any]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"unknown {kind} {name!r}; there are: {', '.join(known)}")


def _require_known_claims(claims: Mapping[str, Any]) -> None:
    """Raise ValueError for a claim, a domain or an exception of an unknown name, and TypeError for one no tuple."""
    _require_known("claim", [name for name in claims if name not in DECLARATIONS], CLAIMS | dict.fromkeys(DECLARATIONS))
    for name, known in (
        ("domain", DOMAINS),
        (
            "except",
            dict.fromkeys((*PARTS, *CONTRACTS, *CLAIMS, *TRAJECTORIES)),
        ),
    ):
        names = claims.get(name, ())
        if isinstance(names, str) or not isinstance(names, tuple | list):
            raise TypeError(f"claims[{name!r}] must be a tuple of names, got {names!r}")
        _require_known("domain" if name == "domain" else "law in claims['except']:", names, known)
