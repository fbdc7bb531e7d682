"""Laws of stability: state and updates keep their structure, shapes, dtypes and weak types."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from ..inputs.trees import map_shapes
from ..subjects.gaps import describe_mismatch
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law

_WEAK = (
    "init returns a Python number, which JAX takes for a weakly typed array; the second step then compiles again, and "
    "a scan fails. Let init return an array with a dtype: jnp.zeros((), jnp.int32) for a count, and jnp.zeros((), "
    "jnp.float32) for another number."
)


@law(
    "update returns a state with the same structure, shapes, dtypes and weak types as the state from init",
    meaning="The new state is computed in another dtype than the old one, because of a Python number, a float32 or "
    "float64 hyperparameter, or a gradient of another dtype. The second step then compiles again, and a scan fails. "
    "Cast the new state to the dtype of the old one.",
)
def stable_state(subject: Subject) -> None:
    _require_dtypes(subject)
    for name in subject.trees:
        for dtype in subject.dtypes:
            with subject.precision(dtype):
                for gradient_dtype in _gradient_dtypes(dtype):
                    step = _trace_step(subject, name, dtype, gradient_dtype)
                    if step is None:
                        continue
                    before, _, after, _ = step
                    place = describe_mismatch(after, before)
                    if place:
                        raise Broken(
                            f"with {name} as parameters, in {dtype}, and {gradient_dtype} gradients, "
                            f"the state from update differs from that of init at {place}",
                            _WEAK if place.endswith("(weakly typed)") else "",
                        )


@law(
    "updates have the same structure, shapes and dtypes as the gradients",
    meaning="A hyperparameter or a float32 accumulator promotes the result. Cast each update to its gradient's dtype.",
)
def stable_updates(subject: Subject) -> None:
    _require_dtypes(subject)
    for name in subject.trees:
        for dtype in subject.dtypes:
            with subject.precision(dtype):
                step = _trace_step(subject, name, dtype, dtype)
                if step is None:
                    continue
                _, updates, _, gradient = step
                place = describe_mismatch(_drop_weak_types(updates), _drop_weak_types(gradient))
                if place:
                    raise Broken(
                        f"with {name} as parameters, in {dtype}, the updates differ from the gradients at {place}"
                    )


def _require_dtypes(subject: Subject) -> None:
    if not subject.dtypes:
        raise NotApplicable("none of the dtypes to examine is left: it refuses them, or they are outside its domain")


@functools.lru_cache(maxsize=64)
def _trace_step(subject: Subject, tree: str, dtype: str, gradient_dtype: str) -> tuple[Any, Any, Any, Any] | None:
    """Return the state, the updates, the next state and the gradient as shapes and dtypes. Both laws share the traces.

    None if complex leaves are refused, because another law is about them.
    """
    shapes = subject.trees[tree]
    params, gradient = _describe(shapes, dtype), _describe(shapes, gradient_dtype)
    try:
        before = jax.eval_shape(subject.tx.init, params)
        updates, after = jax.eval_shape(subject.update, gradient, before, params)
    except Exception:
        if "complex" in dtype:
            return None
        raise
    return before, updates, after, gradient


def _describe(shapes: Any, dtype: str) -> Any:
    """Return a tree of arrays without numbers."""
    return map_shapes(lambda shape: jax.ShapeDtypeStruct(shape, dtype), shapes)


def _gradient_dtypes(dtype: str) -> tuple[str, ...]:
    """Return the dtypes that gradients may have for parameters of a dtype."""
    return (dtype, "float32") if dtype in ("bfloat16", "float16") else (dtype,)


def _drop_weak_types(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(jnp.shape(leaf), leaf.dtype), tree)
