"""The search for a law that a transformation breaks, which ends at the first."""

from __future__ import annotations

from typing import Any

from ...core.claims import DECLARATIONS, claims_of
from .. import references
from ..subjects.link_recognition import explain_link
from ..subjects.subject import DTYPES, Subject
from ..subjects.surroundings import restore_surroundings
from ..subjects.trial import FailsAlwaysError, try_out
from ..trajectories.trajectory_laws import make_trajectory_laws
from ..verdicts.examination import examine_all
from ..verdicts.law import CLAIMS, CONTRACTS, TRAJECTORY, TRAJECTORY_AT_SETTINGS, TRAJECTORY_ON_COMPLEX, Law
from ..verdicts.report import BROKEN
from .first_steps import follows_reference
from .forms import Form
from .sources import Edited

_SECONDS = 30.0  # for each law
# These find most mutants for the time, beside the trajectory.
_FIRST = (
    "complex leaves", TRAJECTORY_ON_COMPLEX, "bounded squares", "any size", "stable state", "traceable", "mixed dtypes",
    "finite at zero", "finite derivatives", "wide accumulators", "rounded once", TRAJECTORY_AT_SETTINGS,
)  # fmt: skip
_verdicts: dict[tuple[str, str], bool] = {}
MADE, NEVER_RUNS = "made", "runs"  # what `check` calls a factory that raises, and a transformation that never runs


def find_broken_law(form: Form, tx: Any, only: str | None = None) -> str | None:
    """Return the first law that a transformation breaks and its original keeps, as `check` examines both, or None.

    With `only`, that law alone is examined.
    """
    with restore_surroundings() as surroundings:
        subject = _make_subject(form, tx, surroundings)
        try:
            try_out(subject)
        except FailsAlwaysError:
            return NEVER_RUNS
        for law in _list_laws(form, subject.claims):
            if only not in (None, law.name):
                continue
            (result,) = examine_all([law], subject, _SECONDS)
            if result.verdict == BROKEN and not _breaks_anyway(form, law, surroundings):
                return law.name
    return None


def _make_subject(form: Form, tx: Any, surroundings: Any) -> Subject:
    claims = claims_of(form.make_original())
    subject = Subject(tx, label=str(form), dtypes=DTYPES, claims=claims, link=explain_link(tx, tx, claims))
    subject.surroundings = surroundings
    return subject


def _breaks_anyway(form: Form, law: Law, surroundings: Any) -> bool:
    """Return whether a form breaks a law without any edit, so that the law says nothing about one."""
    key = (str(form), law.name)
    if key not in _verdicts:
        subject = _make_subject(form, form.make_original(), surroundings)
        try_out(subject)
        (result,) = examine_all([law], subject, _SECONDS)
        _verdicts[key] = result.verdict == BROKEN
    return _verdicts[key]


def find_crash(form: Form, factories: Edited) -> str | None:
    """Return under which name `check` reports that a form cannot be made or run after an edit, or None."""
    try:
        tx = form.make_edited(factories)
        subject = Subject(tx, label=str(form), dtypes=())
    except Exception:
        return MADE
    try:
        try_out(subject)
    except FailsAlwaysError:
        return NEVER_RUNS
    return None


def _list_laws(form: Form, claims: dict[str, Any]) -> list[Law]:
    """Return the laws by which `check` examines a form, the best ones first, without those of the trajectory itself."""
    laws = CONTRACTS | {name: CLAIMS[name] for name in (*claims, "descends") if name not in DECLARATIONS}
    if follows_reference(form):
        step = vars(references)[form.reference or ""]
        laws |= {law.name: law for law in make_trajectory_laws(step) if law.name != TRAJECTORY}
    return [laws[name] for name in sorted(laws, key=lambda name: (*_FIRST, name).index(name))]
