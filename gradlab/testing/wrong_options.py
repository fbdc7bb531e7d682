"""Calls of `check` with misspelt options, or with options by their place: errors that name the option that is meant."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..remedies.argument_names import ask_about, find_meant
from ..values.factories import read_parameters

F = TypeVar("F", bound=Callable[..., Any])
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def explain_wrong_options(function: F) -> F:
    """Return a function of a transformation, options and arguments of its factory, with errors for wrong options.

    It raises TypeError for a misspelt option, which would be taken for an argument of the factory, and for an option
    that is given by its place and goes by name.
    """
    parameters = inspect.signature(function).parameters
    places = [name for name, parameter in parameters.items() if parameter.kind in _BY_PLACE]
    options = [name for name, parameter in parameters.items() if parameter.kind is not parameter.VAR_KEYWORD]

    @functools.wraps(function)
    def checked(*given: Any, **arguments: Any) -> Any:
        name = function.__name__
        if len(given) > len(places):
            _refuse_places(name, places, given[len(places)])
        tx = given[0] if given else arguments.get(places[0])
        _refuse_misspelt(name, tx, options[1:], [key for key in arguments if key not in options])
        return function(*given, **arguments)

    return checked  # type: ignore[return-value]


def _refuse_places(function: str, places: list[str], found: Any) -> None:
    shown = found.__name__ if callable(found) and hasattr(found, "__name__") else repr(found)
    meant = f"reference={shown}" if callable(found) or isinstance(found, str) else f"laws={shown}, say"
    raise TypeError(f"{function} takes {' and '.join(places)} by place, and all else by name; write {meant}")


def _refuse_misspelt(function: str, tx: Any, options: list[str], unknown: list[str]) -> None:
    """Raise TypeError for a name that is near that of an option, and that the factory `tx` does not take."""
    takes: Mapping[str, inspect.Parameter] = read_parameters(getattr(tx, "of", tx))
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values()):
        return
    for name in unknown:
        meant = find_meant(name, options, cutoff=0.75)
        if meant and name not in takes:
            raise TypeError(f"{function} has no argument {name!r}; {ask_about(meant)}")
