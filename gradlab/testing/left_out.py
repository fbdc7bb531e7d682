"""The promises that an examination leaves out, and why."""

from __future__ import annotations

from .laws import matrix_symmetries, polynomials, singular_values
from .quick_look import ARGUMENTS, STEPS
from .subjects.subject import Subject
from .verdicts.law import CLAIMS, CONTRACTS, TRAJECTORIES, TRAJECTORY
from .verdicts.report import NO_TIME, Unexamined

_OF_MATRICES = tuple(module.__name__ for module in (matrix_symmetries, polynomials, singular_values))
_REMEDY = "leave out quick=True, or --quick on the command line"


def list_left_out(examined: set[str], subject: Subject, has_reference: bool, is_quick: bool) -> tuple[Unexamined, ...]:
    """Return the laws that nobody asked for or claimed, and those that a quick look has no time for."""
    unasked = tuple(name for name in CONTRACTS if name not in examined)
    unclaimed = tuple(
        name
        for name in CLAIMS
        if name not in subject.claims and not (name == "descends" and (subject.link or name in examined))
    )
    without_time = tuple(name for name in CLAIMS if name in subject.claims and name not in examined)
    if is_quick:
        unasked, without_time = (), (*unasked, *without_time, *(TRAJECTORIES[1:] if has_reference else ()))
    reasons = {
        "not asked for, because `laws` names others": unasked,
        "nobody claims it; if it should hold, pass claims=(NAME,), or --claim NAME on the command line": tuple(
            name for name in unclaimed if not _is_of_matrices(name)
        ),
        "nobody claims it; if this is a method for matrices, such as Muon, claim it in the same way": tuple(
            name for name in unclaimed if _is_of_matrices(name)
        ),
        "no reference is given to compare with; pass reference=NAME, or --reference NAME on the command line": (
            () if has_reference else TRAJECTORIES
        ),
        f"{NO_TIME}; {_REMEDY}": without_time,
        f"a quick look compares only {STEPS} steps, of three leaves; {_REMEDY}": (
            (f"{TRAJECTORY} (in part)",) if is_quick and has_reference else ()
        ),
        f"of the arguments, a quick look examines the learning rate; {_REMEDY}": (
            (f"{ARGUMENTS} (in part)",) if is_quick and ARGUMENTS in examined else ()
        ),
    }
    return tuple(Unexamined(reason, names) for reason, names in reasons.items() if names)


def _is_of_matrices(claim: str) -> bool:
    return CLAIMS[claim].examine.__module__ in _OF_MATRICES
