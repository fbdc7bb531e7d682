"""The check of each argument of a factory against its declaration, and the form in which it is stored."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..remedies.argument_names import ask_about_each, find_meant, suggest_relative
from ..remedies.argument_remedies import suggest_links
from ..remedies.optax_names import suggest_wrapped
from .numeric_arguments import DtypeName, Parameter, find_inexact_dtype, is_whole
from .value import Value, is_factory, is_number


def read_call(
    owner: str,
    factory: Callable[..., Any],
    parameters: Mapping[str, Parameter],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> dict[str, Any]:
    """Return the arguments of a call of a factory by name, with defaults, as they are stored.

    `owner` is the name of the factory in errors. Raises TypeError, with the signature, if the arguments do not fit it,
    and what `check_argument` raises.
    """
    bound = _bind(factory, args, kwargs, owner)
    return {name: check_argument(owner, parameters[name], value) for name, value in bound.items()}


def check_argument(owner: str, parameter: Parameter, value: Any) -> Any:
    """Return the value to store for an argument. Python and NumPy scalars become floats.

    Raises TypeError for a value of another kind than declared, and ValueError for one outside the range. `owner` is the
    name of the factory in errors.
    """
    interval, where = parameter.range, f"{owner}: {parameter.name}"
    for item in value if parameter.variadic else (value,):
        if is_factory(item):
            name = item.factory.name
            raise TypeError(f"{where} got the factory {name} itself; call it: {name}(...)")
    if parameter.elements and (not parameter.variadic or isinstance(value, tuple | list)):
        return value if value is None and parameter.optional else _check_elements(owner, parameter, value)
    if parameter.variadic or (value is None and parameter.optional):
        return value
    if parameter.read is not None:
        return parameter.read(where, value)
    if parameter.whole and is_whole(value):
        return jax.tree.map(int, value)
    if parameter.transformation and isinstance(value, optax.GradientTransformation):
        return value
    if parameter.static == (DtypeName,):
        return _read_dtype_name(where, value)
    if bool in parameter.static and isinstance(value, np.bool_):
        value = bool(value)
    if parameter.static and type(value) not in parameter.static:
        expected = " or ".join(kind.__name__ for kind in parameter.static)
        raise TypeError(f"{where} must be of type {expected}, got {type(value).__name__}: {value!r}")
    if interval is None:
        if parameter.transformation:
            remedy = suggest_wrapped(value)
            text = f"{type(value).__name__}; {remedy}" if remedy else f"{type(value).__name__}: {value!r}"
            raise TypeError(f"{where} must be a transformation, such as scale_by_rms(); got {text}")
        return value if parameter.static else jax.tree.map(_as_float, value, is_leaf=lambda v: isinstance(v, Value))
    if isinstance(
        value, type
    ):  # callable, but not a function of the step, such as a dtype in the position where optax has one
        raise TypeError(f"{where} must be {interval.kinds}; got the class {value.__name__}")
    if callable(value) and not isinstance(value, optax.GradientTransformation) and not interval.integer:
        constant = value._constant() if isinstance(value, Value) else None
        if constant is not None:
            check_argument(owner, parameter, constant)
        return value
    if interval.integer and isinstance(value, jax.Array) and value.dtype == jnp.uint32 and value.shape[-1:] == (2,):
        raise TypeError(f"{where} got the two words of a legacy key; pass jax.random.key(0), or the integer itself")
    if interval.integer and isinstance(value, jax.Array):
        return value
    if is_tree_of_arrays(value):
        raise TypeError(
            f"{where} must be {interval.kinds}; got a {type(value).__name__} of arrays. Parameters are given to "
            f"init(params), and not to the optimizer"
        )
    if not is_number(value) or np.iscomplexobj(value):
        raise TypeError(f"{where} must be {interval.kinds}; got {type(value).__name__}: {value!r}")
    if isinstance(value, jax.core.Tracer):
        return value
    if not interval.holds(value):
        raise ValueError(f"{where} must be in {interval}, got {value}; {interval.hint}")
    if isinstance(value, jax.Array) or np.ndim(value) > 0:
        return value
    if interval.integer:
        if value != int(value):
            raise TypeError(f"{where} must be an integer, got {value!r}")
        return int(value)
    return _as_float(int(value)) if interval.steps and value == int(value) else float(value)


def is_tree_of_arrays(value: Any) -> bool:
    """Return whether a value is a dictionary, list or tuple that holds arrays, as parameters do."""
    return isinstance(value, dict | list | tuple) and any(
        isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(value)
    )


def _read_dtype_name(where: str, value: Any) -> str:
    """Return the name of a floating-point or complex dtype. Raises TypeError for anything else."""
    dtype = find_inexact_dtype(value)
    if dtype is None:
        raise TypeError(f"{where} must be a floating-point or complex dtype, such as 'bfloat16'; got {value!r}")
    return dtype.name


def _check_elements(owner: str, parameter: Parameter, values: Any) -> Any:
    """Return a tuple or list of numbers with each element checked against its range."""
    if not isinstance(values, tuple | list):
        expected = f"{len(parameter.elements)} numbers" if len(parameter.elements) > 1 else "numbers"
        raise TypeError(
            f"{owner}: {parameter.name} must be a tuple of {expected}, got {type(values).__name__}: {values!r}"
        )
    ranges = parameter.elements * (len(values) if len(parameter.elements) == 1 else 1)
    if len(ranges) != len(values):
        expected, came = f"{len(ranges)} numbers", f"{len(values)}: {values!r}"
        raise TypeError(f"{owner}: {parameter.name} must be a tuple of {expected}, got one of {came}")
    single = parameter._replace(default=inspect.Parameter.empty, elements=(), variadic=False, optional=False)
    checked_values = [
        check_argument(owner, single._replace(name=f"{parameter.name}[{index}]", range=interval), value)
        for index, (interval, value) in enumerate(zip(ranges, values, strict=True))
    ]
    return type(values)(checked_values)


def _as_float(leaf: Any) -> Any:
    """Return a Python integer as a float, unless an int32 holds it and a float32 rounds it, as it does late steps.

    A boolean array of no axes becomes a Python boolean; anything else is returned as it is.
    """
    is_array = isinstance(leaf, (np.bool_, np.ndarray, jax.Array)) and not isinstance(leaf, jax.core.Tracer)
    if is_array and leaf.dtype == bool and leaf.ndim == 0:
        return bool(leaf)
    if not isinstance(leaf, int) or isinstance(leaf, bool):
        return leaf
    return leaf if abs(leaf) < 2**31 and float(np.float32(leaf)) != leaf else float(leaf)


def _bind(factory: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], label: str) -> dict[str, Any]:
    """Return the arguments of a call by name, with defaults. Raises TypeError with the signature if they do not fit."""
    signature = inspect.signature(factory)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        hint = (
            ". Parameters are given to init(params), and not to the optimizer"
            if any(map(is_tree_of_arrays, args))
            else ""
        )
        unknown = [name for name in kwargs if name not in signature.parameters]
        fault = str(error)  # which names the first argument alone
        if len(unknown) > 1 and "unexpected keyword" in fault:
            fault = f"got unexpected keyword arguments {_join(unknown)}"
        called = f"the call is {label}{_strip_annotations(signature)}{hint}"
        remedy = _suggest_remedy(label, signature.parameters, kwargs)
        raise TypeError(f"{label}: {fault}; {remedy}{called}") from None
    bound.apply_defaults()
    return dict(bound.arguments)


def _join(names: Sequence[str]) -> str:
    """Return names in quotes, as in "'lr', 'eta' and 'betas'"."""
    quoted = list(map(repr, names))
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _suggest_remedy(label: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Return "did you mean momentum? " for arguments that are unknown but stand for known ones, or what to write."""
    names = [name for name in known if name not in given]
    meant = {name: find_meant(name, names) for name in given if name not in known}
    question = ask_about_each(meant)
    others = [name for name, similar in meant.items() if not similar]
    return f"{question} " * bool(question) + suggest_relative(label, others) + suggest_links(label, others, known)


def _strip_annotations(signature: inspect.Signature) -> inspect.Signature:
    """Return a signature without annotations."""
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
