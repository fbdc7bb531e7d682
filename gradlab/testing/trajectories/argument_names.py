"""The arguments that a transformation and its reference share, under the same name or under a known other one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp

from ...schedules.base import Schedule
from ...selectors import Selector
from ...values.numeric_arguments import is_schedule
from ...values.value import is_number

# Names of the same hyperparameter in papers and frameworks. The index stands for an element of a tuple.
ALIASES: tuple[tuple[str, ...], ...] = (
    ("learning_rate", "lr", "step_size", "stepsize", "rate", "base_lr", "alpha", "eta"),
    ("b1", "beta1", "beta_1", "betas[0]", "first_decay"),
    ("b2", "beta2", "beta_2", "betas[1]", "second_decay"),
    ("b3", "beta3", "beta_3", "betas[2]"),
    ("eps", "epsilon", "eps_in_denominator"),
    ("decay", "rho", "alpha", "decay_rate", "beta", "smoothing"),
    ("momentum", "mu", "beta", "momentum_decay"),
    ("initial_accumulator_value", "initial_accumulator", "initial_accumulator_val", "initial"),
    ("weight_decay", "wd", "lambda", "lambda_", "lam", "l2", "weight_decay_rate", "decoupled_weight_decay"),
    ("nesterov", "use_nesterov"),
    ("final_rate", "final_lr", "final_learning_rate"),
    ("max_norm", "clip_norm", "clipnorm", "max_grad_norm", "global_clipnorm"),
    ("limit", "clip_value", "clipvalue", "max_delta"),
)


class Shared(NamedTuple):
    """The arguments of a reference, with the values that a transformation has for them."""

    values: dict[str, Any]  # by the name in the reference
    names: dict[str, str]  # the name in the transformation of each, by the name in the reference
    own: dict[str, Any]  # arguments of the transformation that are switched on and have no counterpart
    defaults: dict[str, Any]  # arguments of the reference that keep their defaults
    masks: tuple[str, ...] = ()  # arguments of the transformation that choose leaves, which a reference cannot take


def match_arguments(step: Callable[..., Any], arguments: Mapping[str, Any]) -> Shared:
    """Return the values for the hyperparameters of a step function, taken from the arguments of a transformation.

    An argument is matched with the hyperparameter of the same name, or else with one that has a known other name
    (`ALIASES`). Numbers, booleans, None and schedules are matched; the elements of a tuple are arguments by themselves.
    A function that does not give a number at each step is no schedule, and has no counterpart.
    """
    hyperparameters = list_hyperparameters(step)
    masks = tuple(name for name, value in arguments.items() if _is_mask(name, value))
    given = {name: value for name, value in _flatten(arguments) if is_comparable(value) and name not in masks}
    structure = {name: given.pop(name) for name, value in list(given.items()) if _is_structure(value)}
    names = {name: name for name in hyperparameters if name in given}
    for name in hyperparameters:  # in their order: the learning rate comes first, and takes "alpha" where both could
        if name not in names:
            others = [alias for group in ALIASES if name in group for alias in group]
            candidates = [alias for alias in others if alias in given and alias not in names.values()]
            if candidates:
                names[name] = candidates[0]
    if _takes_any(step):
        names |= {name: name for name in given if name.isidentifier() and name not in names.values()}
    names = {name: names[name] for name in [*hyperparameters, *names] if name in names}
    values = {
        name: _fill_in(given[own], hyperparameters.get(name))
        for name, own in names.items()
        if not (given[own] is None and hyperparameters.get(name) is inspect.Parameter.empty)
    }
    matched = set(names.values())
    is_on = {name: value for name, value in given.items() if value is not None and value is not False}
    own = {name: value for name, value in is_on.items() if name not in matched} | structure
    defaults = {
        name: default
        for name, default in hyperparameters.items()
        if name not in values and default is not inspect.Parameter.empty
    }
    return Shared(values, {name: names[name] for name in values}, own, defaults, masks)


def list_hyperparameters(step: Callable[..., Any]) -> dict[str, Any]:
    """Return the hyperparameters of a step function with their defaults (`inspect.Parameter.empty` for none)."""
    parameters = list(inspect.signature(step).parameters.values())[4:]
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {parameter.name: parameter.default for parameter in parameters if parameter.kind in kinds}


def match_hyperparameters(step: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters that a user gives for a step function, by its own names for them.

    Raises TypeError for one that it does not take.
    """
    shared = match_arguments(step, given)
    matched = {name.partition("[")[0] for name in shared.names.values()}
    unknown = [name for name in given if name not in matched and name not in list_hyperparameters(step)]
    if unknown:
        names = ", ".join(list_hyperparameters(step)) or "no hyperparameters"
        raise TypeError(f"the reference {step.__name__} has no hyperparameter {unknown[0]!r}; it takes {names}")
    return {name: value for name, value in given.items() if name in list_hyperparameters(step)} | shared.values


