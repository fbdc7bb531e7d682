"""`check_schedule`, which examines a schedule by itself and reports in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from ...core.claims import by_name
from ...user_code_time_limit import limit_time
from ..references import schedules as references
from ..verdicts.examination import examine_all
from ..verdicts.law import Broken, Law, NotApplicable, require_claim_values
from ..verdicts.report import Report, Unexamined
from ..wrong_options import explain_wrong_options
from . import schedule_claims as schedule_claims  # registers the claims
from .schedule_claims import require_end, require_value
from .schedule_formulas import Formula, find_formula, list_taken, tabulate
from .schedule_laws import SCHEDULE_CLAIMS, SCHEDULE_LAWS
from .schedule_subject import ScheduleSubject, find_schedule

_TOLERANCE = 1e-11  # of the values around a step
_SINGLE = 4e-6  # of the largest value, for a schedule that computes in float32 even under x64
_LARGE = 1e30  # beyond it, a schedule that grows may overflow in float32
_AROUND = 100  # steps on either side


@explain_wrong_options
def check_schedule(
    schedule: Any,
    reference: str | Callable[..., Any] | None = None,
    *,
    claims: tuple[str, ...] | Mapping[str, Any] = (),
    laws: tuple[str, ...] | None = None,
    seconds_per_law: float = 30.0,
    on_law: Callable[[str, int, int], Any] | None = None,
    **arguments: Any,
) -> Report:
    r"""Examine a schedule by itself: by the laws of schedules, and against a formula.

    `schedule` is a schedule of gradlab, a function of the step, or a factory of one, which is called with `arguments`.
    `reference` is a function `formula(t, **arguments)` of the step, a Python integer, and of any of the arguments, or
    the name of one in `gradlab.testing.references.schedules`. The values must agree to $10^{-11}$ of the values of the
    100 steps on either side, and to $4 \cdot 10^{-6}$ of the largest value for a schedule that computes in float32.
    They are compared at steps 0 to 3000, about each step that follows from the arguments, and late up to $2^{31} - 2$,
    and so they are with other values of each numeric argument. A schedule of gradlab has its formula by default.

    `claims` may give "start" (the value at step 0), "end" (a pair of a step and the value from there on), "monotone"
    ("falling" or "rising") and "continuous". A law whose name is in "except" is not examined. `laws` names the laws to
    examine (all by default). A law that takes longer than `seconds_per_law` is a finding. `on_law(name, index, count)`
    is called before each of `count` laws.

    Raises TypeError for what is not a schedule, and ValueError for an unknown law, claim or reference, and for a
    reference that fails or does not take the arguments.

    >>> from gradlab import testing
    >>> linear = gl.schedules.linear(0.1, 0.0, 10)
    >>> report = testing.check_schedule(linear, laws=("finite",), claims={"start": 0.1})
    >>> report.ok, [result.law for result in report.results if result.verdict == "holds"]
    (True, ['finite', 'start'])
    >>> "finite" in testing.SCHEDULE_LAWS, "start" in testing.SCHEDULE_CLAIMS
    (True, True)
    """
    with limit_time(seconds_per_law):
        subject = find_schedule(schedule, arguments, by_name(claims))
    if subject is None:
        raise TypeError(
            f"expected a schedule: a function of the step that returns a number, or a factory of one; got {schedule!r}"
        )
    return examine_schedule(subject, reference, laws, seconds_per_law, on_law)


def examine_schedule(
    subject: ScheduleSubject,
    reference: Any = None,
    laws: tuple[str, ...] | None = None,
    seconds_per_law: float = 30.0,
    on_law: Callable[[str, int, int], Any] | None = None,
) -> Report:
    """Examine a schedule that was found. The arguments are those of `check_schedule`."""
    exempt = subject.claims.get("except", ())
    claimed = {name: value for name, value in subject.claims.items() if name != "except"}
    known_laws = (*SCHEDULE_LAWS, _FORMULA, _ENDS)
    for kind, names, known in (
        ("law", laws or (), known_laws),
        ("law in claims['except']:", exempt, (*known_laws, *SCHEDULE_CLAIMS)),
        ("claim", claimed, tuple(SCHEDULE_CLAIMS)),
    ):
        for name in names:
            if name not in known:
                raise ValueError(f"unknown {kind} of schedules {name!r}; there are: {', '.join(known)}")
    require_claim_values(claimed, SCHEDULE_CLAIMS)
    formula = find_formula(subject.schedule, reference)
    examined = [law for name, law in SCHEDULE_LAWS.items() if laws is None or name in laws]
    examined += [SCHEDULE_CLAIMS[name] for name in claimed]
    if formula is not None:
        formula[1](subject.arguments)  # raises if it does not take them
        examined += [law for law in _make_formula_laws(*formula) if laws is None or law.name in laws]
    with jax.transfer_guard("allow"):
        results = examine_all(examined, subject, seconds_per_law, on_law)
    return Report(subject.label, results, _list_left_out({law.name for law in examined}))


_FORMULA, _ENDS = "formula", "end points"


def _list_left_out(examined: set[str]) -> tuple[Unexamined, ...]:
    """Return the laws that are not examined because nobody asked for them or claimed them."""
    reasons = {
        "not asked for, because `laws` names others": [name for name in SCHEDULE_LAWS if name not in examined],
        "nobody claims it; if it should hold, pass claims={NAME: VALUE}, or --claim NAME=VALUE on the command line": [
            name for name in SCHEDULE_CLAIMS if name not in examined
        ],
        "no formula is known to compare with; pass reference=FUNCTION, a function of the step and of the arguments, or "
        "--reference package.module:function on the command line": [_FORMULA] if _FORMULA not in examined else [],
    }
    return tuple(Unexamined(reason, tuple(names)) for reason, names in reasons.items() if names)


def _make_formula_laws(name: str, formula: Formula) -> list[Law]:
    laws = [
        Law(
            _FORMULA,
            f"it agrees with the formula {name} at every step, in double precision",
            "",
            lambda subject: _require_formula(subject, name, formula),
        )
    ]
    if name in references.ENDS:
        laws.append(
            Law(
                _ENDS,
                "it starts and ends exactly at the values of its arguments, and keeps the last one",
                "A rounded share of the way is used at the ends. Use jnp.where to return the end value itself.",
                lambda subject: _require_ends(subject, name),
            )
        )
    return laws


def _require_formula(subject: ScheduleSubject, name: str, formula: Formula) -> str | None:
    settings, taken = [subject], list_taken(formula(subject.arguments))
    for argument in subject.numeric_arguments:
        settings += subject.list_changes(argument) if argument in taken else []
    for setting in settings:
        steps, expected = setting.steps, tabulate(formula(setting.arguments), setting.steps)
        if not _agrees(setting, expected).all():
            at = int(np.argmin(_agrees(setting, expected)))
            changed = {k: v for k, v in setting.arguments.items() if v != subject.arguments[k]}
            where = "".join(f" with {key}={value:g}" for key, value in changed.items())
            cause = _name_cause(setting, expected, formula(setting.arguments))
            raise Broken(
                f"at step {steps[at]}{where} the value is {setting.values[at]:.12g}; the formula {name} gives "
                f"{expected[at]:.12g}.{cause}"
            )
    left = [argument for argument in subject.numeric_arguments if argument not in taken]
    return f"other values of {', '.join(left)}, which the formula {name} does not take" if left else None


def _agrees(subject: ScheduleSubject, expected: np.ndarray) -> np.ndarray:
    """Return at which steps the values are the expected ones, but for rounding."""
    sizes = np.where(np.isfinite(expected), np.abs(expected), 0.0)
    if subject.is_single:
        sizes = np.minimum(sizes, _LARGE)
        allowed: Any = np.where(sizes < _LARGE, _SINGLE * max(float(sizes.max()), subject.scale), np.inf)
    else:
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(sizes, _AROUND), 2 * _AROUND + 1)
        allowed = _TOLERANCE * windows.max(axis=1) + 1e-300
    with np.errstate(invalid="ignore"):
        return (np.abs(subject.values - expected) <= allowed) | (subject.values == expected) | np.isinf(allowed)


def _name_cause(subject: ScheduleSubject, expected: np.ndarray, formula: Callable[[int], float]) -> str:
    """Return the known mistake that explains all values, as a sentence, or nothing."""
    steps = subject.steps
    known = {
        "It counts from 1: its value at step t is that of the formula at step t + 1": tabulate(formula, steps + 1),
        "It lags: its value at step t is that of the formula at step t - 1": tabulate(
            formula, np.maximum(steps - 1, 0)
        ),
        "It stays at its first value": np.full(expected.shape, expected[0]),
        "It is the formula times -1": -expected,
    }
    for words, values in known.items():
        if _agrees(subject, values).all():
            return f" {words}."
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (subject.values / expected)[expected != 0]
    if ratios.size and np.all(np.abs(ratios - ratios[0]) <= 1e-9 * np.abs(ratios[0])):
        return f" It is the formula times {ratios[0]:.6g} at every step."
    share = float(np.mean(~_agrees(subject, expected)[:3001]))
    last = int(np.flatnonzero(~_agrees(subject, expected))[-1])
    return f" It differs at {share:.0%} of the first 3001 steps, and at step {steps[last]} for the last time."


def _require_ends(subject: ScheduleSubject, name: str) -> None:
    parameters = {key: value for key, value in subject.arguments.items() if value is not None}
    try:
        first, step, last = references.ENDS[name](**parameters)
    except TypeError:
        raise NotApplicable("its ends do not follow from numbers alone") from None
    if step > 0:
        require_value(subject, [0], first, "the value at step 0")
    if step < 2**30:
        require_end(subject, step, last)
