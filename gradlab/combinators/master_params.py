"""`master_params`, which keeps parameters of 16 bits in 24 or 32 bits, in the bytes that are missing."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..codecs.master_bits import correct, from_wide_ordinal, join_bits, split_bits, to_wide_ordinal
from ..core.claims import join_claims, leave_out, shared_claims
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of
from .applied_updates import find_narrow_dtype, reach


class MasterState(NamedTuple):
    """The state of `master_params`."""

    corrections: Any  # int8 or int16, like the parameters of 16 bits; None for wider parameters
    inner: Any


@transformation(splits_gradient="tx", claims=lambda kept: _claims(kept.tx))
def master_params(tx: optax.GradientTransformation, bits: int = 24):
    r"""Update parameters of 16 bits as if they had `bits` bits, and keep the rest of them in the state.

    A step of $10^{-3}$ times a parameter is lost in bfloat16, whose next number is up to $8 \cdot 10^{-3}$ away.
    Therefore the state holds a correction $c$ of 8 or 16 bits, and parameter and correction together are the master
    parameter $w$, a float with `bits` bits (24 or 32). `tx` receives it as `params`. The new one is $w' = w + u$,
    rounded to nearest, and the returned update is such that `optax.apply_updates(params, updates)` gives $w'$ rounded
    to the dtype of the parameter. With 24 bits and bfloat16, $w$ has 15 binary digits after the point; with float16,
    18. With 32 bits and bfloat16 it is a float32, exactly.

    Update and parameter have few digits, so not every sum can be reached. Where the update is smaller than half of the
    parameter, it always can. Elsewhere, as where a parameter crosses zero, the update itself is rounded, and what the
    correction cannot hold of that is lost: at most half a unit in the last place of the update.

    Put it last: whatever changes the update afterwards breaks the promise. Parameters of 32 bits or more are updated as
    without it. The gradient of a parameter has its dtype or is float32. Needs `params`.

    Raises ValueError for other `bits`. `update` raises TypeError for a gradient of the other dtype of 16 bits.
    Source: Gonzalez Ortiz et al. (2026), FlashOptim, which scales the correction by 127 and not by a power of two.

    >>> tx, x = gl.master_params(gl.sgd(0.001)), jnp.ones(2, jnp.bfloat16)
    >>> state = tx.init(x)
    >>> for _ in range(8):
    ...     step, state = tx.update(jnp.ones(2, jnp.bfloat16), state, x)
    ...     x = gl.apply_updates(x, step)
    >>> print(x.astype(jnp.float32))  # without it, 1 - 0.001 is rounded to 1, and nothing moves
    [0.9922 0.9922]
    """
    if bits not in (24, 32):
        raise ValueError(f"master_params: bits must be 24 or 32, of which the parameter has 16; got {bits}")
    extra_bits, kept = bits - 16, jnp.int8 if bits == 24 else jnp.int16

    def init(params):
        def correction(keys, p):
            return None if find_narrow_dtype(keys, p) is None else jnp.zeros(p.shape, kept)

        return MasterState(jax.tree_util.tree_map_with_path(correction, params), raw_init(tx, params))

    def update(updates, state, params, *, grads=None, **extra):
        structure: Any  # its type has no public name
        by_path, structure = jax.tree_util.tree_flatten_with_path(params)
        corrections = structure.flatten_up_to(state.corrections)
        narrow = [find_narrow_dtype(keys, p) for keys, p in by_path]
        places: list[Any] = [
            None if dtype is None else join_bits(p.astype(dtype), c)
            for (_, p), c, dtype in zip(by_path, corrections, narrow, strict=True)
        ]
        masters = [
            p if dtype is None else jnp.where(jnp.isfinite(p), from_wide_ordinal(place, dtype, extra_bits), p)
            for (_, p), place, dtype in zip(by_path, places, narrow, strict=True)
        ]
        extra = hand_on(extra, grads)
        updates, inner = raw_update(tx, updates, state.inner, jax.tree.unflatten(structure, masters), extra)

        def step(keys, p, master, place, u, dtype):
            wanted = jnp.where(u == 0, place, to_wide_ordinal(master + u, dtype, extra_bits))
            u, new = reach(keys, p.astype(dtype), split_bits(wanted, extra_bits), master + u)
            return u, correct(wanted, new, kept)

        steps = [
            (u, None) if dtype is None else step(keys, p, master, place, u, dtype)
            for (keys, p), master, place, u, dtype in zip(
                by_path, masters, places, structure.flatten_up_to(updates), narrow, strict=True
            )
        ]
        new_updates, new_corrections = (jax.tree.unflatten(structure, [one[i] for one in steps]) for i in (0, 1))
        return new_updates, MasterState(new_corrections, inner)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner})


def _claims(tx: Any) -> dict[str, Any]:
    """Return the claims of a transformation whose updates are chosen for the parameters that they give."""
    return join_claims(leave_out(shared_claims(tx), "sign symmetric"), {"except": ("rounded once",)})


@equation_of(master_params)
def _(write: Writer, tx: Any, bits: Any) -> Expression:  # in exact arithmetic
    return write.through(tx)
