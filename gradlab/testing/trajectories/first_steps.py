"""Causes of a wrong trajectory that the first steps show: a state that stays, a reference that returns points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..inputs.gradient_sequences import draw
from ..inputs.trees import VECTOR_AND_MATRIX, by_path, select_ranks
from ..references.runner import advance, evaluate
from ..references.step_functions import StepFunctionError
from ..subjects.double_precision_runs import draw_start, pick_lane

_SAME = 1e-5  # of the largest update, so that an update in float32 is recognized, too
_FROZEN = (
    "The update returns the state that it was given, and the state of the reference changes: return the new one, as in "
    "`return updates, new_state`."
)


class _Steps(NamedTuple):
    """Two first steps from the same parameters: a transformation's, and its reference's."""

    params: Any  # leaves by path, as all updates are
    updates: list[Any]
    states: list[Any]  # that of init first
    changes: list[Any]
    reference_states: list[Any]


def find_cause(
    tx: optax.GradientTransformation,
    step: Callable[..., Any],
    arguments: Mapping[str, Any],
    shapes: Any,
    extra: Mapping[str, Any] | None,
) -> str:
    """Return a sentence about the cause of a wrong trajectory, or "" if the first steps do not show it.

    Raises StepFunctionError if the reference returns the new parameters in place of their change.
    """
    try:
        first = _take_steps(tx, step, arguments, select_ranks(VECTOR_AND_MATRIX, shapes), extra)
    except Exception:  # a transformation made for one tree of parameters need not take another
        return ""
    if _returns_points(first):
        raise StepFunctionError(
            f"the reference {step.__name__} returns the new parameters; it must return their change, which is what it "
            "returns minus x"
        )
    is_frozen = bool(jax.tree.leaves(first.states[0])) and _are_equal(first.states)
    return _FROZEN if is_frozen and not _are_equal(first.reference_states) else ""


def _take_steps(tx: Any, step: Callable[..., Any], arguments: Mapping[str, Any], shapes: Any, extra: Any) -> _Steps:
    start, gradients = draw_start(shapes), pick_lane(draw(("ordinary",), 2, shapes), 0)
    update = optax.with_extra_args_support(tx).update
    x, state = by_path(start), cast(Any, {})
    changes, reference_states, updates = [], [], []
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, start)
        states = [tx.init(params)]
        for t in (1, 2):
            gradient = pick_lane(gradients, t - 1)
            change, state = advance(step, by_path(gradient), state, t, x, evaluate(arguments, t))
            moved, after = update(jax.tree.map(jnp.asarray, gradient), states[-1], params, **(extra or {}))
            changes.append(change)
            reference_states.append(state)
            updates.append(by_path(jax.tree.map(np.asarray, moved)))
            states.append(after)
    return _Steps(x, updates, states, changes, reference_states)


def _returns_points(first: _Steps) -> bool:
    """Return whether each change of a reference is the transformation's update plus the parameters."""
    return all(
        np.all(np.abs(change[path] - x - update[path]) <= _SAME * np.abs(update[path]).max())
        for change, update in zip(first.changes, first.updates, strict=True)
        for path, x in first.params.items()
    )


def _are_equal(states: list[Any]) -> bool:
    """Return whether all states are the same, to the last bit."""
    leaves, structures = zip(*map(jax.tree.flatten, states), strict=True)
    are_alike = all(structure == structures[0] for structure in structures)
    return are_alike and all(all(map(np.array_equal, leaves[0], others)) for others in leaves)
