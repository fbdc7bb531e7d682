"""The problems and optimizers of a study, from what users pass: names, values, factories, lists or dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._inputs.default_contestants import Contestant, collect_contestants
from .._inputs.factory_adapter import as_factory
from .._inputs.importing import LoadError
from .._inputs.loading import as_contestant, find_contestant, find_factory, find_problem, make_label
from .._inputs.problem_adapter import as_problem, rename_problem
from .._inputs.problem_arguments import list_settings
from ..problems import PROBLEMS
from ..problems.base import Problem

DEFAULT_PROBLEMS = ("digits", "ravine")  # of a race

Factories = dict[str, Callable[..., Any]]  # by label


def problems_by_name(problems: Any) -> tuple[Problem, ...]:
    """Return the problems of a name, a value or a class, or of several in a list. A name that is given twice counts
    once, "all" stands for all problems of gradlab, and "transformer:width=32|64" for one problem for each value.

    Raises UnknownNameError and LoadError.
    """
    given = list(problems) if isinstance(problems, (list, tuple)) and not hasattr(problems, "update") else [problems]
    several = [name for found in given for name in (PROBLEMS if isinstance(found, str) and found == "all" else [found])]
    distinct = [found for at, found in enumerate(several) if not (isinstance(found, str) and found in several[:at])]
    return tuple(
        problem
        for found in distinct
        for problem in (_find_settings(found) if isinstance(found, str) else [as_problem(found)])
    )


def _find_settings(name: str) -> list[Problem]:
    """Return the problem of a name, or one for each combination of several values of its arguments."""
    settings = list_settings(name)
    return [rename_problem(find_problem(text), short) for short, text in settings.items()] or [find_problem(name)]


def contestants_by_name(optimizers: Any) -> tuple[Contestant, ...]:
    """Return the contestants of a name or a factory, of several in a list, or of a dictionary by label; None for all.

    Raises UnknownNameError and LoadError, and ValueError for two of one name.
    """
    if optimizers is None:
        return tuple(collect_contestants().values())
    contestants = []
    for label, found in _label_settings(optimizers):
        if isinstance(found, str):
            contestant = find_contestant(found)
            contestants.append(contestant if label is None else replace(contestant, name=label))
        else:
            name = label or _name_of(found)
            contestants.append(as_contestant(name, as_factory(name, found), name))
    require_different([contestant.name for contestant in contestants], "optimizer")
    return tuple(contestants)


def factories_by_name(optimizers: Any) -> Factories:
    """Return the factories of a name or a factory, of several in a list, or of a dictionary by label.

    Raises UnknownNameError and LoadError, and ValueError for two of one name.
    """
    factories = []
    for label, found in _label_settings(optimizers):
        if isinstance(found, str):
            factories.append((label or make_label(found), find_factory(found)))
        else:
            name = label or _name_of(found)
            factories.append((name, as_factory(name, found)))
    require_different([label for label, _ in factories], "optimizer")
    return dict(factories)


def only_one(several: Sequence[Any], kind: str) -> Any:
    """Return the one problem, or (name, factory) of an optimizer. Raises ValueError if there are several, or none."""
    if len(several) != 1:
        names = [item[0] if isinstance(item, tuple) else item.name for item in several]
        given = ", ".join(names) or "none"
        raise ValueError(f"a search is of one {kind}, got {given}; search each on its own, into a folder of its own")
    return several[0]


def _label_settings(optimizers: Any) -> list[tuple[str | None, Any]]:
    """`_label_all`, with one optimizer for each of several values: adam:b1=0.8 and adam:b1=0.9 for adam:b1=0.8|0.9."""
    pairs: list[tuple[str | None, Any]] = []
    for label, found in _label_all(optimizers):
        texts = list(list_settings(found).values()) if isinstance(found, str) else []
        if texts and label is not None:
            raise LoadError(
                f"{found} stands for {len(texts)} optimizers, which cannot all be named {label}; name each of them: "
                f"{texts[0]}, {texts[1]}, ..., or pass them in a list without a name"
            )
        pairs += [(None, text) for text in texts] or [(label, found)]
    return pairs


def _label_all(optimizers: Any) -> list[tuple[str | None, Any]]:
    """Names and factories, each with its label in a dictionary. A name that is given twice counts once."""
    if isinstance(optimizers, Mapping):
        for label in optimizers:
            if not isinstance(label, str) or not label.strip():
                raise LoadError(f"optimizers are named by text in a dictionary, got {label!r}; write str: factory")
        return list(optimizers.items())
    if isinstance(optimizers, (list, tuple)) and not hasattr(optimizers, "update"):  # an optimizer is a tuple, too
        pairs = [pair for found in optimizers for pair in _label_all(found)]
        return [pair for at, pair in enumerate(pairs) if not (isinstance(pair[1], str) and pair in pairs[:at])]
    return [(None, optimizers)]


def _name_of(factory: Any) -> str:
    return str(getattr(factory, "__name__", "optimizer"))


def require_different(names: Sequence[str], kind: str) -> None:
    """Raise ValueError if two things of a kind, such as "optimizer", have the same name."""
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        remedy = ", or study each in a folder of its own" if kind == "problem" else ""  # one problem, two settings
        raise ValueError(f"two {kind}s are named {', '.join(twice)}; give one of them another name{remedy}")
