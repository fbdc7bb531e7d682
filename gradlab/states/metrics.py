"""`metrics`: what a state has recorded, as one flat dictionary."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import jax

from ..values.value import Value

F = TypeVar("F", bound=Callable[..., Any])


def _require_state_alone(read: F) -> F:
    """Return `metrics`, made to raise TypeError with the right call if the optimizer is passed as well."""

    @functools.wraps(read)
    def checked(*arguments: Any, **options: Any) -> Any:
        if len(arguments) + len(options) > 1:
            kinds = ", ".join(type(argument).__name__ for argument in (*arguments, *options.values()))
            raise TypeError(f"metrics takes the state alone, without its optimizer: gl.metrics(state); got ({kinds})")
        return read(*arguments, **options)

    return checked  # type: ignore[return-value]


@_require_state_alone
def metrics(state: Any) -> dict[str, jax.Array]:
    """Return all that the probes and counters in a state have recorded, as a flat dictionary of arrays by name.

    `state` is the state of an optimizer, or any tree that holds one. It may be traced, so this works inside `jax.jit`,
    and a training step may return the dictionary. The names are those of the probes and their measures
    (`gradient/norm`), and those of wrappers and what they count (`skip_nonfinite/skipped`). A name that is there twice
    gets a number, such as `gradient/norm_2`, in the order of the state.

    The class of a state takes part by a method `metrics()`, which returns arrays by name. Begin each name with that of
    the transformation.

    Raises TypeError for an optimizer in the place of its state.

    >>> tx, gradient = gl.chain(gl.probe("gradient"), gl.sgd(0.1)), jnp.array([3.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(gl.metrics(state)["gradient/norm"])
    5.0
    """
    if isinstance(state, Value):
        raise TypeError(f"metrics takes the state of an optimizer, as its last update returned it; got {state!r}")
    found: dict[str, jax.Array] = {}
    for name, value in _find(state):
        arrays = jax.tree.leaves(value)  # an `nnx.Optimizer` puts each array into a variable
        value = arrays[0] if len(arrays) == 1 else value
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name}_{number}"
        found[free] = value
    return found


def _find(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a node of a state has recorded, and then what its children have."""
    record = getattr(type(node), "metrics", None)
    if callable(record):
        recorded = record(node)
        if isinstance(recorded, Mapping):
            yield from recorded.items()
    for child in jax.tree.leaves(node, is_leaf=lambda inner: inner is not node):
        if child is not node:
            yield from _find(child)
