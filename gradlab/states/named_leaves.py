"""The names of the arrays in a state: the transformation that holds each, its field, and its parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..core.composites import Composite, walk
from ..core.scheduled_states import ScheduledState
from ..selectors.leaves import read_leaves, show_path, unbox
from ..values.numeric_arguments import is_concrete
from ..values.value import Value
from .origins import find_parameter

SCHEDULE_STEP = "schedule_step"  # the field of a link with schedules that counts its steps


class NamedLeaf(NamedTuple):
    """An array of a state, by what it is."""

    link: str  # the names on the way to the transformation that holds it, joined by slashes
    field: str  # the field of the state of that transformation
    parameter: str  # the path of the parameter that it belongs to; empty for counters and the like
    tx: Any = None  # the transformation that holds it, whose leaves may be tracers

    @property
    def name(self) -> str:
        """The three parts as one text, such as `scale_by_momentum:moment:dense/kernel`."""
        return ":".join(filter(None, (self.link, self.field, self.parameter)))

    @property
    def role(self) -> tuple[str, ...]:
        """The kind of the transformation, wherever it stands: the link without wrappers, groups and numbers."""
        return role_of(self.link)


def parse_name(name: str) -> NamedLeaf:
    """Return the parts of a name."""
    link, field, parameter = [*name.split(":", 2), "", ""][:3]
    return NamedLeaf(link, field, parameter)


def role_of(link: str) -> tuple[str, ...]:
    """Return a link without the wrappers and groups that it stands in, and without the numbers of repeated names.

    A wrapper holds one transformation, under the name `tx`, and a partition holds groups, of which the path of a
    parameter says already which it is in. What else holds transformations gives them a meaning, as `scale_by_rms` does.
    """
    role: list[str] = []
    for part in filter(None, link.split("/")):
        if part == "tx" or (role and role[-1] == "partition"):
            role = role[:-1]
        else:
            role.append(re.sub(r"_\d+$", "", part))
    return tuple(role)


def name_leaves(tx: Any, state: Any, params: Any) -> list[NamedLeaf]:
    """Return the names of the arrays in a state, in the order of `jax.tree.leaves`.

    The state is traced, because tracers are distinct objects, by which the arrays of inner states are found. So nothing
    is computed.
    """
    state, params = unbox(state), unbox(params)
    paths = {path: index for index, (path, _) in enumerate(jax.tree_util.tree_leaves_with_path(params))}
    shown = [leaf.name for leaf in read_leaves(params)]
    names: list[NamedLeaf] = []

    def trace(state: Any) -> None:
        owners: dict[int, NamedLeaf] = {}
        for link, place in walk_links(tx, state):
            scheduled = isinstance(place.state, ScheduledState)
            for path, leaf in jax.tree_util.tree_leaves_with_path(place.state):
                is_step = scheduled and path[0].name == "step"
                own = path[1:] if scheduled and not is_step else path
                index, start, stop = find_parameter(own, paths)
                field = show_path(tuple(map(_show_key, (*own[:start], *own[stop:])))) if own else ""
                field = SCHEDULE_STEP if is_step else field
                parameter = "" if index is None else shown[index]
                owners[id(leaf)] = NamedLeaf(link, field.replace(":", "|"), parameter, place.tx)
        names.extend(owners[id(leaf)] for leaf in jax.tree.leaves(state))

    jax.eval_shape(trace, state)
    return names


def list_links(tx: Any) -> dict[str, dict[str, Any]]:
    """Return the numeric arguments of all transformations within one, by their names, in the order in which they run.

    Arguments that are traced, schedules or None are left out. The codec of a `store` is listed as text.
    """
    listed: dict[str, dict[str, Any]] = {}
    for link, place in walk_links(tx):
        arguments = place.tx.arguments if isinstance(place.tx, Value) else {}
        numbers = {name: value for name, value in arguments.items() if isinstance(value, int | float | jax.Array)}
        concrete = {name: value for name, value in numbers.items() if is_concrete(value) and jnp.size(value) == 1}
        listed[link] = {name: float(value) for name, value in concrete.items()}
        if "codec" in arguments:
            listed[link]["codec"] = repr(arguments["codec"])
    listed.pop("", None)
    return listed


def walk_links(tx: Any, state: Any = None) -> Iterator[tuple[str, Any]]:
    """Yield the name and the place of each transformation within one.

    Recipes are left out, because what they compose follows under the same path.
    """
    links: dict[tuple[str, ...], tuple[str, ...]] = {}
    for place in walk(tx, state):
        if place.parts is not None or not isinstance(place.tx, Value):
            links[place.path] = _name_link(place, links)
            yield "/".join(links[place.path]), place


def _name_link(place: Any, links: dict[tuple[str, ...], tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of a place: those of its path, and that of its factory if the last of them is another one."""
    outer = links.get(place.path[:-1], ()) if place.path else ()
    base = (*outer, *(part.replace("/", "|").replace(":", "|") for part in place.path[-1:]))
    is_chain = isinstance(place.parts, Composite) and hasattr(place.parts, "links")
    if is_chain or not isinstance(place.tx, Value):
        return base
    factory = place.tx.factory.name
    return base if base and re.sub(r"_\d+$", "", base[-1]) == factory else (*base, factory)


def _show_key(key: Any) -> str:
    return jax.tree_util.keystr((key,), simple=True)
