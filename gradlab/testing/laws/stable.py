"""Stable: state and updates keep their structure, shapes, dtypes and weak types."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..law import Broken, law
from ..subject import TREES, Subject, first_unlike, sample


@law(
    "update returns a state with the structure, shapes, dtypes and weak types that init gave it",
    meaning="the new state is computed in another dtype than the old one (a Python number, a float32 or float64 "
    "hyperparameter, a gradient of another dtype), so that the second step compiles again and a scan fails; cast the "
    "new state to the dtype of the old one",
)
def stable_state(subject: Subject) -> None:
    for name, shapes in TREES.items():
        for dtype in subject.dtypes:
            with subject.precision(dtype):
                params = sample(shapes, dtype)
                for gradient_dtype in _companions(dtype):
                    gradient = sample(shapes, gradient_dtype, seed=1)
                    step = _abstract_step(subject, gradient, params)
                    if step is None:
                        continue
                    before, _, after = step
                    place = first_unlike(after, before)
                    if place:
                        raise Broken(
                            f"{name}, {dtype} parameters, {gradient_dtype} gradients: after update and from init the "
                            f"state differs at {place}"
                        )


@law(
    "updates keep the structure, shapes and dtypes of the gradients",
    meaning="a hyperparameter or a float32 accumulator promoted the result; cast each update to its gradient's dtype",
)
def stable_updates(subject: Subject) -> None:
    for name, shapes in TREES.items():
        for dtype in subject.dtypes:
            with subject.precision(dtype):
                params, gradient = sample(shapes, dtype), sample(shapes, dtype, seed=1)
                step = _abstract_step(subject, gradient, params)
                if step is None:
                    continue
                _, updates, _ = step
                place = first_unlike(_strong(updates), _strong(gradient))
                if place:
                    raise Broken(f"{name}, {dtype}: updates and gradients differ at {place}")


def _abstract_step(subject: Subject, gradient: Any, params: Any) -> tuple[Any, Any, Any] | None:
    """The state, the updates and the next state as shapes and dtypes; None if complex leaves are refused.

    Those have a law of their own.
    """
    try:
        before = jax.eval_shape(subject.tx.init, params)
        return before, *jax.eval_shape(subject.update, gradient, before, params)
    except Exception:
        if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(params)):
            return None
        raise


def _companions(dtype: str) -> tuple[str, ...]:
    """Dtypes that gradients may have besides the parameters' own."""
    return (dtype, "float32") if dtype in ("bfloat16", "float16") else (dtype,)


def _strong(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(jnp.shape(leaf), leaf.dtype), tree)
