"""The transfer of named arrays into the state of an optimizer, and the report of what came from where."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..values.value import Value
from .named_leaves import NamedLeaf, parse_name


class Conversion(NamedTuple):
    """An array of a state that came from another name, or in another form."""

    name: str  # the name in the state
    source: str  # the name that it had where it came from
    how: str  # what was done to it, in words


class TransferReport(NamedTuple):
    """A report of each array that was used, changed, missed or left over when a state was made from named arrays."""

    matched: tuple[str, ...]  # names of arrays that were taken over as they are
    converted: tuple[Conversion, ...]  # arrays taken over in another form, or counters that no schedule needs now
    missing: tuple[tuple[str, str], ...]  # names that keep their value from `init`, each with the reason
    extra: tuple[tuple[str, str], ...]  # names that were not used, each with the reason
    remarks: tuple[str, ...] = ()  # what may make the arrays mean something else
    differences: tuple[str, ...] = ()  # arguments with other values, which may be meant: no state decides them

    @property
    def is_complete(self) -> bool:
        """True if nothing is missing, nothing is left over, and nothing was remarked. Arguments may differ."""
        return not (self.missing or self.extra or self.remarks)

    def require_complete(self) -> None:
        """Raise ValueError, with the report, unless it is complete."""
        if not self.is_complete:
            raise ValueError(f"the arrays and the state do not agree in all parts\n{self}")

    def __str__(self) -> str:
        lines = [
            f"{len(self.matched)} matched, {len(self.converted)} converted, {len(self.missing)} missing, "
            f"{len(self.extra)} extra"
        ]
        lines += _list(
            "converted", [(name, f"{how}, from {_without_parameter(was)}") for name, was, how in self.converted]
        )
        lines += _list("missing", self.missing) + _list("extra", self.extra)
        lines += [f"  remark     {text}" for text in self.remarks]
        return "\n".join([*lines, *(f"  differs    {text}" for text in self.differences)])


def _list(what: str, entries: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each field and reason, with the number of its arrays."""
    counts = collections.Counter((_without_parameter(name), reason) for name, reason in entries)
    return [
        f"  {what:9}  {name}{f' ({count} arrays)' if count > 1 else ''}: {reason}"
        for (name, reason), count in counts.items()
    ]


def _without_parameter(name: str) -> str:
    return ":".join(name.split(":", 2)[:2])


