"""The examination of one mechanical mutant: is it alive, does it differ, and which law finds it?"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax

from ..inputs.trees import sample
from ..verdicts.law import TRAJECTORY
from .equivalence import OTHER_FORMS, RUNS, find_difference, have_same_programs
from .first_steps import TREE, leaves_reference, leaves_reference_later
from .forms import Form
from .law_search import MADE, NEVER_RUNS, find_broken_law, find_crash
from .mutants import MechanicalMutant
from .sources import Edited

_SHARED_ARITHMETIC = "gradlab.arithmetic.safe_arithmetic"
_killers: dict[tuple[str, str], list[tuple[str, Form]]] = {}  # by function, the last at the end
_MOST_FORMS = 4  # that are examined by every law
STILLBORN, EQUIVALENT, KILLED, SURVIVED = "stillborn", "equivalent", "killed", "SURVIVED"


class EditOutcome(NamedTuple):
    """The verdict on a mutant, and the law and the form that decided it."""

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


def examine(mutant: MechanicalMutant) -> EditOutcome:
    """Examine a mutant as `gradlab check` examines the transformations that it changes.

    It is stillborn if none of its forms can be traced, and equivalent if none differs from the original beyond
    rounding. The cheapest killer comes first: the first steps of the trajectory, then the whole trajectory, then the
    first steps of the recipes that are composed of the transformation, then every law.
    """
    return examine_quickly(mutant) or examine_thoroughly(mutant)


def examine_quickly(mutant: MechanicalMutant) -> EditOutcome | None:
    """Return the outcome of a mutant that first steps, a crash or its traced programs decide on, and else None."""
    start, forms = time.perf_counter(), mutant.list_forms()
    with mutant.made() as factories, _without_warnings():
        for form in forms:
            if leaves_reference(form, factories):
                return _make_outcome(mutant, start, KILLED, TRAJECTORY, form)
        dead = [form for form in forms if not _is_alive(form, factories)]
        if len(dead) == len(forms):
            return _make_outcome(mutant, start, STILLBORN)
        for form in dead:
            if law := find_crash(form, factories):
                return _make_outcome(mutant, start, KILLED, law, form)
        if not any(_changes(form, factories, _choose_dtypes(form, forms)) for form in forms):
            return _make_outcome(mutant, start, EQUIVALENT)
    return None


def examine_thoroughly(mutant: MechanicalMutant) -> EditOutcome:
    """Return the outcome of a mutant on which a quick look does not decide."""
    start, differing, was_followed = time.perf_counter(), {}, False
    with mutant.made() as factories, _without_warnings():
        forms = [form for form in _choose_forms(mutant) if _is_alive(form, factories)]
        for law, form in _remember_killers(mutant):
            if str(form) in map(str, forms) and _kills(law, form, factories):
                return _make_outcome(mutant, start, KILLED, law, form)
        for form in forms:
            dtypes = _choose_dtypes(form, forms)
            place = find_difference(form.make_original(), form.make_edited(factories), dtypes)
            if place is None:
                continue
            differing[str(form)] = place
            if place.startswith("float64") and not was_followed:  # references compute in double precision
                was_followed = True
                for other in forms:
                    if leaves_reference_later(other, factories):
                        return _make_outcome(mutant, start, KILLED, TRAJECTORY, other)
                for other in mutant.list_users_forms():
                    if leaves_reference(other, factories):
                        return _make_outcome(mutant, start, KILLED, TRAJECTORY, other)
            if len(differing) <= _MOST_FORMS:
                broken = find_broken_law(form, form.make_edited(factories))
                if broken:
                    return _make_outcome(mutant, start, KILLED, broken, form)
        if not differing:
            return _make_outcome(mutant, start, EQUIVALENT)
        for form in mutant.list_users_forms():
            if not _is_alive(form, factories) and (crash := find_crash(form, factories)):
                return _make_outcome(mutant, start, KILLED, crash, form)
        places = "; ".join(f"{form}: {place}" for form, place in differing.items())
        return _make_outcome(mutant, start, SURVIVED, places)


def _remember_killers(mutant: MechanicalMutant) -> list[tuple[str, Form]]:
    """Return the law and the form that killed the last edits of the same function, the last first."""
    return list(reversed(_killers.get((mutant.module, mutant.function), [])))[:2]


def _kills(law: str, form: Form, factories: Edited) -> bool:
    if law == TRAJECTORY:
        return leaves_reference_later(form, factories)
    return find_broken_law(form, form.make_edited(factories), only=law) == law


def _choose_forms(mutant: MechanicalMutant) -> list[Form]:
    """Return the forms that are looked at thoroughly: all, but one of each owner for arithmetic that all links share.

    That is the second, in which no argument has a special value.
    """
    forms = mutant.list_forms()
    if mutant.module != _SHARED_ARITHMETIC:
        return forms
    by_owner: dict[str, list[Form]] = {}
    for form in forms:
        by_owner.setdefault(form.name, []).append(form)
    return [group[min(1, len(group) - 1)] for group in by_owner.values()]


def _choose_dtypes(form: Form, forms: list[Form]) -> tuple[str, ...]:
    """Return the dtypes in which a form is compared with its original: all for the first, and few for the others."""
    return tuple(RUNS) if form == forms[0] else OTHER_FORMS


def _changes(form: Form, factories: Edited, dtypes: tuple[str, ...]) -> bool:
    """Return whether JAX traces a form to other operations after an edit."""
    return not have_same_programs(form.make_original(), form.make_edited(factories), dtypes)


def _make_outcome(mutant: MechanicalMutant, start: float, verdict: str, law: str = "", form: Any = "") -> EditOutcome:
    seconds = round(time.perf_counter() - start, 2)
    if verdict == KILLED and law not in (MADE, NEVER_RUNS):
        killers = _killers.setdefault((mutant.module, mutant.function), [])
        killers[:] = [killer for killer in killers if killer != (law, form)] + [(law, form)]
    return EditOutcome(mutant.name, mutant.kind, mutant.of, str(mutant), verdict, law, str(form), seconds)


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Ignore warnings, because a wrong transformation may divide by zero."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _is_alive(form: Form, factories: Edited) -> bool:
    """Return whether a form with the edit can be made and traced on an ordinary tree."""
    params = sample(TREE)
    try:
        tx = form.make_edited(factories)
        jax.eval_shape(lambda params: tx.update(params, tx.init(params), params), params)
    except Exception:
        return False
    return True
