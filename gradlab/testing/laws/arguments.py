"""Laws of the arguments of a factory: each one matters, and the factory remembers no earlier values of them."""

from __future__ import annotations

from typing import Any

from ..subjects.setting_runs import LONG, SettingRuns, is_same_run, list_alone, runs_of
from ..subjects.settings import UNCHANGED, Argument, Setting, change, change_all, is_mode, show_number
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law

_AVERAGES = ("averages", "averages the last", "slow weights")  # claims of what is kept in the state


@law(
    "another value of a numeric argument, or another mask, gives other updates",
    meaning="The argument is ignored, replaced by a constant, or read only in init. Use its value in update.",
)
def every_argument_matters(subject: Subject) -> str | None:
    runs = runs_of(subject)
    runs.require()
    modes = [f"{name}={value!r}" for name, value in subject.arguments.items() if is_mode(name, value)]
    modes += [f"the same {name} at every step" for name in subject.extra]
    silent = [argument for argument in runs.arguments if not _matters_alone(runs, argument)]
    silent = [argument for argument in silent if not _matters_among_others(runs, argument, is_brief=bool(modes))]
    if not modes:  # with a mode, nothing would follow from a longer search
        silent = [argument for argument in silent if not _matters_later(runs, argument)]
    if any(name in subject.claims for name in _AVERAGES):  # an average may have arguments that move nothing
        silent = [argument for argument in silent if not _matters_in_the_state(runs, argument)]
    examined = [argument for argument in silent if any(_is_run(runs.get(s)) for s in list_alone(argument))]
    if examined and not modes:
        raise Broken("; ".join(map(_describe, examined)))
    if not silent:
        return None
    names = ", ".join(argument.name for argument in silent)
    reason = (
        f"with {' and '.join(modes)} they may be without effect" if examined else "the factory refuses other values"
    )
    if len(silent) == len(runs.arguments):
        raise NotApplicable(f"{names} could not be examined: {reason}")
    return f"not examined: {names}, because {reason}"


def _describe(argument: Argument) -> str:
    others = " and ".join(map(show_number, argument.others))
    return (
        f"{argument.name} changes nothing: {others} instead of {show_number(argument.value)} give exactly the same "
        f"updates in {LONG} steps on all gradient sequences, also where the other arguments are changed"
    )


def _matters_alone(runs: SettingRuns, argument: Argument) -> bool:
    return any(_differ(runs.get(UNCHANGED), runs.get(setting)) for setting in list_alone(argument))


def _matters_in_the_state(runs: SettingRuns, argument: Argument) -> bool:
    """Return whether an argument changes the state after some steps."""
    before = runs.get_state(UNCHANGED)
    return any(_differ(before, runs.get_state(setting)) for setting in list_alone(argument))


def _matters_among_others(runs: SettingRuns, argument: Argument, is_brief: bool) -> bool:
    """Return whether an argument matters where others are changed, which may switch it on: all, or also each alone."""
    others = [other for other in runs.arguments if other is not argument]
    contexts = [change_all(others)] if others else []
    if not is_brief:
        contexts += [change((other, value)) for other in others for value in other.others]
    for context in contexts:
        before = runs.get(context)
        if any(_differ(before, runs.get(_add(context, argument, value))) for value in argument.others):
            return True
    return False


def _matters_later(runs: SettingRuns, argument: Argument) -> bool:
    """Return whether an argument matters in a long run, or for gradients of other sizes."""
    others = [other for other in runs.arguments if other is not argument]
    for context in (UNCHANGED, change_all(others)):
        program = runs.compute(context, runs.trace)
        for setting in (_add(context, argument, value) for value in argument.others):
            if runs.compute(setting, runs.trace) == program:
                continue  # the same program gives the same, however long it runs
            if _differ(runs.get_long(context), runs.get_long(setting)):
                return True
    return False


def _add(context: Setting, argument: Argument, value: Any) -> Setting:
    changed = change((argument, value))
    return Setting(context.changes | changed.changes, context.before | changed.before)


def _is_run(result: Any) -> bool:
    return not isinstance(result, Exception)


def _differ(left: Any, right: Any) -> bool:
    return _is_run(left) and _is_run(right) and not is_same_run(left, right)


@law(
    "a factory that is called with other values in between gives the same for the same values",
    meaning="It keeps values of an earlier call in a global variable, a cache, or a default that is changed. Make "
    "everything anew from the arguments.",
)
def factory_remembers_nothing(subject: Subject) -> None:
    runs = runs_of(subject)
    runs.require()
    before = runs.compute(UNCHANGED)
    settings = [setting for argument in runs.arguments for setting in list_alone(argument)[:1]]
    called = [setting for setting in settings if _is_run(runs.get(setting))]
    if not called:
        raise NotApplicable("the factory refuses the other values of every argument")
    if not any(_is_same(before, runs.compute(UNCHANGED)) for _ in range(2)):
        names = ", ".join(argument.name for argument in runs.arguments)
        raise Broken(f"the same arguments give other updates since the factory was called with other values of {names}")
    for setting in called[-1:] if runs.has_loops else called:
        if runs.is_accepted(setting) and not _is_same(before, runs.compute(UNCHANGED)):
            raise Broken(f"the same arguments give other updates after the factory was called {setting}")
    together = change_all(runs.arguments)
    for setting in [together] if runs.is_accepted(together) else called:
        if runs.is_accepted(setting) and not _is_same(before, runs.run(subject.tx)):
            raise Broken(f"the transformation that it returned first changed when the factory was called {setting}")


def _is_same(before: Any, after: Any) -> bool:
    return _is_run(after) and is_same_run(before, after)