class Transfer:
    """A transfer in progress: the arrays that are wanted, those that are there, and what has been decided so far."""

    def __init__(self, wanted: list[NamedLeaf], initial: list[Any], arrays: Mapping[str, Any], resize: bool = False):
        self.wanted, self.initial, self.resize = wanted, initial, resize
        self.arrays: dict[str, Any] = dict(arrays)
        self.sources = {name: parse_name(name) for name in arrays}
        self.values: dict[int, Any] = {}  # by the position of the array that is wanted
        self.used: set[str] = set()
        self.matched: list[str] = []
        self.converted: list[Conversion] = []
        self.reasons: dict[str, str] = {}  # why an array is missing or extra, by its name
        self.codecs: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})  # by the links of stores, before and now
        self.moved_links: list[tuple[str, str]] = []  # the links that arrays of parameters came from and went to

    @property
    def open(self) -> list[int]:
        """The positions of the arrays that nothing has been found for."""
        return [position for position in range(len(self.wanted)) if position not in self.values]

    @property
    def unused(self) -> dict[str, NamedLeaf]:
        """The arrays that have not been used."""
        return {name: leaf for name, leaf in self.sources.items() if name not in self.used}

    def take(self, position: int, source: str, how: str = "") -> bool:
        """Use an array in one place, if it fits there, and return whether it does."""
        name = self.wanted[position].name
        codecs = (_find_codec(self.codecs[0], self.sources[source].link), _find_codec(self.codecs[1], name))
        if "/" in self.wanted[position].field and codecs[0] != codecs[1]:
            self.reasons[name] = self.reasons[source] = (
                f"it was kept by {codecs[0]} and is kept by {codecs[1]} now; pass state_to_dict(..., decoded=True)"
            )
            return False
        value, change = fit(self.arrays[source], self.initial[position], self.wanted[position].parameter, self.resize)
        if value is None:
            self.reasons[name] = self.reasons[source] = change
            return False
        self.values[position] = value
        self.used.add(source)
        if self.wanted[position].parameter:
            self.moved_links.append((self.sources[source].link, self.wanted[position].link))
        how = ", ".join(filter(None, (how, change)))
        if how:
            self.converted.append(Conversion(name, source, how))
        else:
            self.matched.append(name)
        return True

    def convert(self, position: int, value: Any, source: str, how: str) -> None:
        """Use a computed value in one place."""
        initial = self.initial[position]
        self.values[position] = jnp.broadcast_to(jnp.asarray(value).astype(initial.dtype), initial.shape)
        self.used.update({source} & set(self.arrays))
        self.converted.append(Conversion(self.wanted[position].name, source, how))

    def refuse_other_codecs(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Take no codes of a codec for those of another one. The arguments of all links are given, before and now."""
        self.codecs = (codecs_of(before), codecs_of(now))

    def match_names(self) -> None:
        """Take each array of the same name."""
        for position in self.open:
            if self.wanted[position].name in self.arrays:
                self.take(position, self.wanted[position].name)

    def match_roles(self) -> None:
        """Take arrays of the same role, field and parameter, which stand elsewhere now: in other wrappers or groups."""
        self._match(lambda leaf: (leaf.role, leaf.field, leaf.parameter), "moved")

    def match_renamed(self) -> None:
        """Take the arrays of a link of another name, if no other link has the same fields at the same place.

        Links of gradlab are known by their names, so another name is another link.
        """
        users = [self.wanted[p] for p in self.open if not _is_of_gradlab(self.wanted[p].tx)]
        wanted, unused = self._group(users), self._group(list(self.unused.values()))
        for (place, fields), links in wanted.items():
            others = unused.get((place, fields), [])
            if len(links) == len(others) == 1:
                positions = {
                    (self.wanted[p].field, self.wanted[p].parameter): p
                    for p in self.open
                    if self.wanted[p].link == links[0]
                }
                for name, leaf in self.unused.items():
                    if leaf.link == others[0]:
                        self.take(positions[leaf.field, leaf.parameter], name, f"renamed from {others[0]}")

    def _group(self, leaves: list[NamedLeaf]) -> dict[Any, list[str]]:
        """Return links by the place that they stand in, and the fields and parameters of their arrays."""
        arrays = collections.defaultdict(set)
        for leaf in leaves:
            arrays[leaf.link].add((leaf.field, leaf.parameter))
        grouped = collections.defaultdict(list)
        for link, fields in arrays.items():
            grouped[parse_name(link).role[:-1], frozenset(fields)].append(link)
        return grouped

    def _match(self, key: Callable[[NamedLeaf], Any], how: str) -> None:
        wanted, found = collections.defaultdict(list), collections.defaultdict(list)
        for position in self.open:
            wanted[key(self.wanted[position])].append(position)
        for name, leaf in self.sources.items():
            found[key(leaf)].append(name)
        for identity, positions in wanted.items():
            names = found.get(identity, [])
            is_counter = not self.wanted[positions[0]].parameter
            free = [name for name in names if name not in self.used]
            if len(free) == len(positions):
                for position, name in zip(positions, free, strict=True):
                    self.take(position, name, how)
            elif is_counter and names and self._agree(names):
                for position in positions:
                    self.take(
                        position, names[0], how if len(names) == len(positions) == 1 else "the same for all groups"
                    )
                self.used.update(names)
            elif names:
                for position in positions:
                    self.reasons[self.wanted[position].name] = f"it may be any of {', '.join(names)}"

    def _agree(self, names: list[str]) -> bool:
        first, *others = (self.arrays[name] for name in names)
        return not others or (
            not any(isinstance(array, jax.core.Tracer) for array in (first, *others))
            and all(np.array_equal(first, other) for other in others)
        )

    def report(self, remarks: tuple[str, ...] = ()) -> TransferReport:
        """Return the report of all that was decided."""
        missing = [self.wanted[position].name for position in self.open]
        nothing = dict.fromkeys(missing, "nothing of this kind is there; it starts as init gives it")
        unused = dict.fromkeys(self.unused, "the state has no such array")
        return TransferReport(
            tuple(self.matched),
            tuple(self.converted),
            tuple((name, self.reasons.get(name, reason)) for name, reason in nothing.items()),
            tuple((name, self.reasons.get(name, reason)) for name, reason in unused.items()),
            remarks,
        )

    def arrays_of_state(self) -> list[Any]:
        """Return the arrays of the state, with those of `init` where nothing was found."""
        return [self.values.get(position, initial) for position, initial in enumerate(self.initial)]


def codecs_of(links: Mapping[str, Any]) -> dict[str, str]:
    """Return the codecs of stores among the arguments of links, by the names of the links."""
    return {link: arguments["codec"] for link, arguments in links.items() if "codec" in arguments}


def _find_codec(codecs: Mapping[str, str], link: str) -> str | None:
    """Return the codec of the innermost store that a link stands in."""
    holders = [store for store in codecs if link.startswith(f"{store}/tx")]
    return codecs[max(holders, key=len)] if holders else None


def _is_of_gradlab(tx: Any) -> bool:
    return isinstance(tx, Value) and str(tx.factory.build.__module__).startswith("gradlab.")


def fit(array: Any, initial: Any, parameter: str, resize: bool = False) -> tuple[Any, str]:
    """Return an array as it is stored in the place of another one, and what was changed; None and the reason if not."""
    if jnp.issubdtype(initial.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(initial)), ""
    array, changes = jnp.asarray(array), []
    if array.shape != initial.shape:
        shapes = f"{list(array.shape)} here and {list(initial.shape)} in the state"
        if not parameter and not array.ndim:
            changes.append(f"repeated from [] to {list(initial.shape)}")
            array = jnp.broadcast_to(array, initial.shape)
        elif resize and parameter and array.ndim == initial.ndim:
            overlap = tuple(slice(0, min(sizes)) for sizes in zip(array.shape, initial.shape, strict=True))
            changes.append(f"resized from {list(array.shape)} to {list(initial.shape)}")
            array = initial.at[overlap].set(array[overlap].astype(initial.dtype))
        else:
            return None, f"it has the shape {shapes}"
    if array.dtype != initial.dtype:
        if jnp.iscomplexobj(array) and not jnp.iscomplexobj(initial):
            return None, f"it is {array.dtype} here and {initial.dtype} in the state"
        changes.append(f"{array.dtype} to {initial.dtype}")
    return array.astype(initial.dtype), ", ".join(changes)
