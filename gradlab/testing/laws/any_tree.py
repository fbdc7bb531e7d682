"""Any tree: every container, None, nothing, scalars, complex leaves; and a clear refusal of integers."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..law import Broken, NotApplicable, law
from ..subject import TREES, Subject, first_unlike, sample


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class _Layer:
    kernel: Any
    bias: Any


@law(
    "any tree of parameters works",
    meaning="the code assumes a dict, at least one leaf, at least one axis, or at least one element",
)
def any_tree(subject: Subject) -> None:
    trees = {
        "an empty dict": {},
        "a scalar": jnp.float32(0.5),
        "a leaf of no elements": jnp.zeros((0,)),
        "a dict with a None": {"a": sample((2,)), "b": None},
        "nested tuples and lists": (sample((2,)), [sample(()), (sample((1, 2)),)]),
        "a registered dataclass": _Layer(sample((2, 2)), sample((2,))),
    }
    for name, params in trees.items():
        gradient = jax.tree.map(lambda p: 0.5 * p, params)
        try:
            state = jax.eval_shape(subject.tx.init, params)
            updates, after = jax.eval_shape(subject.update, gradient, state, params)
        except Exception as error:
            raise Broken(f"{name}: {type(error).__name__}: {str(error).strip().splitlines()[0]}") from error
        place = first_unlike(updates, gradient) or first_unlike(after, state)
        if place:
            raise Broken(f"{name}: {place}")


@law(
    "complex leaves give finite updates, and turning gradients and parameters by i turns the updates by i",
    meaning="g * g where |g|^2 is meant: square with (g * g.conj()).real; a complex second moment is not a size",
)
def complex_leaves(subject: Subject) -> None:
    if "complex64" not in subject.dtypes:
        raise NotApplicable("complex64 is not among the dtypes examined")
    params, gradient = sample(TREES["one vector"], "complex64"), sample(TREES["one vector"], "complex64", seed=1)
    state = subject.tx.init(params)
    updates, _ = subject.jitted(gradient, state, params)
    if not np.all(np.isfinite(np.asarray(updates))):
        raise Broken(f"the gradient {np.asarray(gradient)} gives {np.asarray(updates)}")
    if "turns with i" in subject.claims.get("except", ()):
        return
    turned, _ = subject.jitted(1j * gradient, subject.tx.init(1j * params), 1j * params)
    if not np.allclose(np.asarray(turned), 1j * np.asarray(updates), rtol=1e-4, atol=1e-6):
        raise Broken(f"gradient g gives {np.asarray(updates)}, but i g gives {np.asarray(turned)}, not i times that")
    straight, askew = (
        _updates_for_turned_reals(subject, gradient, params, turn) for turn in (1, np.exp(0.25j * np.pi))
    )
    sizes, turned_sizes = np.abs(straight), np.abs(askew)
    if np.any((turned_sizes > 2 * sizes + 1e-6) | (sizes > 2 * turned_sizes + 1e-6)):
        raise Broken(
            f"the gradient {np.asarray(gradient.real)} gives updates of magnitude {sizes}, but turned by an eighth of "
            f"a turn, where the square has no real part, {turned_sizes}"
        )


def _updates_for_turned_reals(subject: Subject, gradient: Any, params: Any, turn: complex) -> np.ndarray:
    turned, place = (jnp.asarray(turn * np.asarray(tree).real, tree.dtype) for tree in (gradient, params))
    return np.asarray(subject.jitted(turned, subject.tx.init(place), place)[0])


@law(
    "an integer leaf is refused with a TypeError that names its path, or handled without a change of dtype",
    meaning="the gradient of an integer is no float, and what is computed from it is silently promoted or truncated; "
    "check dtypes in init",
)
def integer_leaves(subject: Subject) -> None:
    params = {"weights": sample((2,)), "counter": jnp.arange(3)}
    try:
        state = jax.eval_shape(subject.tx.init, params)
        gradient = jax.tree.map(jnp.ones_like, params)
        updates, after = jax.eval_shape(subject.update, gradient, state, params)
    except TypeError as error:
        if "counter" not in str(error):
            raise Broken(f"the TypeError does not name the path 'counter': {error}") from error
        return
    except Exception as error:
        raise Broken(f"{type(error).__name__} instead of a TypeError: {error}") from error
    place = first_unlike(updates, gradient) or first_unlike(after, state)
    if place:
        raise Broken(f"an integer leaf is taken, and then changes at {place}")
    whole, exact = (
        subject.update(tree, subject.tx.init(params), params)[0]["counter"]
        for params, tree in ((params, gradient), (_as_floats(params), _as_floats(gradient)))
    )
    if not np.allclose(np.asarray(whole, np.float32), np.asarray(exact, np.float32), rtol=1e-4, atol=1e-6):
        raise Broken(
            f"an integer leaf is taken, and its updates {np.asarray(exact)} are cut off to {np.asarray(whole)}"
        )


def _as_floats(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), tree)
