"""Hypothesis strategies for trees of parameters, their gradients, hyperparameters, and transformations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError("gradlab.testing.strategies needs Hypothesis: pip install hypothesis") from error

from .. import registry
from ..core.claims import claims_of
from ..core.transformation_calls import signals_of
from ..values.factories import Factory
from ..values.numeric_arguments import Parameter

# Few shapes, so that programs compiled for one example serve the next.
SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (3,), (2, 3))


def arrays(shape: tuple[int, ...], dtype: str = "float32", scale: float = 1.0) -> st.SearchStrategy[jax.Array]:
    """Return a strategy for finite arrays of a shape, with numbers between `-scale` and `scale`, including zeros."""
    size = int(np.prod(shape))
    numbers = st.floats(-1.0, 1.0, width=32).map(lambda x: 0.0 if abs(x) < 1e-6 else x)
    return st.lists(numbers, min_size=size, max_size=size).map(
        lambda values: jnp.asarray(scale * np.reshape(np.array(values, np.float64), shape), jnp.dtype(dtype))
    )


def shapes(max_leaves: int = 4) -> st.SearchStrategy[Any]:
    """Return a strategy for trees of shapes: dicts, lists, tuples and None around leaves from `SHAPES`."""
    leaf = st.sampled_from(SHAPES).map(lambda shape: jax.ShapeDtypeStruct(shape, jnp.float32))
    return st.recursive(
        leaf | st.none(),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.tuples(inner, inner)
            | st.dictionaries(st.sampled_from(["kernel", "bias", "scale"]), inner, max_size=2)
        ),
        max_leaves=max_leaves,
    )


@st.composite
def trees(draw: st.DrawFn, dtype: str = "float32", max_leaves: int = 4, scale: float = 1.0) -> Any:
    """Draw trees of parameters of a dtype, with at most `max_leaves` leaves."""
    return jax.tree.map(lambda leaf: draw(arrays(leaf.shape, dtype, scale)), draw(shapes(max_leaves)))


@st.composite
def gradients(draw: st.DrawFn, like: Any, scale: float = 1.0) -> Any:
    """Draw gradients with the structure, shapes and dtypes of a tree of parameters."""
    return jax.tree.map(lambda leaf: draw(arrays(jnp.shape(leaf), jnp.result_type(leaf).name, scale)), like)


def hyperparameter(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Return a strategy for values in the declared range of an argument.

    An argument without a range gives its default, booleans if it is one, or a name if it is one without a default.
    """
    interval = parameter.range
    if interval is None:
        if parameter.default is inspect.Parameter.empty and str in parameter.static:
            return st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
        return st.booleans() if bool in parameter.static else st.just(parameter.default)
    if interval.integer:
        return st.integers(0, 2**31 - 1)
    low, high = max(interval.low, -10.0), min(interval.high, 10.0)
    numbers = st.floats(
        low,
        high,
        exclude_min=low == interval.low and not interval.includes_low,
        exclude_max=high == interval.high and not interval.includes_high,
        allow_subnormal=False,
    ).filter(lambda value: interval.holds(value))
    return st.none() | numbers if parameter.optional else numbers


def arguments(factory: Callable[..., Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for the arguments of a factory, of gradlab or your own, each within its declared range.

    A factory may refuse some of them together: `sgd` refuses Nesterov's momentum without a momentum, and
    `bias_correction` no decay at all. Leave these out with `hypothesis.assume`.
    """
    declared: Factory = factory.factory  # type: ignore[attr-defined]
    parameters = {name: p for name, p in declared.parameters.items() if p.range is not None or p.static}
    return st.fixed_dictionaries({name: hyperparameter(parameter) for name, parameter in parameters.items()})


def transformations(*kinds: str) -> st.SearchStrategy[Any]:
    """Return a strategy for the registry's examples of these kinds (by default, all links and recipes).

    A kind is "recipe", "link" or "combinator".

    Left out are those that take only some trees, such as matrices, and those that need a signal beside the gradient,
    such as the loss.
    """
    entries = registry.of_kind(*(kinds or ("link", "recipe"))).values()
    return st.sampled_from([entry.example for entry in entries if _takes_any_tree(entry.example)])


def _takes_any_tree(tx: Any) -> bool:
    domain = claims_of(tx).get("domain", ())
    return not {"matrices", "stacked"}.intersection(domain) and signals_of(tx) <= {"params", "grads"}
