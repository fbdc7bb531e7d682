"""The examination of a transformation by one law after the other, and what their verdicts have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from ...interrupts import is_interrupt
from ...user_code_time_limit import OutOfTimeError, limit_time
from ..references.step_functions import StepFunctionError
from .exception_causes import find_cause
from .exceptions import describe, identify, locate
from .law import Broken, Law, NotApplicable
from .report import BROKEN, HOLDS, NOT_APPLICABLE, NOT_EXAMINED, NOT_TRIED, Result

_MOST_LATE = 2  # laws that may run out of time, before the rest is no longer tried


class _Subject(Protocol):
    """The transformation or schedule under examination."""

    claims: dict[str, Any]
    domain: tuple[str, ...]


class _Verdict(NamedTuple):
    result: Result
    error: BaseException | None = None  # what the transformation raised, if that broke the law
    is_own_example: bool = False  # whether the law made that exception happen with an input of its own
    is_late: bool = False


def examine_all(
    laws: Iterable[Law], subject: _Subject, seconds: float, on_law: Callable[[str, int, int], Any] | None = None
) -> tuple[Result, ...]:
    """Examine a transformation by all laws, each for at most some seconds. An exception is a finding under one law."""
    verdicts: list[_Verdict] = []
    examined = list(laws)
    for index, law in enumerate(examined):
        if on_law is not None:
            on_law(law.name, index, len(examined))
        late = [verdict.result.law for verdict in verdicts if verdict.is_late]
        if len(late) < _MOST_LATE:
            verdicts.append(_examine(law, subject, seconds))
        else:
            reason = f"{NOT_TRIED}, because {' and '.join(late)} took more than {seconds:g} s each"
            verdicts.append(_Verdict(Result(law.name, law.statement, NOT_EXAMINED, reason)))
    return _merge_exceptions(verdicts)


def describe_late(error: BaseException, seconds: float) -> str:
    """Describe that there was no answer within some seconds, and where the code was then."""
    place = locate(error)
    return f"no answer after {seconds:g} s" + (f", when it was at {place}" if place else "")


def _examine(law: Law, subject: _Subject, seconds: float) -> _Verdict:
    start = time.perf_counter()

    def result(verdict: str, detail: str = "", meaning: str = "") -> Result:
        return Result(law.name, law.statement, verdict, detail, meaning, time.perf_counter() - start)

    if law.name in subject.claims.get("except", ()):
        return _Verdict(result(NOT_APPLICABLE, "its author excepts it"))
    for domain in subject.domain:
        if domain in law.excludes:
            return _Verdict(result(NOT_APPLICABLE, f"it is not promised in the declared domain, {domain!r}"))
    try:
        with limit_time(seconds):
            unexamined = law.examine(subject)
    except NotApplicable as reason:
        return _Verdict(result(NOT_APPLICABLE, str(reason)))
    except Broken as counterexample:
        cause = counterexample.__cause__
        meaning = (find_cause(cause) if cause is not None else "") or counterexample.meaning or law.meaning
        return _Verdict(result(BROKEN, str(counterexample), meaning), cause, cause is not None)
    except OutOfTimeError as error:
        detail = f"{describe_late(error, seconds)}; check(..., seconds_per_law=...), or --seconds-per-law, waits longer"
        return _Verdict(result(NOT_EXAMINED, detail), is_late=True)
    except BaseException as error:  # including SystemExit, which would end the program
        if is_interrupt(error) or isinstance(error, StepFunctionError):  # the reference is wrong, not the optimizer
            raise
        return _Verdict(result(BROKEN, f"it raised {describe(error)}", find_cause(error) or law.meaning), error)
    return _Verdict(result(HOLDS, unexamined or ""))


def _merge_exceptions(verdicts: list[_Verdict]) -> tuple[Result, ...]:
    """Return the results, where an exception that stopped several laws is a finding under one of them alone."""
    groups: dict[tuple[str, str], list[_Verdict]] = {}
    for verdict in verdicts:
        if verdict.error is not None:
            groups.setdefault(identify(verdict.error), []).append(verdict)
    changed: dict[str, Result] = {}
    for group in groups.values():
        first = max(group, key=lambda verdict: verdict.is_own_example).result  # its text names the input
        others = [verdict.result for verdict in group if verdict.result is not first]
        if not others:
            continue
        names = ", ".join(result.law for result in others)
        changed[first.law] = replace(first, detail=f"{first.detail}\nThe same exception stops: {names}.")
        for result in others:
            detail = f"the exception under {first.law!r} stops it"
            changed[result.law] = replace(result, verdict=NOT_EXAMINED, detail=detail, meaning="", same_as=first.law)
    return tuple(changed.get(verdict.result.law, verdict.result) for verdict in verdicts)
