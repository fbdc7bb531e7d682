"""`round_params`, which rounds parameters of 16 bits stochastically."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..codecs.stochastic_rounding import round_to_dtype, to_ordinal
from ..core.claims import join_claims, leave_out, shared_claims
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Seed, draw_keys
from .applied_updates import find_narrow_dtype, reach


class RoundState(NamedTuple):
    """The state of `round_params`."""

    step: jax.Array  # int32 scalar, the number of updates so far
    inner: Any


@transformation(splits_gradient="tx", claims=lambda tx: _claims(tx.tx))
def round_params(tx: optax.GradientTransformation, key: Seed = 0):
    r"""Round parameters of 16 bits stochastically, so that small steps count on average.

    The new parameter $x + u$ is rounded to the number above or below, with the probabilities for which the mean is
    exact, and the returned update is such that `optax.apply_updates(params, updates)` gives this number. So steps far
    below the rounding of bfloat16 move the parameters, though with noise. It needs no memory; `master_params` has no
    noise and needs 8 bits a parameter. `key` is an integer or a `jax.random.key`. The random numbers follow from the
    key, the step and the place of the leaf, so a resumed run repeats them.

    The mean is exact where the update is smaller than half of the parameter. Elsewhere, as where a parameter crosses
    zero, some numbers cannot be reached, because the update itself has few digits; then it is rounded to nearest.

    Put it last: whatever changes the update afterwards breaks the promise. Parameters of 32 bits or more are updated as
    without it. The gradient of a parameter has its dtype or is float32. Needs `params`.

    `update` raises TypeError for a gradient of the other dtype of 16 bits. Source: Zamirai et al. (2020), Revisiting
    BFloat16 Training, section 3.

    >>> tx, x = gl.round_params(gl.sgd(0.001)), jnp.ones(1000, jnp.bfloat16)
    >>> step, _ = tx.update(jnp.ones(1000, jnp.bfloat16), tx.init(x), x)
    >>> moved = gl.apply_updates(x, step).astype(jnp.float32) < 1  # to the next number, 1 - 2^-8
    >>> print(0.2 < moved.mean() < 0.3)  # 0.001 / 2^-8 = 0.256 of them
    True
    """

    def init(params):
        return RoundState(jnp.zeros((), jnp.int32), raw_init(tx, params))

    def update(updates, state, params, *, grads=None, **extra):
        extra = hand_on(extra, grads)
        updates, inner = raw_update(tx, updates, state.inner, params, extra)
        structure: Any  # its type has no public name
        by_path, structure = jax.tree_util.tree_flatten_with_path(params)
        keys = draw_keys(key, state.step, len(by_path))

        def one(path, p, u, leaf_key):
            dtype = find_narrow_dtype(path, p)
            if dtype is None:
                return u
            intended = p + u
            target = to_ordinal(round_to_dtype(intended, dtype, leaf_key))
            return jnp.where(u == 0, u, reach(path, p.astype(dtype), target, intended)[0])

        rounded = [
            one(path, p, u, leaf_key)
            for (path, p), u, leaf_key in zip(by_path, structure.flatten_up_to(updates), keys, strict=False)
        ]
        return jax.tree.unflatten(structure, rounded), RoundState(optax.safe_increment(state.step), inner)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner})


def _claims(tx: Any) -> dict[str, Any]:
    return join_claims(leave_out(shared_claims(tx), "sign symmetric"), {"domain": ("stochastic",)})


@equation_of(round_params)
def _(write: Writer, tx: Any, key: Any) -> Expression:  # in exact arithmetic
    return write.through(tx)
