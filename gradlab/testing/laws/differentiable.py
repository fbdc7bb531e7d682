"""Laws of derivatives: updates and their derivatives are finite, at a zero gradient and at ordinary points."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...compilation.fast_compilation import jit_fast
from ...values.value import is_number
from ..inputs.trees import sample, samples
from ..subjects.gaps import describe_gap
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law
from .precise import list_halves

_STEPS = 3


@law(
    "a zero gradient gives finite updates with finite derivatives, also in one leaf beside others",
    meaning="It divides by zero, because eps vanishes in float16 (1e-8 is 0 there), or takes the root of 0, whose "
    "derivative is infinite. Compute in float32. For a root that leaves out zero and keeps all steps, write "
    "r = jnp.where(v == 0, 0, jnp.sqrt(jnp.where(v == 0, 1, v))) and divide by r + eps.",
)
def finite_at_zero(subject: Subject) -> None:
    _require_finite_in_the_network(subject)
    are_steep = "slopes in float16" in subject.claims.get("except", ())
    for dtype in ("float32", *list_halves(subject, required=False)):
        params, gradient = sample(subject.pair, dtype), sample(subject.pair, dtype, seed=1)
        zero = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), gradient)
        for gradients, what in ((zero, "a zero gradient"), (zero | {"second": gradient["second"]}, "a leaf of zeros")):
            state = subject.tx.init(params)
            for step in range(2):
                slopes, updates, state = _step(subject, gradients, state, params)
                _require_finite(updates, f"in {dtype}, {what} at step {step} gives the update")
                if step == 0 and not (are_steep and dtype == "float16"):
                    _require_finite(slopes["gradient"], f"in {dtype}, at {what}, the derivative of the update is")


def _require_finite_in_the_network(subject: Subject) -> None:
    """Raise `Broken` unless zero gradients give finite updates in leaves of all shapes."""
    params = sample(subject.network)
    zero = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), params)
    state = subject.start(params)
    for step in range(2):
        updates, state = subject.jitted(zero, state, params)
        _require_finite(updates, f"in the network, a zero gradient at step {step} gives the update")


@law(
    "at ordinary points all derivatives are finite: by gradient, parameters, state and hyperparameters",
    meaning="A jnp.where selects between two branches, and the branch that is not taken has an infinite derivative, "
    "which is NaN when multiplied by zero. Or it takes the norm of a difference that is zero at first. Make the "
    "argument safe by another jnp.where first.",
)
def finite_derivatives(subject: Subject) -> None:
    params, state = sample(subject.pair), subject.tx.init(sample(subject.pair))
    for step, gradient in enumerate(samples(subject.pair, steps=_STEPS)):
        try:
            slopes, _, state = _step(subject, gradient, state, params)
        except NotApplicable:
            _require_same_value_when_differentiated(subject, gradient, state, params)
            raise
        for by, slope in slopes.items():
            _require_finite(slope, f"at step {step}, the derivative of the update by the {by} is")


def _step(subject: Subject, gradient: Any, state: Any, params: Any) -> tuple[dict[str, Any], Any, Any]:
    """Return the derivatives of the sum of the updates by each argument, the updates, and the next state.

    In half precision there is only the derivative by the gradient, which compiles faster.
    """
    numbers = {
        name: value
        for name, value in subject.hyperparameters.items()
        if is_number(value) and isinstance(value, float) and value != 0.0  # at the end of its range
    }
    inexact, others = _split(state)
    for hyperparameters in (numbers, {}):
        arguments = {"gradient": gradient, "parameters": params, "state": inexact, "hyperparameters": hyperparameters}
        constants = {"other state": others}
        if jax.tree.leaves(gradient)[0].dtype != jnp.float32:
            constants, arguments = constants | arguments | {"hyperparameters": {}}, {"gradient": gradient}
        try:
            slopes, (updates, after) = _compile(subject)(arguments, constants)
        except Exception as error:
            if "everse-mode" in str(error):
                raise NotApplicable(f"JAX cannot differentiate it: {str(error).strip().splitlines()[0]}") from error
            if not hyperparameters:
                raise
            continue  # another law says which hyperparameter cannot be traced
        return slopes, updates, after
    raise AssertionError("unreachable")


def _require_same_value_when_differentiated(subject: Subject, gradient: Any, state: Any, params: Any) -> None:
    """Raise `Broken` if a derivative rule, such as one of jax.custom_jvp, gives other updates than the function."""

    def update(gradient: Any) -> Any:
        return subject.tx.update(gradient, state, params, **subject.extra)[0]

    try:
        updates, (under, _) = update(gradient), jax.jvp(update, (gradient,), (jax.tree.map(jnp.ones_like, gradient),))
    except Exception:  # it cannot be differentiated in this way either
        return
    place = describe_gap(under, updates, "float32", factor=1000.0)
    if place:
        raise Broken(
            f"where JAX differentiates it, its updates are others, {place}: a rule of jax.custom_jvp or jax.custom_vjp "
            "must return the value of the function first, and then its derivative"
        )


@functools.lru_cache(maxsize=1)
def _compile(subject: Subject) -> Callable[..., Any]:
    """Return the compiled function that differentiates one step. The laws of a subject share its program."""

    def total(arguments: dict[str, Any], constants: dict[str, Any]) -> Any:
        given = constants | arguments
        tx = subject.make_again(**given["hyperparameters"]) if given["hyperparameters"] else subject.tx
        state = _join(given["state"], given["other state"])
        updates, after = tx.update(given["gradient"], state, given["parameters"], **subject.extra)
        sums = [leaf.astype(jnp.float32).sum() for leaf in jax.tree.leaves(updates)]
        return sum(sums) * 2.0**-20, (updates, after)  # float16 holds slopes up to 65504

    return jit_fast(jax.grad(total, has_aux=True))


def _split(tree: Any) -> tuple[Any, Any]:
    """Return a tree with the floating-point leaves, and one with the others. Each has None in the other places."""
    is_inexact = jax.tree.map(lambda leaf: jnp.issubdtype(jnp.result_type(leaf), jnp.inexact), tree)
    return (
        jax.tree.map(lambda leaf, inexact: leaf if inexact else None, tree, is_inexact),
        jax.tree.map(lambda leaf, inexact: None if inexact else leaf, tree, is_inexact),
    )


def _join(inexact: Any, others: Any) -> Any:
    """Return the tree that `_split` has split."""
    return jax.tree.map(
        lambda one, other: other if one is None else one, inexact, others, is_leaf=lambda node: node is None
    )


def _require_finite(tree: Any, what: str) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if jnp.issubdtype(leaf.dtype, jnp.inexact):
            numbers = np.asarray(leaf, np.complex64 if jnp.iscomplexobj(leaf) else np.float32)
            if not np.all(np.isfinite(numbers)):
                raise Broken(f"{what} {numbers} at {jax.tree_util.keystr(path)}")
