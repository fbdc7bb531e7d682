"""The formula that a schedule should follow: gradlab's reference of the same name, or a function of the user's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ... import schedules as public
from ...remedies.missing_names import suggest_public_name
from ...schedules.base import Schedule, combined
from ...user_code_time_limit import OutOfTimeError
from ...values.numeric_arguments import is_schedule
from ..references import schedules as references
from ..references.step_functions import StepFunctionError, describe_typed

Formula = Callable[[Mapping[str, Any]], Callable[[int], float]]  # of arguments, to a function of the step


def list_formulas() -> list[str]:
    """Return the names of the formulas in `gradlab.testing.references.schedules`, sorted."""
    return sorted(
        name
        for name, item in vars(references).items()
        if inspect.isfunction(item) and not name.startswith("_") and item.__module__ == references.__name__
    )


def find_formula(schedule: Any, reference: str | Callable[..., Any] | None) -> tuple[str, Formula] | None:
    """Return the name of a formula, and what makes a function of the step from the arguments of a schedule.

    `reference` is the name of a formula in `gradlab.testing.references.schedules`, or a function of the step and of any
    of the arguments. By default it is the formula of the same name for a schedule of gradlab, and there is none for any
    other. Raises ValueError for an unknown name, and for what is not callable.
    """
    if reference is None:
        name = _own_name(schedule)
        if name is None:
            return None
        own: Any = getattr(references, name)
        return name, lambda arguments: _bind(own, arguments)
    if isinstance(reference, str):
        names = list_formulas()
        if reference not in names:
            if ":" in reference:
                raise ValueError(describe_typed(reference))
            hint = suggest_public_name(reference, names, cutoff=0.6) or f"; there are: {', '.join(names)}"
            raise ValueError(f"unknown formula of a schedule {reference!r}{hint}, or pass a function of the step")
        formula: Any = getattr(references, reference)
    elif callable(reference):
        formula = reference
    else:
        raise ValueError(f"reference must be a name or a function of the step, got {type(reference).__name__}")
    name = getattr(formula, "__name__", type(formula).__name__)
    return name, lambda arguments: _bind(formula, arguments)


def list_taken(formula: Callable[[int], float]) -> frozenset[str]:
    """Return the names of the arguments of a schedule that its bound formula takes."""
    return formula.taken  # type: ignore[attr-defined]


def tabulate(formula: Callable[[int], float], steps: np.ndarray) -> np.ndarray:
    """Return the values of a formula, one step after another. An overflow or a division by zero is infinite."""
    values = []
    for step in steps.tolist():
        try:
            values.append(float(formula(step)))
        except (OverflowError, ZeroDivisionError):
            values.append(np.inf)
        except (StepFunctionError, OutOfTimeError):
            raise
        except Exception as error:
            name = getattr(formula, "__name__", "reference")
            raise StepFunctionError(
                f"the formula {name} fails at step {step}: {type(error).__name__}: {error}"
            ) from error
    return np.array(values, np.float64)


def _own_name(schedule: Any) -> str | None:
    """Return the name of the formula of a schedule that gradlab has made, or None."""
    if not isinstance(schedule, Schedule):
        return None
    own: Any
    for name in list_formulas():
        own = combined if name == "combined" else getattr(public, name)
        if own.factory == schedule.factory:
            return name
    return None


def _bind(formula: Callable[..., Any], arguments: Mapping[str, Any]) -> Callable[[int], float]:
    """Return a formula as a function of the step alone. Arguments that are schedules become functions of the step."""
    signature = inspect.signature(formula)
    parameters = signature.parameters
    is_open = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    step_name = next(iter(parameters), None)
    takes = {k: v for k, v in arguments.items() if (k in parameters or is_open) and k != step_name}
    name = getattr(formula, "__name__", "reference")
    try:
        signature.bind(0, **takes)
    except TypeError as error:
        raise StepFunctionError(
            f"the formula {name} cannot be called with the step and the arguments of the schedule "
            f"({', '.join(arguments) or 'none'}): {error}. Pass the factory of the schedule and its arguments"
        ) from None
    is_own = getattr(formula, "__module__", "") == references.__name__
    fixed = {name: _to_plain(value) for name, value in takes.items()}
    keeps = {name for name in ("inner", "schedules", "left", "right") if is_own}  # these formulas call them

    def at(step: int) -> float:
        now = {name: value(step) if callable(value) and name not in keeps else value for name, value in fixed.items()}
        return float(formula(step, **now))

    at.__name__ = name
    at.taken = frozenset(fixed)  # type: ignore[attr-defined]
    return at


def _to_plain(value: Any) -> Any:
    """Return an argument in Python's numbers, with its schedules as functions of the step."""
    if isinstance(value, tuple | list):
        return tuple(_to_plain(item) for item in value)
    if is_schedule(value):
        name = _own_name(value)
        if name is not None:
            return _bind(getattr(references, name), value.arguments)
        function = value.arguments.get("function", value) if isinstance(value, Schedule) else value
        return lambda step: float(function(step))
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "dtype"):
        return np.asarray(value, np.float64).tolist() if np.issubdtype(value.dtype, np.number) else value
    return value
