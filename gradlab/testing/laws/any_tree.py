"""Laws of trees: any container, None, empty trees, scalars and complex leaves work; integer leaves are refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..inputs.trees import sample, samples, to_array
from ..subjects.gaps import describe_mismatch
from ..subjects.subject import Subject
from ..verdicts.exceptions import describe, is_clear_refusal
from ..verdicts.law import Broken, NotApplicable, law


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class _Layer:
    kernel: Any
    bias: Any


@law(
    "any tree of parameters works: dicts, tuples, dataclasses, None, scalars, empty trees",
    meaning="The code assumes a dict, at least one leaf, at least one axis, or at least one element. Use jax.tree.map.",
)
def any_tree(subject: Subject) -> str | None:
    for kind, error in subject.failures.items():
        if not is_clear_refusal(error, kind):
            raise Broken(f"with {kind} as parameters, it raised {describe(error)}") from error
    trees = {
        "an empty dict": {},
        "a scalar": jnp.float32(0.5),
        "a leaf of no elements": jnp.zeros((0,)),
        "a dict with a None": {"a": sample((2,)), "b": None},
        "nested tuples and lists": (sample((2,)), [sample(()), (sample((1, 2)),)]),
        "a registered dataclass": _Layer(sample((2, 2)), sample((2,))),
    }
    for name, params in trees.items():
        if not all(subject.takes(np.shape(leaf)) for leaf in jax.tree.leaves(params)):
            continue
        gradient = jax.tree.map(lambda p: to_array(0.5 * np.asarray(p), p.dtype), params)
        try:
            state = jax.eval_shape(subject.tx.init, params)
            updates, after = jax.eval_shape(subject.update, gradient, state, params)
        except Exception as error:
            raise Broken(f"with {name} as parameters, it raised {describe(error)}") from error
        place = describe_mismatch(updates, gradient) or subject.describe_state_mismatch(after, state)
        if place:
            raise Broken(f"with {name} as parameters, the updates or the state change at {place}")
    return _describe_refusals(subject)


def _describe_refusals(subject: Subject) -> str | None:
    """Return the kinds of leaves that are refused, and with which words, or None."""
    kinds: dict[str, list[str]] = {}
    for kind, error in sorted(subject.failures.items()):
        kinds.setdefault(describe(error), []).append(kind)
    return "; ".join(f"it refuses {', '.join(refused)}: {words}" for words, refused in kinds.items()) or None


@law(
    "complex leaves give finite updates, and multiplying gradients and parameters by i multiplies updates by i",
    meaning="It squares with g * g where |g|^2 is meant, or loses the imaginary part in a cast or in its state. Square "
    "with (g * g.conj()).real, and keep moments of the gradient complex.",
)
def complex_leaves(subject: Subject) -> None:
    subject.require_complex()
    params, gradients = sample(subject.small, "complex64"), samples(subject.small, "complex64")
    updates = _list_turned_updates(subject, gradients, params, 1)
    for gradient, update in zip(gradients, updates, strict=True):
        if not np.all(np.isfinite(update)):
            raise Broken(f"the gradient {np.asarray(gradient)} gives {update}")
    if "turns with i" in subject.claims.get("except", ()) or "stochastic" in subject.domain:
        return  # a random number does not turn with its gradient
    turned_updates = _list_turned_updates(subject, gradients, params, 1j)
    for step, (update, turned) in enumerate(zip(updates, turned_updates, strict=True)):
        if not np.allclose(turned, 1j * update, rtol=1e-4, atol=1e-6):
            raise Broken(
                f"at step {step}, the gradient g gives {update}, but i g gives {turned}, which is not i times that"
            )
    gradient = gradients[0]
    straight, askew = (
        _list_turned_updates(subject, [gradient.real], params.real, turn)[0] for turn in (1, np.exp(0.25j * np.pi))
    )
    sizes, turned_sizes = np.abs(straight), np.abs(askew)
    if not np.all((turned_sizes <= 2 * sizes + 1e-6) & (sizes <= 2 * turned_sizes + 1e-6)):
        raise Broken(
            f"the gradient {np.asarray(gradient.real)} gives updates of magnitude {sizes}, but the same gradient times "
            f"exp(i pi / 4), whose square has no real part, gives magnitude {turned_sizes}"
        )


def _list_turned_updates(subject: Subject, gradients: list[Any], params: Any, turn: complex) -> list[np.ndarray]:
    """Return the updates at fixed parameters, where gradients and parameters are multiplied by a complex number."""
    place = to_array(turn * np.asarray(params), "complex64")
    state, results = subject.tx.init(place), []
    for gradient in gradients:
        updates, state = subject.jitted(to_array(turn * np.asarray(gradient), "complex64"), state, place)
        results.append(np.asarray(updates))
    return results


@law(
    "an integer leaf is refused with a TypeError that names its path, or updated without changing its dtype",
    meaning="The updates of an integer leaf are silently promoted to floats, or truncated to integers. Check dtypes "
    "in init, and raise a TypeError.",
)
def integer_leaves(subject: Subject) -> None:
    shapes = {"weights": (2,), "counter": (3,)} if subject.takes((3,)) else {"weights": (2, 2), "counter": (3, 2)}
    params = sample(shapes)
    params["counter"] = jnp.arange(params["counter"].size).reshape(params["counter"].shape)
    try:
        state = jax.eval_shape(subject.tx.init, params)
        gradient = jax.tree.map(jnp.ones_like, params)
        updates, after = jax.eval_shape(subject.update, gradient, state, params)
    except TypeError as error:
        if "counter" in str(error):
            return
        _require_refusal(error)
    except Exception as error:
        _require_refusal(error)
    place = describe_mismatch(updates, gradient) or subject.describe_state_mismatch(after, state)
    if place:
        raise Broken(f"an integer leaf is accepted, but its dtype changes at {place}")
    whole, exact = (
        subject.update(tree, subject.tx.init(params), params)[0]["counter"]
        for params, tree in ((params, gradient), (_as_floats(params), _as_floats(gradient)))
    )
    if not np.allclose(np.asarray(whole, np.float32), np.asarray(exact, np.float32), rtol=1e-4, atol=1e-6):
        raise Broken(
            f"an integer leaf is accepted, but its updates {np.asarray(exact)} are truncated to {np.asarray(whole)}"
        )


def _require_refusal(error: Exception) -> None:
    """Raise NotApplicable if an exception says clearly that integers are refused, though not where, else Broken."""
    if is_clear_refusal(error, "integer leaves"):
        raise NotApplicable(f"it refuses integer leaves, without the path: {describe(error)}")
    raise Broken(f"an integer leaf raises an exception that does not name it: {describe(error)}") from error


def _as_floats(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), tree)
