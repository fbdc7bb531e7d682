"""The law of arguments for the learning rate alone, from traced programs: it is cheap enough for a quick look."""

from __future__ import annotations

from collections.abc import Iterator

from ..subjects.setting_runs import runs_of
from ..subjects.settings import UNCHANGED, Argument, Setting, change, change_all, is_mode, show_number
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable

RATES = ("learning_rate", "lr", "step_size")


def learning_rate_matters(subject: Subject) -> None:
    """Raise Broken if a step is the same program at other learning rates, whatever the other arguments are."""
    runs = runs_of(subject)
    rate = next((argument for argument in runs.arguments if argument.name in RATES), None)
    if rate is None:
        raise NotApplicable("its learning rate is no number")
    is_examined = False
    for context in _list_contexts([argument for argument in runs.arguments if argument is not rate]):
        before = runs.compute(context, runs.trace)
        for value in rate.others:
            after = runs.compute(Setting(context.changes | {rate.name: value}, {}), runs.trace)
            if isinstance(before, Exception) or isinstance(after, Exception):
                continue
            if before != after or "callback" in before:  # whose Python function the text does not show
                return
            is_examined = True
    if not is_examined:
        raise NotApplicable(f"the factory refuses other values of {rate.name}, or its step cannot be traced")
    if modes := [f"{name}={value!r}" for name, value in subject.arguments.items() if is_mode(name, value)]:
        raise NotApplicable(f"with {' and '.join(modes)}, {rate.name} may be without effect")
    values = " and ".join(map(show_number, rate.others))
    raise Broken(
        f"{rate.name} changes nothing: with {values} instead of {show_number(rate.value)}, a step is exactly the same "
        "program, also where the other arguments are changed",
        f"The step does not use {rate.name}. Multiply the step by it; in a chain of gradlab, add the link "
        f"gl.scale_by_learning_rate({rate.name}) at the end.",
    )


def _list_contexts(others: list[Argument]) -> Iterator[Setting]:
    """Yield the settings in which the learning rate may matter: as given, and where others may switch it on."""
    yield UNCHANGED
    if others:
        yield change_all(others)
    for other in others:
        yield from (change((other, value)) for value in other.others)
