"""The trajectory of a transformation at other values of its arguments, compared with that of its reference."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..references.runner import displacements
from ..subjects.double_precision_runs import pick_lane, run, run_each
from ..subjects.setting_runs import STEPS, SettingRuns, runs_of
from ..subjects.settings import UNCHANGED, Argument, Setting, apply_setting, change, change_all, list_arguments, make
from ..subjects.subject import Subject
from .argument_names import match_arguments
from .exchanged_arguments import describe_exchange, exchange_arguments, list_exchanges
from .trajectory import TOLERANCE, make_plain
from .trajectory_difference import Difference, Paths, compare_paths

_SEQUENCE = "mixed"  # ordinary and other sizes, some exactly zero


def find_difference_at_settings(
    subject: Subject, step: Callable[..., Any], tolerance: float
) -> tuple[Setting, Difference] | None:
    """Return the first setting at which a subject and its reference differ, and how; None if there is none.

    First nothing is changed, then each argument that the reference has alone, and then all together.
    """
    runs = runs_of(subject)
    arguments, _ = split_by_reference(subject, step)
    numbers = [argument for argument in arguments if not argument.is_structure or subject.factory is not None]
    options = [argument for argument in arguments if argument not in numbers]
    alone = [change((argument, other)) for argument in numbers for other in argument.others]
    together = [change_all(numbers)] if len(numbers) > 1 else []
    comparison = _Comparison(subject, step, runs, tolerance)
    for settings in ([UNCHANGED, *alone, *together], _switch_options(runs, numbers, options)):
        found = comparison.find_first(settings)
        if found is not None:
            return comparison.find_first(_list_smaller(found[0], arguments)) or found
    return None


def split_by_reference(subject: Subject, step: Callable[..., Any]) -> tuple[list[Argument], list[Argument]]:
    """Return the numeric arguments of a subject that the reference has, too, and those that it has not."""
    shared = match_arguments(step, subject.arguments).names.values()
    arguments = list_arguments(subject)
    return [a for a in arguments if a.name in shared], [a for a in arguments if a.name not in shared]


def name_exchange(subject: Subject, step: Callable[..., Any], setting: Setting) -> str:
    """Return a sentence that names two arguments that are exchanged, if that explains a difference; "" if not.

    Arguments that are equal as they were given differ only at other values.
    """
    runs = runs_of(subject)
    shared = match_arguments(step, apply_setting(subject.arguments, setting))
    names = [argument for argument in runs.arguments if argument.name in shared.names.values()]
    settings = [setting, *(change((argument, argument.others[0])) for argument in names if not argument.is_structure)]
    for pair in list_exchanges(shared.values):
        exchanged = exchange_arguments(step, *pair)
        try:
            if _Comparison(subject, exchanged, runs, TOLERANCE).find_first(settings) is None:
                return f"\n{describe_exchange(step.__name__, *pair)}"
        except Exception:  # a reference need not compute with the value of another argument
            continue
    return ""


def _switch_options(runs: SettingRuns, numbers: list[Argument], options: list[Argument]) -> list[Setting]:
    """Return settings with as many options as the subject accepts at once, beside usual and changed numbers.

    They have one structure, so that one program runs them all. An option that excludes others gets settings of its own.
    """
    settings: list[Setting] = []
    remaining = options
    while remaining:
        accepted: list[Argument] = []
        for argument in remaining:
            if runs.is_accepted(change_all([*accepted, argument])):
                accepted.append(argument)
        if not accepted:
            break
        settings.append(change_all(accepted))
        settings.append(change_all(numbers + accepted))
        settings.append(change(*((argument, argument.others[-1]) for argument in accepted)))
        remaining = [argument for argument in remaining if argument not in accepted]
    return list({str(setting): setting for setting in settings}.values())


def _list_smaller(setting: Setting, arguments: list[Argument]) -> list[Setting]:
    """Return the settings in which one of several changed arguments is changed alone."""
    if len(setting.changes) < 2:
        return []
    return [change((a, setting.changes[a.name])) for a in arguments if a.name in setting.changes]


class _Comparison:
    """The comparison of a subject with its reference on one short sequence, in double precision."""

    def __init__(self, subject: Subject, step: Callable[..., Any], runs: SettingRuns, tolerance: float):
        self.subject, self.step, self.tolerance = subject, step, tolerance
        self.start = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), runs.start)
        self.gradients = jax.tree.map(lambda *leaves: np.stack(leaves).astype(np.float64), *runs.gradients)
        self.runs = runs

    def find_first(self, settings: list[Setting]) -> tuple[Setting, Difference] | None:
        """Return the first setting that the subject accepts and at which there is a difference."""
        for setting, own in self._run(settings):
            shared = match_arguments(self.step, apply_setting(self.subject.arguments, setting)).values
            plain = make_plain(self.step, shared)
            follow: Any = functools.partial(displacements, self.step, self.start, self.gradients, **plain)
            difference = compare_paths(own, follow(), follow, self.tolerance, _SEQUENCE, str(setting))
            if difference is not None:
                return setting, difference
        return None

    def _run(self, settings: list[Setting]) -> list[tuple[Setting, Paths]]:
        made = [(setting, make(self.subject, setting)) for setting in settings if self.runs.is_accepted(setting)]
        extra = self.subject.extra
        if self.subject.factory is not None:
            return [(setting, self._run_plain(tx)) for setting, tx in made]
        results: list[tuple[Setting, Paths]] = []
        groups: dict[Any, list[tuple[Setting, Any]]] = {}
        for setting, tx in made:
            groups.setdefault(jax.tree.structure(tx), []).append((setting, tx))
        for group in groups.values():
            lanes = run_each([tx for _, tx in group], self.start, _stack(self.gradients, len(group)), extra)
            results += [(setting, pick_lane(lanes, lane)) for lane, (setting, _) in enumerate(group)]
        return results

    def _run_plain(self, tx: Any) -> Paths:
        """Run a transformation of a plain factory, uncompiled if that is faster."""
        if self.runs.has_loops:
            return pick_lane(run(tx, self.start, _stack(self.gradients, 1), self.subject.extra), 0)
        tx = optax.with_extra_args_support(tx)
        with jax.enable_x64(True):
            params = jax.tree.map(jnp.asarray, self.start)
            sums, state = [jax.tree.map(np.zeros_like, self.start)], tx.init(params)
            for index in range(STEPS):
                gradient = jax.tree.map(lambda leaf, index=index: jnp.asarray(leaf[index]), self.gradients)
                updates, state = tx.update(gradient, state, params, **self.subject.extra)
                params = jax.tree.map(lambda p, u: p + u.astype(p.dtype), params, updates)
                sums.append(jax.tree.map(lambda x, u: x + np.asarray(u), sums[-1], updates))
            return jax.tree.map(lambda *leaves: np.stack(leaves), *sums)


def _stack(tree: Any, lanes: int) -> Any:
    return jax.tree.map(lambda leaf: np.stack([leaf] * lanes), tree)
