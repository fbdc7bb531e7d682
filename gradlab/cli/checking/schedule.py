"""The examination of a schedule by `gradlab check`: by itself, at its ends and against a formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.interrupts import is_interrupt

from ...user_code_time_limit import OutOfTimeError, limit_time, time_limit_seconds
from ..terminal.printing import fail
from .factory import import_named
from .options import find_name, read_claims

if TYPE_CHECKING:
    from gradlab.testing import Report
    from gradlab.testing.schedules.schedule_subject import ScheduleSubject

_SECONDS = 30.0  # that one call of a user's factory may take


def find_schedule(name: str, found: Any, arguments: Mapping[str, Any]) -> ScheduleSubject | None:
    """Return the schedule that an object is, or makes of the arguments; None for anything else.

    Ends the command for arguments that a schedule does not take, and for a factory that does not return.
    """
    from gradlab.schedules import Schedule
    from gradlab.testing.schedules.schedule_subject import find_schedule

    if isinstance(found, Schedule) and arguments:
        fail(f"--arg {', '.join(arguments)} goes with a factory, but {name} is a schedule")
    seconds = min(_SECONDS, time_limit_seconds() or _SECONDS)
    try:
        with limit_time(seconds):
            return find_schedule(found, arguments, {})
    except OutOfTimeError:
        fail(f"{name} gives no answer within {seconds:g} s when it is called", 1)
    except BaseException as error:
        if is_interrupt(error):
            raise
        return None  # the factory fails, which the report on a transformation says


def prepare_schedule(
    subject: ScheduleSubject, reference: str | None, claims: Sequence[str], exceptions: Sequence[str], seconds: float
) -> Callable[[Callable[[str, int, int], Any]], Report]:
    """Return a function that examines a schedule, and is called with `on_law`.

    Ends the command for options that are wrong.
    """
    from gradlab.testing import SCHEDULE_CLAIMS, SCHEDULE_LAWS
    from gradlab.testing.schedules.check_schedule import examine_schedule
    from gradlab.testing.schedules.schedule_formulas import list_formulas

    formula: Any = reference
    if reference is not None:
        is_own = ":" in reference
        formula = (
            import_named(reference) if is_own else find_name(reference, list_formulas(), "formula", may_be_own=True)
        )
    if formula is not None and not callable(formula) and not isinstance(formula, str):
        fail(f"the reference {reference} is of type {type(formula).__name__}, expected a function of the step")
    subject.claims = read_claims(claims, {}, SCHEDULE_CLAIMS)
    known = (*SCHEDULE_LAWS, *SCHEDULE_CLAIMS, "formula", "end points")
    if exceptions:
        subject.claims["except"] = tuple(find_name(name, known, "law of schedules") for name in exceptions)
    return lambda on_law: examine_schedule(subject, formula, None, seconds, on_law)
