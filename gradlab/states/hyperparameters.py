"""`hyperparameters`: the current values of all hyperparameters by their paths, with schedules evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from ..core.base import Transformation
from ..core.composites import walk
from ..core.nested_arguments import NestedArgument
from ..core.scheduled_states import ScheduledState
from ..schedules.base import Schedule, as_schedule
from ..values.numeric_arguments import is_schedule
from ..values.value import Value
from .inner_states import find_states, require_own_state


def hyperparameters(tx: Transformation, state: Any = None) -> dict[str, Any]:
    """Return the value of every hyperparameter by its path, such as `muon/learning_rate`.

    A schedule is evaluated at the step of the state, so its value is that of the next update. Without a state, it is
    returned as it is. Options that are off (None) are left out, and so is a schedule that no link uses, such as the
    dampening of `sgd` without momentum. A tuple of numbers has an entry for each, such as `betas/0`. `tx` and `state`
    may be traced, so this works inside `jax.jit`.

    A path is the name of a hyperparameter after the names of the links, groups and wrappers that hold it; `tx.replace`
    takes it.

    Raises TypeError if `tx` is no transformation of gradlab, and ValueError for a schedule whose step is not found in
    the state.

    >>> tx = gl.sgd(gl.schedules.linear(0.1, 0.0, 4), momentum=0.9)
    >>> state = tx.init(jnp.zeros(2))
    >>> _, state = tx.update(jnp.ones(2), state)
    >>> gl.hyperparameters(tx)["learning_rate"]
    linear(init_value=0.1, end_value=0.0, transition_steps=4.0)
    >>> print(f"{gl.hyperparameters(tx, state)['learning_rate']:.3f}")  # of the second update
    0.075
    """
    if not isinstance(tx, Transformation):
        raise TypeError(
            f"hyperparameters(tx, state) takes a transformation of gradlab, such as adam(); got {type(tx).__name__}. "
            f"gl.transformation(...) makes one of a factory of optax"
        )
    if state is not None:
        require_own_state(tx, state)
    found: dict[str, Any] = {}
    for argument, steps in _find(tx, state, state, ()):
        for path, value in _take_apart(argument).items():
            if state is None or not is_schedule(value):
                found[path] = value
            elif steps is not None:
                found[path] = _evaluate(path, value, steps)
    return found


def _take_apart(argument: NestedArgument) -> dict[str, Any]:
    if not isinstance(argument.value, tuple | list):
        return {argument.path: argument.value}
    return {f"{argument.path}/{index}": value for index, value in enumerate(argument.value)}


Steps = list[tuple[Any, jax.Array]] | None  # transformations with schedules, each with its step; None if there are none


def _find(
    tx: Transformation, state: Any, around: Any, names: tuple[str, ...]
) -> Iterator[tuple[NestedArgument, Steps]]:
    """Yield every hyperparameter, with the steps that are counted in the state of its owner.

    `around` is the innermost state that is known, in which steps are looked for if that of the owner is not.
    """
    steps = [] if around is None else _find_steps(tx, state, around)
    for name, value in tx.arguments.items():
        argument = NestedArgument((*names, name), (), tx, value)
        if argument.is_hyperparameter:
            yield argument, steps
    for child, inner in find_states(tx, state):
        yield from _find(child.value, inner, around if inner is None else inner, (*names, *child.names))


def _find_steps(tx: Transformation, state: Any, around: Any) -> Steps:
    if state is not None:
        return [(place.tx, place.step) for place in walk(tx, state) if place.step is not None] or None
    states = jax.tree.leaves(around, is_leaf=lambda node: isinstance(node, ScheduledState))
    return [(None, node.step) for node in states if isinstance(node, ScheduledState)]


def _evaluate(path: str, schedule: Any, steps: Steps) -> jax.Array:
    """Return the value of a schedule at the step of the transformation that it was handed to, or else at the first."""
    if not steps:
        raise ValueError(
            f"{path} is a schedule, and the state counts no steps for it; pass the state of this transformation, as "
            f"its init or its last update returned it"
        )
    schedule = as_schedule(schedule)
    own = [step for tx, step in steps if tx is not None and any(held == schedule for held in _schedules_in(tx))]
    step = (own or [steps[0][1]])[0]
    return schedule(jnp.ravel(step)[0])  # in stacked layers, each counts the same steps


def _schedules_in(value: Value) -> Iterator[Schedule]:
    """Yield the schedules among the arguments of a value, and those within them."""
    for held in value.arguments.values():
        for leaf in held if isinstance(held, tuple | list) else (held,):
            if is_schedule(leaf):
                yield as_schedule(leaf)
            if isinstance(leaf, Schedule):
                yield from _schedules_in(leaf)
