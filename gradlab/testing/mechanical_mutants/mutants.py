"""The mechanical mutants of all recipes and links: their names, and the transformations that each changes."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ... import registry
from .edits import Edit, list_edits
from .forms import Form, list_forms
from .sources import Edited, edited, find_definition, find_factories, find_functions, find_states


@dataclass(frozen=True)
class MechanicalMutant:
    """One edit of one function, which changes every transformation that calls it."""

    name: str  # stays the same where lines are added elsewhere
    module: str
    function: str
    edit: Edit = field(repr=False)
    owners: tuple[str, ...]  # the recipes and links that compute with the function
    users: tuple[str, ...]  # the recipes that are composed of these

    @property
    def kind(self) -> str:
        """The kind of the edit."""
        return self.edit.kind

    @property
    def of(self) -> str:
        """The transformation that it is a wrong version of; for a helper that several share, its module and name."""
        return self.owners[0] if len(self.owners) == 1 else f"{self.module.rpartition('.')[2]}.{self.function}"

    def list_forms(self) -> list[Form]:
        """Return the forms of the transformations that compute with the function."""
        return [form for name in self.owners for form in list_forms(name)]

    def list_users_forms(self) -> list[Form]:
        """Return the forms of the recipes that are composed of those transformations."""
        return [form for name in self.users for form in list_forms(name)]

    @contextlib.contextmanager
    def made(self) -> Iterator[Edited]:
        """Give the factories with the edit."""
        with edited(self.module, self.edit.tree) as factories:
            yield factories

    def __str__(self) -> str:
        return f"in {self.function}, {self.edit}"


@functools.lru_cache(maxsize=8)
def list_mutants(*names: str) -> tuple[MechanicalMutant, ...]:
    """Return the mechanical mutants of some functions, in the order of the registry and of the sources.

    `names` are those of functions, or of recipes and links, which mean all functions that they compute with. Without
    names, all mutants are returned.
    """
    entries = registry.of_kind("recipe", "link")
    owners: dict[tuple[str, str], list[str]] = {}
    for name, entry in entries.items():
        for place in find_functions(entry.factory):
            owners.setdefault(place, []).append(name)
    recipes = {name: find_factories(entry.factory) for name, entry in registry.of_kind("recipe").items()}
    mutants = []
    for (module, function), computing in owners.items():
        if names and not {function, *computing}.intersection(names):
            continue
        users = [r for r, parts in recipes.items() if r not in computing and parts.intersection(computing)]
        counts: Counter[str] = Counter()
        for edit in list_edits(find_definition(module, function), find_states(module)):
            text = f"{module.rpartition('.')[2]}.{function}: {edit.kind}: {edit.before} -> {edit.after}"
            counts[text] += 1
            name = text if counts[text] == 1 else f"{text} ({counts[text]})"
            mutants.append(MechanicalMutant(name, module, function, edit, tuple(computing), tuple(users)))
    return tuple(mutants)
