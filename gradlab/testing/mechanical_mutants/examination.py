"""The examination of one mechanical mutant: is it alive, does it differ, and which law finds it?"""

from __future__ import annotations

import time
import warnings
from typing import Any, NamedTuple

import jax

from ...claims import claims_of
from ..check import check
from ..law import TRAJECTORY
from ..trees import NETWORK, sample
from .equivalence import find_difference
from .first_steps import leaves_reference, leaves_reference_later
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
    start = time.perf_counter()

    def outcome(verdict: str, law: str = "", form: Any = "") -> Outcome:
        seconds = time.perf_counter() - start
        return Outcome(mutant.name, mutant.kind, mutant.of, str(mutant), verdict, law, str(form), round(seconds, 2))

    with mutant.made() as factories, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a wrong transformation may divide by zero
        for form in mutant.list_forms():
            if leaves_reference(form, factories):
                return outcome(KILLED, TRAJECTORY, form)
        forms = [form for form in mutant.list_forms() if _is_alive(form, factories)]
        dead = len(mutant.list_forms()) - len(forms)
        differing = {}
        for form in forms:
            place = find_difference(form.make_original(), form.make_edited(factories))
            if place is None:
                continue
            differing[str(form)] = place
            for other in forms if len(differing) == 1 else ():
                if leaves_reference_later(other, factories):
                    return outcome(KILLED, TRAJECTORY, other)
            law = find_broken_law(form, form.make_edited(factories))
            if law:
                return outcome(KILLED, law, form)
        if not differing:
            return outcome(STILLBORN if dead else EQUIVALENT)
        for form in mutant.list_users_forms():
            if leaves_reference(form, factories):
                return outcome(KILLED, TRAJECTORY, form)
        return outcome(SURVIVED, "; ".join(f"{text}: {place}" for text, place in differing.items()))


def find_broken_law(form: Form, tx: Any) -> str | None:
    """Return the first law that a transformation breaks, of those that its original is examined by, or None."""
    report = check(tx, claims=claims_of(form.make_original()))
    return None if report.ok else report.broken[0].law


def _is_alive(form: Form, factories: Edited) -> bool:
    """Return whether a form with the edit can be made and traced on an ordinary tree."""
    params = sample(NETWORK)
    try:
        tx = form.make_edited(factories)
        jax.eval_shape(lambda params: tx.update(params, tx.init(params), params), params)
    except Exception:
        return False
    return True
