"""Step functions of users: clear errors for one that cannot be a reference, or that fails while it runs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ...interrupts import is_interrupt
from ...user_code_time_limit import OutOfTimeError

FORM = "step(g, state, t, x, **hyperparameters) -> (change, state)"


class StepFunctionError(ValueError):
    """A reference that is not a step function, or that fails. Its text says what was expected."""


def describe_typed(reference: str) -> str:
    """Return what is wrong with a reference that is given in Python as it is typed on the command line."""
    name = reference.rpartition(":")[2]
    return (
        f"the reference {reference!r} is typed so on the command line; in Python import the function and pass it: "
        f"reference={name}"
    )


def require_step_function(step: Any, name: str) -> None:
    """Raise StepFunctionError unless this can be called as `step(g, state, t, x, **hyperparameters)`.

    Messages call it `name`.
    """
    if not callable(step):
        raise StepFunctionError(f"the reference {name} is of type {type(step).__name__}, expected a function {FORM}")
    try:
        signature = inspect.signature(step)
    except (TypeError, ValueError):  # a function without a signature is called all the same
        return
    positional = [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    is_open = any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())
    is_misnamed = any(p.default is not p.empty or p.name in _HYPERPARAMETERS for p in positional[:4])
    if isinstance(step, type) or is_misnamed or (len(positional) < 4 and not is_open):
        names = ", ".join(signature.parameters)
        raise StepFunctionError(
            f"the reference {name} takes ({names}), expected a step function in NumPy for one leaf: {FORM}"
        )
    misplaced = [p.name for place, p in enumerate(positional[:4]) if _PLACES.get(p.name, place) != place]
    if len(misplaced) > 1:  # one may be named for something else
        names = ", ".join(p.name for p in positional[:4])
        raise StepFunctionError(
            f"the reference {name} takes ({names}, ...), but its first four arguments are (g, state, t, x): the "
            f"gradient, the state, the step and the parameters; {' and '.join(misplaced)} look exchanged"
        )


_HYPERPARAMETERS = ("learning_rate", "lr", "step_size")
_PLACES = (
    dict.fromkeys(("g", "grad", "grads", "gradient"), 0)
    | dict.fromkeys(("s", "state"), 1)
    | dict.fromkeys(("t", "step", "count"), 2)
    | dict.fromkeys(("x", "p", "param", "params", "parameters"), 3)
)


def guard_step_function(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step function that raises StepFunctionError where the given one fails or returns something else.

    The arrays that it is given are read-only, because to write into them would change the run itself. Its result must
    be a pair of a finite change, of the shape of the gradient, and the new state. Warnings of NumPy are silent.
    """
    name = getattr(step, "__name__", type(step).__name__)
    require_step_function(step, name)

    @functools.wraps(step)
    def call(g: Any, state: Any, t: int, x: Any, **hyperparameters: Any) -> Any:
        try:
            with np.errstate(all="ignore"):
                result = step(_protect(g), state, t, _protect(x), **hyperparameters)
        except OutOfTimeError:
            raise
        except BaseException as error:
            if is_interrupt(error):
                raise
            raise StepFunctionError(_describe_failure(step, name, t, hyperparameters, error)) from error
        _require_result(result, name, t, g)
        return result

    call.__name__ = name
    return call


def _protect(arrays: Any) -> Any:
    if isinstance(arrays, dict):
        return {path: _protect(array) for path, array in arrays.items()}
    view = np.asanyarray(arrays).view()  # which may round at random
    view.flags.writeable = False
    return view


def _describe_failure(
    step: Callable[..., Any], name: str, t: int, hyperparameters: dict[str, Any], error: BaseException
) -> str:
    try:
        inspect.signature(step).bind(None, None, None, None, **hyperparameters)
    except TypeError as mismatch:
        given = ", ".join(hyperparameters) or "no hyperparameters"
        remedy = (
            ""
            if hyperparameters
            else ". Those of a finished transformation are unknown: pass the factory in its place, with its arguments "
            "by name, as in check(factory, learning_rate=0.01, reference=...)"
        )
        return (
            f"the reference {name} cannot be called with {given}: {mismatch}. Its keyword arguments are the "
            f"hyperparameters by the names that the optimizer gives them; give a default to any other{remedy}"
        )
    except ValueError:  # it has no signature
        pass
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
    if "read-only" in text:
        text += "; it must return the change in place of writing into g or x"
    return f"the reference {name} fails at step {t}: {text}"


def _require_result(result: Any, name: str, t: int, g: Any) -> None:
    if not isinstance(result, tuple) or len(result) != 2:
        shown = f"{len(result)} values" if isinstance(result, tuple) else type(result).__name__
        raise StepFunctionError(f"the reference {name} returned {shown}, expected a pair (change, state)")
    change = result[0]
    if not isinstance(g, dict):
        return _require_change(change, name, t, g, "")
    if not isinstance(change, dict) or change.keys() != g.keys():
        raise StepFunctionError(
            f"the reference {name} must return the change of every leaf, as a dict with the keys of g"
        )
    for path, leaf in g.items():
        _require_change(change[path], name, t, leaf, f" for the leaf {path}")
    return None


def _require_change(change: Any, name: str, t: int, g: Any, place: str) -> None:
    try:
        array = np.asarray(change)
        is_finite = bool(np.all(np.isfinite(array)))
    except (TypeError, ValueError):
        kind = type(change).__name__
        raise StepFunctionError(f"the reference {name} returned a change of type {kind}, expected an array") from None
    if array.shape != np.shape(g):
        raise StepFunctionError(
            f"the reference {name} returned a change of shape {array.shape}{place} for a gradient of shape "
            f"{np.shape(g)}; it must have the shape of the gradient"
        )
    if not is_finite and np.all(np.isfinite(g)):
        raise StepFunctionError(
            f"the reference {name} returned a change that is not finite{place} at step {t}, where the largest gradient "
            f"is {np.max(np.abs(g)):.3g}; where the method would divide by zero, let the change be zero"
        )
