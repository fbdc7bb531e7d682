"""The factory that `gradlab check` examines, and the arguments that it is called with."""

from __future__ import annotations

import contextlib
import inspect
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from gradlab.interrupts import is_interrupt
from gradlab.remedies.argument_names import ask_about, find_meant
from gradlab.values.factories import read_parameters

from ...lab._inputs.name_lookup import UnknownNameError, look_up
from ...user_code_time_limit import limit_time, time_limit_seconds
from ..terminal.printing import fail
from .coefficients import are_coefficients

if TYPE_CHECKING:
    from gradlab.registry import Entry

_STEP_NAMES = ("t", "step", "count", "i", "k", "n", "iteration", "epoch")  # of the only argument of a schedule


def find_factory(optimizer: str, given: dict[str, Any]) -> tuple[str, Any, dict[str, Any]]:
    """Return a name without its arguments, its factory, and the arguments: those behind the name and the given ones.

    In a user's file, anything may have the name. Ends the command for an argument that is given twice.
    """
    from ...lab._inputs.importing import LoadError
    from ...lab._inputs.problem_arguments import parse_arguments, split_arguments

    name, text = split_arguments(optimizer)
    found = _find_named(name)
    if not text:
        return name, found, given
    try:
        behind = parse_arguments(name, getattr(found, "of", found), text)
    except LoadError as error:
        fail(error)
    if twice := given.keys() & behind.keys():
        fail(f"{min(twice)} is given twice, in {optimizer} and by --arg; leave one out")
    return name, found, given | behind


def _find_named(optimizer: str) -> Any:
    """Return the factory that a specification names, or what a user's file has under that name."""
    from gradlab import registry

    entries = registry.entries()
    if ":" in optimizer:
        found = import_named(optimizer)
        for entry in entries.values():
            if found is entry.factory:
                return _make_factory(entry)
        is_pair = isinstance(found, tuple) or hasattr(found, "update")
        if not callable(found) and not is_pair and not are_coefficients(found):
            kind = type(found).__name__
            fail(f"{optimizer} has the type {kind}, expected an optimizer, or a function or a class that makes one")
        return found
    try:
        entry = look_up(optimizer, entries, "optimizer, link or schedule", may_be_own=True)
    except UnknownNameError as error:
        fail(error)
    return _make_factory(entry)


def import_named(name: str) -> Any:
    """Return the object that `package.module:name` refers to, or end the command."""
    from ...lab._inputs.factory_adapter import require_plain_function
    from ...lab._inputs.importing import LoadError, import_object

    try:
        is_alias = name.startswith(("gl.", "gl:")) and find_spec("gl") is None
        found = import_object("gradlab" + name.removeprefix("gl") if is_alias else name)
        require_plain_function(name, found)
        return found
    except LoadError as error:
        fail(error)


def import_values(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with what `module:name` names in its place, such as a schedule; other texts stay texts."""
    from ...lab._inputs.importing import names_object

    return {name: import_named(value) if names_object(value) else value for name, value in arguments.items()}


def complete_arguments(optimizer: str, factory: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments for a factory: those given, and a learning rate of 1e-3 if it needs one.

    Ends the command if the factory needs others, does not take the given ones, or refuses their values.
    """
    arguments = _add_learning_rate(factory, given)
    if given:
        _require_arguments(optimizer, factory, arguments)
    else:
        _require_callable(optimizer, factory, arguments)
    return arguments


def _require_arguments(optimizer: str, factory: Any, arguments: dict[str, Any]) -> None:
    """End the command if a factory does not take these arguments, or refuses their values."""
    from gradlab.values.value import is_factory

    if isinstance(factory, tuple) or not callable(factory):
        fail(f"--arg {', '.join(arguments)} goes with a factory, but {optimizer} is a {type(factory).__name__}")
    is_ours = ":" not in optimizer or is_factory(factory)
    with contextlib.suppress(TypeError, ValueError):  # a factory without a signature is called all the same
        signature = inspect.signature(getattr(factory, "of", factory))
        parameters = [*signature.parameters]
        is_open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values())
        listing = f"it has {', '.join(parameters) or 'none'}"
        if by_place := [name for name in arguments if name in parameters and _is_positional(signature, name)]:
            fail(
                f"{optimizer} takes {by_place[0]} by its place, and --arg gives it by name; leave the / out of its "
                "definition"
            )
        if unknown := [name for name in arguments if name not in parameters and not is_open]:
            hint = ask_about(find_meant(unknown[0], parameters)) or listing
            fail(f"{optimizer} has no argument {unknown[0]!r}; {hint}")
        try:
            signature.bind(**arguments)
        except TypeError as error:
            fail(f"{optimizer} cannot be called with these arguments: {error}; {listing}")
    refusals: tuple[type[Exception], ...] = (TypeError, ValueError) if is_ours else (ValueError,)
    try:
        with limit_time(time_limit_seconds()):
            factory(**arguments)
    except refusals as error:
        fail(" ".join(str(error).split()))
    except BaseException as error:
        if is_interrupt(error):
            raise
        # The check will report any other failure as a broken law.


def _is_positional(signature: inspect.Signature, name: str) -> bool:
    return signature.parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY


def _require_callable(optimizer: str, factory: Any, arguments: dict[str, Any]) -> None:
    """End the command if a factory needs arguments and none are given."""
    if isinstance(factory, tuple) or not callable(factory) or hasattr(factory, "of"):
        return
    with contextlib.suppress(TypeError, ValueError):  # a factory without a signature is called all the same
        parameters = inspect.signature(factory).parameters.values()
        missing = [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            and parameter.name not in arguments
        ]
        if len(missing) == 1 and missing[0] in _STEP_NAMES:
            _require_schedule(optimizer, factory)
        if missing:
            options = " ".join(f"--arg {name}=..." for name in missing)
            fail(f"{optimizer} cannot be called without {' and '.join(missing)}; give {options}")


def _require_schedule(name: str, function: Any) -> None:
    """End the command if a function of the step, which may be meant as a schedule, fails at the first step."""
    from ...lab._inputs.user_errors import UserCodeError, convert_user_errors

    try:
        with convert_user_errors(f"{name} at step 0", True), limit_time(time_limit_seconds()):
            function(0)
    except UserCodeError as error:
        fail(error, 1)


def _make_factory(entry: Entry) -> Any:
    """Return the factory of a recipe, or one that returns the example of the registry when it gets no arguments."""
    if entry.kind == "recipe":
        return entry.factory

    def make(**given: Any) -> Any:
        return entry.factory(**given) if given else entry.example

    make.__name__, make.of = entry.name, entry.factory  # type: ignore[attr-defined]
    return make


def _add_learning_rate(factory: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments, with a learning rate of 1e-3 if the factory needs one and none is given."""
    if isinstance(factory, tuple) or not callable(factory):
        return arguments
    parameter = read_parameters(factory).get("learning_rate")
    if (
        parameter is not None
        and "learning_rate" not in arguments
        and parameter.default in (inspect.Parameter.empty, None)
    ):
        return {"learning_rate": 1e-3} | arguments
    return arguments


def declared_claims(factory: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the claims that a transformation declares, or one that a factory of gradlab makes of the arguments."""
    from gradlab.core.claims import claims_of
    from gradlab.values.value import is_factory

    if not is_factory(getattr(factory, "of", factory)):
        return claims_of(factory)
    try:
        with limit_time(time_limit_seconds()):
            return claims_of(factory(**arguments))
    except BaseException as error:
        if is_interrupt(error):
            raise
        return {}  # the report says why it cannot be made
