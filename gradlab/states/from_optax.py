"""`state_from_optax`, which goes on from a state of optax."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..core.base import Transformation
from ..selectors.leaves import read_leaves
from .argument_order import raise_exchanged, require_optimizer_first
from .foreign_arrays import ForeignArray, take_over
from .from_optax_hyperparameters import compare_hyperparameters
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
    "ScaleByAdemamixState": {"count": "step", "m1": "momentum", "m2": "momentum", "nu": "second moment"},
    "MuonState": {"count": "step", "mu": "momentum"},
    "DoGState": {"init_params": "start", "max_dist": "distance", "sum_sq_norm_grads": "sum of squared norms"},
    "ProdigyState": {
        "count": "step",
        "exp_avg": "momentum",
        "exp_avg_sq": "second moment",
        "grad_sum": "weighted gradients",
        "params0": "start",
        "estim_lr": "distance",
        "numerator_weighted": "progress",
    },
    "ScaleByScheduleState": {"count": "step"},
    "AddNoiseState": {"count": "step"},
    "InjectStatefulHyperparamsState": {"count": "step"},
    "MultiStepsState": {"acc_grads": "sum of micro-batches", "mini_step": "number of micro-batches"},
}
_COUNTS_ITSELF = "gradlab counts steps where a schedule needs them"
_SAID_TWICE = "the other counter of this state says the same"
_UNNEEDED = (_COUNTS_ITSELF, _SAID_TWICE)  # nothing is lost with these
_CALL = "state_from_optax(tx, params, state)"
_REASONS = {
    "hyperparams": "it is a hyperparameter; pass it to the optimizer",
    "rng_key": "the random numbers of gradlab follow from its own key",
    "ns_coeffs": "it is a hyperparameter; pass it to the optimizer",
    "gradient_step": _COUNTS_ITSELF,
    "WrappedScheduleState.count": _COUNTS_ITSELF,
    "count_m2": _SAID_TWICE,
    "is_init_step": "gradlab's distance begins at its least value",
}


def state_from_optax(
    tx: Transformation, params: Any, state: Any, *, step: int | None = None
) -> tuple[Any, TransferReport]:
    """Return the state of an optimizer that goes on from the state of the same optimizer of optax, and a report.

    `tx` is a recipe such as `gl.adam(1e-3)`, a flavor (`gl.flavors.optax.adam(1e-3)`), or a composition of the same
    links. `state` is what optax's `init` or `update` returned for parameters like `params`; wrappers, partitions,
    `inject_hyperparams` and `MultiSteps` are searched. Of `optax.contrib`, the states of Muon (for
    `gl.flavors.muon.optax`), AdEMAMix, DoG and Prodigy are known. Moments go where they belong, counters become what
    gradlab keeps in their place, and a momentum that includes the learning rate is converted where it does not here.
    The report lists all arrays, as that of `state_from_dict` does, and its `differences` where `inject_hyperparams` has
    another value of an argument. With them the report is complete all the same, since they may be meant. `step` is the
    number of steps, for a state that counts none.

    Adam and AdaMax of optax have states of the same class; `tx` says which it is. Raises ValueError if its counters of
    steps differ, and TypeError for arguments in another order.

    >>> import optax
    >>> old, params = optax.adam(0.1), jnp.zeros(2)
    >>> state = old.update(jnp.array([2.0, -4.0]), old.init(params))[1]
    >>> state, report = gl.state_from_optax(gl.adam(0.1), params, state)
    >>> print(state[0].moment)  # 0.1 times the gradient
    [ 0.2 -0.4]
    """
    require_optimizer_first(_CALL, tx, params, state)
    if _holds_state_of_optax(params) and not _holds_state_of_optax(state):
        raise_exchanged(_CALL, "params", params, "state", state)
    found = list(_read(state, False))
    has_norm = any(array.quantity == "infinity norm" for array in found)
    if not has_norm and _holds_infinity_norm(tx):
        found = [
            array._replace(quantity="infinity norm") if array.quantity == "second moment" else array for array in found
        ]
    steps = {int(np.max(array.value)) for array in found if array.quantity == "step"}
    if len(steps) > 1:
        raise ValueError(f"the counters of steps in this state differ: {', '.join(map(str, sorted(steps)))}")
    found, differences = compare_hyperparameters(tx, found)
    taken, report = take_over(tx, params, found, next(iter(steps), step))
    return taken, report._replace(differences=differences)


def _holds_state_of_optax(tree: Any) -> bool:
    def is_state(node: Any) -> bool:
        return hasattr(node, "_fields") and type(node).__module__.partition(".")[0] == "optax"

    return any(map(is_state, jax.tree.leaves(tree, is_leaf=is_state)))


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
            reason = _find_reason(node, field)
            for name, _, value in _name_leaves(kind, field, child):
                yield ForeignArray(name, "", "", value, reason=reason, is_needed=reason not in _UNNEEDED)


def _find_reason(node: Any, field: str) -> str:
    """Return why a field of optax's has no place, and what to do about it where there is something to do."""
    kind = type(node).__name__
    if kind not in _FIELDS and type(node).__module__.startswith("optax.contrib."):
        start = "the parameters"
        if kind == "ScheduleFreeState":  # whose parameters are between those of the average and those of the steps
            start = "optax.contrib.schedule_free_eval_params(state, params)"
        return f"gradlab keeps other quantities than {kind}; start anew from {start}, with tx.init"
    known = _REASONS.get(f"{kind}.{field}") or _REASONS.get(field)
    return known or f"gradlab knows no {kind}.{field}"


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
        if quantity == "distance" and getattr(node, "is_init_step", False):  # then it is 0, as no distance here
            yield ForeignArray(name, "", "", leaf, reason="no step was taken yet")
            continue
        corrected = quantity == "largest second moment"
        yield ForeignArray(name, quantity, parameter, leaf, in_steps=in_steps, is_corrected=corrected)


def _name_leaves(kind: str, field: str, tree: Any) -> Iterator[tuple[str, str, Any]]:
    leaves = read_leaves(tree)
    for leaf, value in zip(leaves, jax.tree.leaves(tree), strict=True):
        yield ":".join(filter(None, (kind, field, leaf.name))), leaf.name, value
