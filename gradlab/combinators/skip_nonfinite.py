"""`skip_nonfinite`, which leaves out the steps whose gradient is not finite."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.mesh_axes import AxisName, read_axis_names
from ..core.boundary import PyTree
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, signals_of
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Limit, as_weak
from .gates import claims_of_gate, is_finite, update_if_finite


class SkipNonfiniteState(NamedTuple):
    """The state of `skip_nonfinite`."""

    nonfinite_in_a_row: jax.Array  # int32 scalar, how many gradients before the next one were not finite
    skipped: jax.Array  # int32 scalar, how many steps were skipped in all
    let_through: jax.Array  # int32 scalar, how many gradients that are not finite went through, beyond the limit
    inner: PyTree

    def metrics(self) -> dict[str, jax.Array]:
        """Return the three counts."""
        return {f"skip_nonfinite/{name}": getattr(self, name) for name in self._fields[:3]}


@transformation(splits_gradient="tx", claims=lambda skipping: _claims(skipping))
def skip_nonfinite(tx: optax.GradientTransformation, limit: Limit = 10.0, axis_name: AxisName = None):
    """Skip the steps whose gradient has a NaN or an infinity anywhere: the update is zero, and `tx` does not run.

    `limit` is how many steps in a row are skipped at most, a number that is not negative, or infinity. A finite
    gradient sets that count back to zero. One more gradient that is not finite goes through to `tx`, and so does each
    after it until a finite one comes. The parameters then become NaN too, so a run that is lost does not go on in
    silence. `metrics(state)` has three counts: the gradients in a row that were not finite, the steps skipped in all,
    and the gradients let through.

    If `tx` takes the gradient at another point, as `sam` does, and that one is not finite, the step is skipped, too.

    `accumulate(skip_nonfinite(tx))` drops a whole batch for one bad micro-batch. `skip_nonfinite(accumulate(tx))` drops
    the bad micro-batch alone, and another one takes its place.

    `axis_name` is the mesh axis, or the tuple of axes, within `jax.shard_map` or `jax.vmap`, over which the gradients
    are spread: all devices then skip together.

    Raises ValueError where it is called if `tx` has a `dynamic_loss_scale`, which has to see what is not finite, and
    TypeError for an `axis_name` that is no name. `update` raises ValueError where no axis has that name.

    >>> tx, x = gl.skip_nonfinite(gl.sgd(0.1)), jnp.array([1.0, 2.0])
    >>> step, state = tx.update(jnp.array([jnp.nan, 1.0]), tx.init(x), x)
    >>> print(x + step, gl.metrics(state)["skip_nonfinite/skipped"])
    [1. 2.] 1
    """
    axes = read_axis_names("skip_nonfinite", axis_name)
    if "loss_scale" in signals_of(tx):
        raise ValueError(
            "skip_nonfinite keeps from dynamic_loss_scale the gradients that would make its scale smaller; put it "
            "inside: dynamic_loss_scale(skip_nonfinite(tx))"
        )

    def init(params):
        row, skipped, let_through = (jnp.zeros((), jnp.int32) for _ in range(3))
        return SkipNonfiniteState(row, skipped, let_through, raw_init(tx, params))

    def update(updates, state, params=None, *, grads=None, **extra):
        signals = hand_on(extra, grads)
        one_more = optax.safe_increment(state.nonfinite_in_a_row)
        forced = as_weak(one_more) > limit
        result, inner, finite = update_if_finite(
            is_finite(updates, grads, axes=axes),
            forced,
            tx,
            lambda: updates,
            updates,
            state.inner,
            params,
            signals,
            axes,
        )
        in_a_row = jnp.where(finite, 0, one_more)
        passes = finite | forced
        let_through = jnp.where(passes & ~finite, optax.safe_increment(state.let_through), state.let_through)
        skipped = jnp.where(passes, state.skipped, optax.safe_increment(state.skipped))
        return result, SkipNonfiniteState(in_a_row, skipped, let_through, inner)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner})


def _claims(skipping: Any) -> dict[str, Any]:
    kept, limit = claims_of_gate(skipping.tx), skipping.limit
    is_whole = isinstance(limit, float | int) and (limit == float("inf") or limit == int(limit))
    return kept | {"skips nonfinite": limit if is_whole else True}


@equation_of(skip_nonfinite)
def _(write: Writer, tx: Any, limit: Any, axis_name: Any) -> Expression:  # of a finite gradient
    return write.through(tx)
