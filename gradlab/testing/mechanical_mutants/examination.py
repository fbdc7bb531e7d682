"""The examination of one mechanical mutant: is it alive, does it differ, and which law finds it?"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax

from ...claims import claims_of
from ..check import check
from ..inputs.trees import sample
from ..verdicts.law import TRAJECTORY
from .equivalence import OTHER_FORMS, RUNS, find_difference
from .first_steps import TREE, leaves_reference, leaves_reference_later
from .forms import Form
from .mutants import MechanicalMutant
from .sources import Edited

STILLBORN, EQUIVALENT, KILLED, SURVIVED = "stillborn", "equivalent", "killed", "SURVIVED"


class Outcome(NamedTuple):
    """What became of a mutant."""

    name: str
    kind: str
    of: str
    text: str  # the edit in words
    verdict: str
    law: str = ""  # that found it, or for a survivor where it differs
    form: str = ""  # in which it was found
    seconds: float = 0.0

    def __str__(self) -> str:
        found = f"{self.law}, {self.form}" if self.verdict == KILLED else self.law
        return f"{self.verdict:10} {self.kind}: {self.text}  {found}"


def examine(mutant: MechanicalMutant) -> Outcome:
    """Examine a mutant as `gradlab check` examines the transformations that it changes.

    It is equivalent if it does not differ from the original beyond rounding. It is stillborn if some of its forms
    cannot be traced, and the others are equivalent. The cheapest killer comes first: the first steps of the
    trajectory; then the whole trajectory, then every law, on the transformation itself; then the first steps of the
    recipes that are composed of it.
    """
    return examine_quickly(mutant) or _examine_thoroughly(mutant)


def examine_quickly(mutant: MechanicalMutant) -> Outcome | None:
    """Return the outcome of a mutant that the first steps kill or of which no form can be traced, and else None."""
    start = time.perf_counter()
    with mutant.made() as factories, _without_warnings():
        for form in mutant.list_forms():
            if leaves_reference(form, factories):
                return _make_outcome(mutant, start, KILLED, TRAJECTORY, form)
        if not any(_is_alive(form, factories) for form in mutant.list_forms()):
            return _make_outcome(mutant, start, STILLBORN)
    return None


def _examine_thoroughly(mutant: MechanicalMutant) -> Outcome:
    start, differing = time.perf_counter(), {}
    with mutant.made() as factories, _without_warnings():
        forms = [form for form in mutant.list_forms() if _is_alive(form, factories)]
        for form in forms:
            dtypes = tuple(RUNS) if form == forms[0] else OTHER_FORMS
            place = find_difference(form.make_original(), form.make_edited(factories), dtypes)
            if place is None:
                continue
            differing[str(form)] = place
            for other in forms if len(differing) == 1 else ():
                if leaves_reference_later(other, factories):
                    return _make_outcome(mutant, start, KILLED, TRAJECTORY, other)
            law = find_broken_law(form, form.make_edited(factories))
            if law:
                return _make_outcome(mutant, start, KILLED, law, form)
        if not differing:
            return _make_outcome(mutant, start, STILLBORN if len(forms) < len(mutant.list_forms()) else EQUIVALENT)
        for form in mutant.list_users_forms():
            if leaves_reference(form, factories):
                return _make_outcome(mutant, start, KILLED, TRAJECTORY, form)
        places = "; ".join(f"{form}: {place}" for form, place in differing.items())
        return _make_outcome(mutant, start, SURVIVED, places)


def _make_outcome(mutant: MechanicalMutant, start: float, verdict: str, law: str = "", form: Any = "") -> Outcome:
    seconds = round(time.perf_counter() - start, 2)
    return Outcome(mutant.name, mutant.kind, mutant.of, str(mutant), verdict, law, str(form), seconds)


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Ignore warnings, because a wrong transformation may divide by zero."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def find_broken_law(form: Form, tx: Any) -> str | None:
    """Return the first law that a transformation breaks, of those that its original is examined by, or None."""
    report = check(tx, claims=claims_of(form.make_original()))
    return None if report.ok else report.broken[0].law


def _is_alive(form: Form, factories: Edited) -> bool:
    """Return whether a form with the edit can be made and traced on an ordinary tree."""
    params = sample(TREE)
    try:
        tx = form.make_edited(factories)
        jax.eval_shape(lambda params: tx.update(params, tx.init(params), params), params)
    except Exception:
        return False
    return True
