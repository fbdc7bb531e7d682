"""The state of a link with a schedule, and errors for a state that was made for another optimizer."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..remedies.user_lines import find_stacklevel
from .tree_differences import find_difference, have_same_structure, say_order, show_array


class ScheduledState(NamedTuple):
    """The state of a link with a hyperparameter that is a schedule."""

    step: jax.Array  # int32 scalar, the number of updates so far
    inner: Any


def explain_other_state(name: str, own: Any, state: Any, updates: Any) -> str | None:
    """Say where a state differs from the optimizer's own one, and what to do; None if they agree.

    A schedule in the place of a number, or the reverse, has a remedy of its own, because it is changed in mid-run.
    """
    difference = find_difference(own, state)
    if difference is None:
        return None
    path, expected, came = difference
    begin = f"this state is not one of {_shorten(name)} for these updates"
    if find_difference(_without_schedules(own), _without_schedules(state)):
        return (
            f"{begin}: at {path} expected {expected}, got {came}. Pass the state that its own init(params) or its last "
            f"update returned, for parameters of the same structure and shapes"
            f"{say_order(updates, state) or _say_how_to_take_over(own, state)}"
        )
    has, had = _find_schedules(own), _find_schedules(state)
    place = next(place for place in has + had if (place in has) != (place in had))
    wanted, other = ("a schedule", "a number") if place in has else ("a number", "a schedule")
    return (
        f"{begin}: at {place or 'the root'} expected that of {wanted}, got that of {other}. To go on after such a "
        f"change, take it over: arrays = gl.state_to_dict(old_tx, state, params), then state, report = "
        f"gl.state_from_dict(new_tx, params, arrays). To begin anew, pass its init(params)"
    )


def has_narrow_leaves(state: Any) -> bool:
    """Return whether a state has floating-point arrays in half precision or less."""
    return any(map(_is_narrow, jax.tree.leaves(state)))


def warn_of_narrow_state(name: str, core: Any, params: Any, state: Any) -> None:
    """Warn of a state in half precision that the `init` of a core makes in a wider one, as of one cast as a whole."""

    def find(_: Any) -> str | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # `init` has said it before
                own = jax.eval_shape(core.init, params)
        except Exception:
            return None
        return None if find_difference(own, state) else _describe_narrow_state(_shorten(name), own, state)

    dtypes = [str(getattr(leaf, "dtype", None)) for leaf in jax.tree.leaves((params, state))]
    text = core.recall(f"narrow state {dtypes}", find)  # once for all steps of a loop that is not compiled
    if text is not None:
        warnings.warn(text, stacklevel=find_stacklevel())


def _describe_narrow_state(name: str, own: Any, state: Any) -> str | None:
    for (path, mine), leaf in zip(jax.tree_util.tree_leaves_with_path(own), jax.tree.leaves(state), strict=True):
        if _is_narrow(leaf) and jnp.issubdtype(mine.dtype, jnp.floating) and mine.dtype.itemsize > leaf.dtype.itemsize:
            return (
                f"this state has {show_array(leaf)} at {jax.tree_util.keystr(path) or 'the root'}, where {name} makes "
                f"{show_array(mine)}, so each step rounds what it has summed up. Cast it: state = jax.tree.map(lambda "
                f"leaf, own: leaf.astype(own.dtype), state, tx.init(params)). To keep a state in half precision, wrap "
                f"the optimizer: gl.store(tx, {leaf.dtype.name!r})"
            )
    return None


def _is_narrow(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize < 4


def _shorten(name: str) -> str:
    return name if len(name) < 200 else f"{name.partition('(')[0]}(...)"


def _say_how_to_take_over(own: Any, state: Any) -> str:
    """Say how the state of another optimizer, or of optax, is taken over; "" for one of other shapes, or for no state.

    The state of a link of optax within an optimizer of gradlab is no state of optax as a whole.
    """
    if _is_of_optax(state) and not _is_of_optax(own):
        return ". This is a state of optax; take it over by state, report = gl.state_from_optax(tx, params, state)"
    if have_same_structure(own, state) or not isinstance(state, tuple) or not jax.tree.leaves(state):
        return ""
    return (
        ". If it is that of another optimizer, take over what fits: arrays = gl.state_to_dict(other_tx, state, "
        "params), then state, report = gl.state_from_dict(tx, params, arrays)"
    )


def _is_of_optax(state: Any) -> bool:
    """Return whether some node of a state, which is not the empty state, is of a class of optax."""
    found: list[bool] = []

    def look(node: Any) -> bool:
        found.append(type(node).__module__.partition(".")[0] == "optax" and bool(jax.tree.leaves(node)))
        return False

    jax.tree.leaves(state, is_leaf=look)
    return any(found)


def _is_scheduled(node: Any) -> bool:
    return isinstance(node, ScheduledState)


def _without_schedules(state: Any) -> Any:
    """Return a state without the counts of schedules."""
    return jax.tree.map(
        lambda node: _without_schedules(node.inner) if _is_scheduled(node) else node, state, is_leaf=_is_scheduled
    )


def _find_schedules(state: Any, path: str = "") -> list[str]:
    """Return the places of the links with schedules in a state, as if none held another, from the outside inward."""
    found: list[str] = []
    for way, node in jax.tree_util.tree_flatten_with_path(state, is_leaf=_is_scheduled)[0]:
        if _is_scheduled(node):
            place = path + jax.tree_util.keystr(way)
            found += [place, *_find_schedules(node.inner, place)]
    return found
