"""The arguments of a transformation and of all that it holds, found and replaced by their paths.

The path of an argument is its name, after the names of the links, groups and wrappers that hold it:
`muon/learning_rate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..remedies.argument_names import ask_about, find_meant
from ..schedules.base import Schedule
from ..values.factories import call
from ..values.value import Value
from .composites import Composite, name_each

_MOST_PATHS = 16  # that an error lists

Way = tuple[tuple[str, int], ...]  # the argument that holds each value on the way, and the position in it


class Child(NamedTuple):
    """A transformation or a schedule among the arguments of a value."""

    argument: str  # the name of the argument that holds it
    position: int  # its place among the leaves of that argument
    names: tuple[str, ...]  # its part of a path; empty for a chain that is all that a wrapper holds
    value: Any


class NestedArgument(NamedTuple):
    """An argument of a value, or of one that it holds."""

    names: tuple[str, ...]  # its path
    way: Way
    owner: Any  # the value whose argument it is
    value: Any

    @property
    def path(self) -> str:
        """The path as text, which `replace` takes."""
        return "/".join(self.names)

    @property
    def is_of_schedule(self) -> bool:
        """True for an argument of a schedule, and not of a transformation."""
        return isinstance(self.owner, Schedule)

    @property
    def is_hyperparameter(self) -> bool:
        """True for a number or a schedule that a transformation takes."""
        declared = self.owner.factory.parameters[self.names[-1]]
        is_numeric = declared.range is not None or bool(declared.elements)
        return is_numeric and not self.is_of_schedule and self.value is not None and not self.holds_transformations

    @property
    def holds_transformations(self) -> bool:
        """True for an argument with a transformation in it, whose own arguments are found as well."""
        return any(map(_is_whole, jax.tree.leaves(self.value, is_leaf=_is_whole))) and not _is_schedule(self.value)


def children_of(value: Value) -> list[Child]:
    """Return the transformations and schedules that a value holds, in the order of its arguments.

    One that is an argument by itself has the name of the argument, or for an argument called `tx` that of its factory.
    Several in one argument have the names that the combinator gives them, or those of their factories.
    """
    found: list[Child] = []
    for argument, held in value.arguments.items():
        leaves = jax.tree.leaves(held, is_leaf=_is_whole)
        inside = [(position, leaf) for position, leaf in enumerate(leaves) if _is_searched(leaf)]
        names: list[tuple[str, ...]]
        if not isinstance(held, Value):
            names = [(name,) for name in _name_several(value, [leaf for _, leaf in inside])]
        elif argument != "tx":
            names = [(argument,)]
        else:
            names = [() if held.factory.name == "chain" else (held.factory.name,)]
        found.extend(Child(argument, at, name, leaf) for (at, leaf), name in zip(inside, names))
    return found


def _name_several(holder: Any, values: list[Any]) -> list[str]:
    """Return names for the values in one argument: those that a composite gives them, or those of their factories."""
    names = list(name_each(values))
    parts = holder.core.parts() if isinstance(holder, optax.GradientTransformation) and values else None
    # A chain names its links with recipes opened, and here a recipe is one argument.
    given = dict(parts.inner) if isinstance(parts, Composite) and not hasattr(parts, "links") else {}
    for position, value in enumerate(values):
        own = next((name for name, inner in given.items() if inner is value), None)
        if own is not None:
            names[position] = own
            del given[own]
    return names


def find_arguments(value: Value, names: tuple[str, ...] = (), way: Way = ()) -> Iterator[NestedArgument]:
    """Yield every argument of a value and of all that it holds: its own first, then those of its children in order."""
    for argument, held in value.arguments.items():
        yield NestedArgument((*names, argument), (*way, (argument, 0)), value, held)
    for child in children_of(value):
        yield from find_arguments(child.value, (*names, *child.names), (*way, (child.argument, child.position)))


def match_arguments(value: Value, path: str) -> list[NestedArgument]:
    """Return the arguments that a path stands for: one, or all that match if it begins with `**/`.

    A path may leave out names, but not the last, as long as it matches one argument only. A full path stands for its
    own argument. Only a full path stands for an argument that holds transformations, and an argument of a schedule is
    found only if none of a transformation matches.

    Raises ValueError, with the paths that may be meant, if it matches several arguments, and LookupError for none.
    """
    wanted = tuple(path.removeprefix("**/").split("/"))
    arguments = list(find_arguments(value))
    matching = [argument for argument in arguments if _matches(wanted, argument.path.split("/"))]
    matching = [argument for argument in matching if not argument.holds_transformations]
    matching = [argument for argument in matching if not argument.is_of_schedule] or matching
    if path.startswith("**/") and matching:
        return matching
    exact = [argument for argument in arguments if argument.path == path]
    found = exact if len(exact) == 1 else matching
    if len(found) == 1:
        return found
    if found:
        listed = ", ".join(repr(argument.path) for argument in found)
        raise ValueError(f"{path!r} may be any of {listed}; pass one of these paths, or '**/{path}' for all of them")
    raise LookupError(f"there is no argument {path!r}{_suggest(wanted[-1], arguments)}")


def _matches(wanted: tuple[str, ...], names: list[str]) -> bool:
    """Return whether a path ends in the last wanted name and has the others before it, in order."""
    before = iter(names[:-1])
    return names[-1] == wanted[-1] and all(name in before for name in wanted[:-1])


def _suggest(wanted: str, arguments: list[NestedArgument]) -> str:
    shown = [argument for argument in arguments if not argument.is_of_schedule and not argument.holds_transformations]
    paths = [argument.path for argument in shown]
    question = ask_about(find_meant(wanted, [argument.names[-1] for argument in arguments], cutoff=0.6))
    hint = f" ({question})" if question else ""
    if not paths:
        return f"{hint}, and there are no others"
    rest = len(paths) - _MOST_PATHS
    more = f" and {rest} more, which gl.hyperparameters(tx) lists" if rest > 0 else ""
    return f"{hint}. The arguments are {', '.join(paths[:_MOST_PATHS])}{more}"


def replace_arguments(value: Value, changes: Mapping[str, Any]) -> Any:
    """Return a value with the arguments at some paths changed. Each owner of a changed argument is made anew.

    Raises what `match_arguments` raises, ValueError if two paths stand for the same argument, and what the factories
    raise for the new arguments.
    """
    edits: dict[Way, Any] = {}
    given: dict[tuple[Way, str], str] = {}  # the path that was given for each argument, or for one of its elements
    for path, new in changes.items():
        whole, _, last = path.rpartition("/")
        index = last if last.isdigit() else ""
        for argument in match_arguments(value, whole if index else path):
            for (way, other), earlier in given.items():
                if way == argument.way and (index == other or not (index and other)):
                    raise ValueError(f"{earlier!r} and {path!r} stand for the same argument, {argument.path}; pass one")
            given[argument.way, index] = path
            old = edits.get(argument.way, argument.value)
            edits[argument.way] = (
                _replace_element(argument.path, old, int(index), new) if index else keep_array(old, new)
            )
    return _rebuild(value, edits)


def _replace_element(path: str, old: Any, index: int, new: Any) -> Any:
    if not isinstance(old, tuple | list) or index >= len(old):
        raise LookupError(f"there is no element {index} in {path}, which is {old!r}")
    return type(old)(keep_array(item, new) if at == index else item for at, item in enumerate(old))


def _rebuild(value: Value, edits: Mapping[Way, Any]) -> Any:
    arguments = dict(value.arguments)
    inside: dict[tuple[str, int], dict[Way, Any]] = {}
    for way, new in edits.items():
        if len(way) == 1:
            arguments[way[0][0]] = new
        else:
            inside.setdefault(way[0], {})[way[1:]] = new
    for (argument, position), deeper in inside.items():
        leaves, structure = jax.tree.flatten(arguments[argument], is_leaf=_is_whole)
        leaves[position] = _rebuild(leaves[position], deeper)
        arguments[argument] = jax.tree.unflatten(structure, leaves)
    return call(value.factory.public, value.factory.parameters, arguments)


def keep_array(old: Any, new: Any) -> Any:
    """Return a number that replaces an array as an array of its dtype, because a number would be compiled in."""
    is_scalar = isinstance(old, jax.Array) and not isinstance(old, jax.core.Tracer) and not old.ndim
    is_number = isinstance(new, int | float) and not isinstance(new, bool)
    if not (is_scalar and is_number) or jnp.issubdtype(old.dtype, jax.dtypes.extended):
        return new
    is_whole = jnp.issubdtype(old.dtype, jnp.integer) and isinstance(new, float) and new != int(new)
    return jnp.asarray(new) if is_whole else jnp.asarray(new, old.dtype)


def _is_whole(node: Any) -> bool:
    return isinstance(node, Value | optax.GradientTransformation)


def _is_schedule(node: Any) -> bool:
    return isinstance(node, Schedule)


def _is_searched(node: Any) -> bool:
    return isinstance(node, Value) and isinstance(node, Schedule | optax.GradientTransformation)
