"""Storage of the state of a transformation in another dtype than that of the computation."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..base import Transformation, transformation
from ..boundary import PyTree
from ..claims import shared_claims
from ..composites import Composite
from ..equations import Writer, equation_of
from ..hyperparameters import Dtype
from ..latex_expressions import Expression
from ..safe_arithmetic import bound_to_dtype
from ..transformation_calls import raw_init, raw_update


@transformation(splits_gradient="tx", claims=lambda stored: shared_claims(stored.tx))
def store(tx: optax.GradientTransformation, dtype: Dtype = "bfloat16"):
    r"""Store the state of a transformation in another dtype, such as moments in bfloat16 for half of the memory.

    `tx` is a transformation. `dtype` is the name of a floating-point dtype, or anything that `jnp.dtype` accepts. The
    gradient and the direction go through `tx` as they do without `store`.

    Each step computes in the precision of the parameters, from the stored state, and rounds the new state once, when it
    stores it. So the update of a step comes from moments that are not rounded yet. Arrays that have the shape of a
    parameter, or grow with it, are stored in `dtype`. Counters, weights of bias corrections and keys keep their dtypes,
    because a count in bfloat16 stops at 256.

    A complex number is stored with `dtype` for each part, but never narrower than complex64. A complex `dtype` means
    the dtype of its parts. A finite number too large for `dtype` is stored as the largest number of `dtype`, because
    infinity would stay in a running mean for ever.

    A running mean with a decay above 0.99 needs more digits than bfloat16 has, because its changes are below the
    rounding.
    """

    def init(params):
        return stored(raw_init(tx, params), params)

    def update(updates, state, params=None, *, grads=None, **extra):
        like = updates if params is None else params
        computed = jax.eval_shape(functools.partial(raw_init, tx), like)
        state = jax.tree.map(lambda leaf, wide: leaf.astype(wide.dtype) if _inexact(wide) else leaf, state, computed)
        extra = extra if grads is None else extra | {"grads": grads}
        updates, state = raw_update(tx, updates, state, params, extra)
        return updates, stored(state, like)

    def stored(state: PyTree, params: PyTree) -> PyTree:
        larger = jax.tree.map(lambda p: jax.ShapeDtypeStruct((2, *p.shape), p.dtype), params)
        grown = jax.eval_shape(functools.partial(raw_init, tx), larger)
        real, whole = _find_dtypes_of_parts(dtype)

        def one(leaf, grown):
            if leaf.shape == grown.shape or not _inexact(leaf):
                return leaf
            return bound_to_dtype(leaf, real).astype(whole if jnp.iscomplexobj(leaf) else real)

        return jax.tree.map(one, state, grown)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state})


@equation_of(store)
def _(write: Writer, tx: Any, dtype: str) -> Expression:  # in exact arithmetic
    return write.walk(tx.links if isinstance(tx, Transformation) else (tx,))


def _find_dtypes_of_parts(dtype: str) -> tuple[Any, Any]:
    """Return the dtypes of real and of complex numbers whose parts have a dtype, the latter at least complex64."""
    real = jnp.finfo(jax.dtypes.canonicalize_dtype(dtype)).dtype
    return real, jnp.complex128 if jnp.finfo(real).bits >= 64 else jnp.complex64


def _inexact(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jnp.inexact)