def describe_values(step: Callable[..., Any], shared: Shared) -> str:
    """Return the values at which a transformation and its reference were compared, in words."""

    def show(name: str, value: Any) -> str:
        own = shared.names.get(name, name)
        text = f"{name}={getattr(value, '__name__', 'a schedule') if callable(value) else f'{value!r}'}"
        return text if own == name else f"{text} (the optimizer calls it {own})"

    if not (shared.names or shared.own):
        return f"Compared at the defaults of {step.__name__}, because the arguments of the optimizer are not known."
    values = ", ".join(show(name, value) for name, value in shared.values.items()) or "no common argument"
    text = f"Compared at {values}."
    if shared.own:
        text += f" The reference has no counterpart of {_join(shared.own)}."
    is_on = {name: value for name, value in shared.defaults.items() if value is not None and value is not False}
    if is_on:
        text += f" The optimizer has no counterpart of {_join(is_on)}, which the reference has by default."
    return text


def _join(values: Mapping[str, Any]) -> str:
    parts = [f"{name}={'a function' if callable(value) else repr(value)}" for name, value in values.items()]
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _takes_any(step: Callable[..., Any]) -> bool:
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in inspect.signature(step).parameters.values())


def list_missing(step: Callable[..., Any], values: Mapping[str, Any]) -> list[str]:
    """Return the hyperparameters without a default for which there is no value."""
    hyperparameters = list_hyperparameters(step)
    return [n for n, default in hyperparameters.items() if default is inspect.Parameter.empty and n not in values]


def is_comparable(value: Any) -> bool:
    """Return whether a reference can take this value: a number, a boolean, None, or a schedule."""
    return value is None or isinstance(value, bool) or is_number(value) or is_schedule(value)


def _is_mask(name: str, value: Any) -> bool:
    """Return whether an argument chooses leaves. A mask that is None or True leaves none out."""
    return ("mask" in name and value is not None and value is not True) or isinstance(value, Selector)


def _is_structure(value: Any) -> bool:
    """Return whether a value is a function, but no schedule, because it does not give a number at a step."""
    return is_schedule(value) and not isinstance(value, Schedule) and not _gives_number(value)


def _gives_number(function: Callable[..., Any]) -> bool:
    """Return whether a function gives a number for the first step, as a Python number or as an array."""
    for step in (0, jnp.zeros((), int)):
        try:
            value = function(step)
        except Exception:
            continue
        if is_number(value):
            return jnp.ndim(value) == 0 and jnp.result_type(value).name != "bool"
    return False


def _flatten(arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
    parts: list[tuple[str, Any]] = []
    for name, value in arguments.items():
        if type(value) in (tuple, list):
            parts += _flatten({f"{name}[{index}]": part for index, part in enumerate(value)})
        else:
            parts.append((name, value))
    return parts


def _fill_in(value: Any, default: Any) -> Any:
    """Return 0 for None where the reference has a number by default, because None switches an argument off."""
    return 0.0 if value is None and is_number(default) else value
