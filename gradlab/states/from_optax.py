"""`state_from_optax`, which goes on from a state of optax."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Transformation
from ..selectors.leaves import read_leaves
from .foreign_arrays import ForeignArray, take_over
from .transfer import TransferReport

# What the fields of optax's states mean, by the names of their classes.
_FIELDS: dict[str, dict[str, str]] = {
    "ScaleByAdamState": {"count": "step", "mu": "momentum", "nu": "second moment"},
    "ScaleByAmsgradState": {
        "count": "step",
        "mu": "momentum",
        "nu": "second moment",
        "nu_max": "largest second moment",
    },
    "TraceState": {"trace": "momentum"},
    "EmaState": {"count": "step", "ema": "momentum"},
    "ScaleByRmsState": {"nu": "second moment"},
    "ScaleByRmsWithCountState": {"count": "step", "nu": "second moment"},
    "ScaleByRStdDevState": {"mu": "mean", "nu": "second moment"},
    "ScaleByRStdDevWithCountState": {"count": "step", "mu": "mean", "nu": "second moment"},
    "ScaleByRssState": {"sum_of_squares": "sum of squares"},
    "ScaleByAdaDeltaState": {"e_g": "second moment", "e_x": "second moment of the updates"},
    "ScaleByScheduleState": {"count": "step"},
    "AddNoiseState": {"count": "step"},
    "InjectStatefulHyperparamsState": {"count": "step"},
    "MultiStepsState": {"acc_grads": "sum of micro-batches", "mini_step": "number of micro-batches"},
}
_REASONS = {
    "hyperparams": "it is a hyperparameter; pass it to the optimizer",
    "rng_key": "the random numbers of gradlab follow from its own key",
    "gradient_step": "gradlab counts steps where a schedule needs them",
}


def state_from_optax(
    tx: Transformation, params: Any, state: Any, *, step: int | None = None
) -> tuple[Any, TransferReport]:
    """Return the state of an optimizer that goes on from the state of the same optimizer of optax, and a report.

    `tx` is a recipe such as `gl.adam(1e-3)`, a flavor (`gl.flavors.optax.adam(1e-3)`), or a composition of the same
    links. `state` is what optax's `init` or `update` returned for parameters like `params`; wrappers, partitions and
    `MultiSteps` are searched. Moments go where they belong, counters become what gradlab keeps in their place, and a
    momentum that includes the learning rate is converted where it does not here. The report lists all arrays, as that
    of `state_from_dict` does. `step` is the number of steps, for a state that counts none.

    Adam and AdaMax of optax have states of the same class; `tx` says which it is. Raises ValueError if its counters of
    steps differ.

    >>> import optax
    >>> old, params = optax.adam(0.1), jnp.zeros(2)
    >>> state = old.update(jnp.array([2.0, -4.0]), old.init(params))[1]
    >>> state, report = gl.state_from_optax(gl.adam(0.1), params, state)
    >>> print(state[0].moment)  # 0.1 times the gradient
    [ 0.2 -0.4]
    """
    found = list(_read(state, False))
    has_norm = any(array.quantity == "infinity norm" for array in found)
    if not has_norm and _holds_infinity_norm(tx):
        found = [
            array._replace(quantity="infinity norm") if array.quantity == "second moment" else array for array in found
        ]
    steps = {int(np.max(array.value)) for array in found if array.quantity == "step"}
    if len(steps) > 1:
        raise ValueError(f"the counters of steps in this state differ: {', '.join(map(str, sorted(steps)))}")
    return take_over(tx, params, found, next(iter(steps), step))


def _holds_infinity_norm(tx: Any) -> bool:
    return any(getattr(link, "factory", None) and link.factory.name == "scale_by_infinity_norm" for link in tx.links)


def _read(node: Any, in_steps: bool) -> Iterator[ForeignArray]:
    """Yield the arrays of a state. `in_steps` says that a momentum here is one of steps."""
    kind = type(node).__name__
    if not hasattr(node, "_fields"):
        if isinstance(node, tuple | list):
            yield from _read_chain(node)
        elif isinstance(node, Mapping):
            for child in node.values():
                yield from _read(child, in_steps)
        elif hasattr(node, "dtype"):
            yield ForeignArray(f"{kind}", "", "", node, reason="nothing is known of it")
        return
    meanings = _FIELDS.get(kind, {})
    for field, child in zip(node._fields, node, strict=True):
        if field in meanings:
            yield from _read_field(node, field, meanings[field], child, in_steps)
        elif any(
            hasattr(inner, "_fields") for inner in jax.tree.leaves(child, is_leaf=lambda n: hasattr(n, "_fields"))
        ):
            yield from _read(child, in_steps)
        else:
            reason = _REASONS.get(field, f"gradlab knows no {kind}.{field}")
            for name, _, value in _name_leaves(kind, field, child):
                yield ForeignArray(name, "", "", value, reason=reason)


def _read_chain(states: Any) -> Iterator[ForeignArray]:
    """Yield the arrays of a chain. In optax's RMSProp, the learning rate stands between the scaling and the trace."""
    kinds = [type(state).__name__ for state in states]
    scaled = next((i for i, kind in enumerate(kinds) if kind.startswith(("ScaleByRms", "ScaleByRStd"))), len(kinds))
    for position, state in enumerate(states):
        yield from _read(state, kinds[position] == "TraceState" and position > scaled + 1)


def _read_field(node: Any, field: str, quantity: str, value: Any, in_steps: bool) -> Iterator[ForeignArray]:
    kind = type(node).__name__
    for name, parameter, leaf in _name_leaves(kind, field, value):
        if quantity == "sum of micro-batches":  # optax keeps their mean
            leaf = leaf * jnp.asarray(node.mini_step).astype(leaf.dtype)
        corrected = quantity == "largest second moment"
        yield ForeignArray(name, quantity, parameter, leaf, in_steps=in_steps, is_corrected=corrected)


def _name_leaves(kind: str, field: str, tree: Any) -> Iterator[tuple[str, str, Any]]:
    leaves = read_leaves(tree)
    for leaf, value in zip(leaves, jax.tree.leaves(tree), strict=True):
        yield ":".join(filter(None, (kind, field, leaf.name))), leaf.name, value
