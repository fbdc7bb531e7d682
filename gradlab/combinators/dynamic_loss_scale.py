"""`dynamic_loss_scale`, the half of loss scaling that belongs to the optimizer."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.mesh_axes import AxisName, read_axis_names
from ..core.boundary import PyTree
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import raw_init
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Positive, PositiveSteps, Range, as_weak
from .gates import claims_of_gate, is_finite, update_if_finite

Growth: TypeAlias = Annotated[Any, Range(1.0, includes_low=False, hint="pass a factor above 1")]
Shrinkage: TypeAlias = Annotated[Any, Range(0.0, 1.0, includes_low=False, hint="pass a factor between 0 and 1")]


class DynamicLossScaleState(NamedTuple):
    """The state of `dynamic_loss_scale`."""

    scale: jax.Array  # float32 scalar, by which the next loss is multiplied
    finite_steps: jax.Array  # int32 scalar, how many steps were finite since the scale changed
    skipped: jax.Array  # int32 scalar, how many steps were skipped in all
    inner: PyTree

    def metrics(self) -> dict[str, jax.Array]:
        """Return the scale, and how many steps were skipped."""
        return {"dynamic_loss_scale/scale": self.scale, "dynamic_loss_scale/skipped": self.skipped}


@transformation(splits_gradient="tx", claims=lambda scaled: _claims(scaled.tx))
def dynamic_loss_scale(
    tx: optax.GradientTransformation,
    initial: Positive = 2.0**15,
    interval: PositiveSteps = 2000.0,
    growth: Growth = 2.0,
    shrinkage: Shrinkage = 0.5,
    minimum: Positive = 1.0,
    maximum: Positive = 2.0**24,
    axis_name: AxisName = None,
):
    """Divide the gradient by the number that the loss was multiplied by, and adapt that number, for float16.

    Small gradients vanish in float16, so the loss is multiplied by a large number before its gradient is taken.
    `gl.make_step` does so with `gl.loss_scale(tx, state)`. Your own loop multiplies by it, too, and tells the update:
    `update(gradient, state, params, loss_scale=scale)`. Here the gradient is divided by it, in float32.

    The scale begins at `initial`, above 0. A step whose gradient is not finite is skipped: the update is zero, `tx`
    does not run, and the scale is multiplied by `shrinkage`, between 0 and 1. After `interval` finite steps in a row,
    above 0, it is multiplied by `growth`, above 1. It stays between `minimum` and `maximum`, above 0. At the minimum,
    the scale is not the reason for a gradient that is not finite, so that gradient goes through to `tx`.
    `dynamic_loss_scale(skip_nonfinite(tx))` skips it there. The same holds for a gradient that `tx` takes at another
    point, as `sam` does.

    `tx` is the whole optimizer, with clipping and all that reads the gradient. Accumulation may stand inside or
    outside: `accumulate(dynamic_loss_scale(tx))` adapts once a batch, and `dynamic_loss_scale(accumulate(tx))` once
    a micro-batch. `metrics(state)` has the scale, and how many steps were skipped.

    `axis_name` is the mesh axis, or the tuple of axes, within `jax.shard_map` or `jax.vmap`, over which the gradients
    are spread: all devices then skip together, and have the same scale.

    Raises TypeError for an `axis_name` that is no name, and ValueError unless `initial` is between the bounds. `update`
    raises ValueError where no axis has that name, and without `loss_scale`, because it cannot know then what the loss
    was multiplied by. If it was not multiplied, pass `loss_scale=1.0`.

    Source: Micikevicius et al. (2018), section 3.2.

    >>> tx, x = gl.dynamic_loss_scale(gl.sgd(0.1), initial=4.0), jnp.zeros(2)
    >>> state = tx.init(x)
    >>> for gradient in (jnp.array([8.0, 4.0]), jnp.array([jnp.inf, 1.0])):  # of the loss times 4
    ...     step, state = tx.update(gradient, state, x, loss_scale=gl.loss_scale(tx, state))
    ...     print(x + step, gl.loss_scale(tx, state))
    [-0.2 -0.1] 4.0
    [0. 0.] 2.0
    """
    axes = read_axis_names("dynamic_loss_scale", axis_name)
    _require_order(minimum, initial, maximum)

    def init(params):
        scale = jnp.asarray(initial, jnp.float32)
        return DynamicLossScaleState(scale, jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32), raw_init(tx, params))

    def update(updates, state, params=None, *, grads=None, loss_scale=None, **extra):
        if loss_scale is None:
            raise ValueError(
                "dynamic_loss_scale needs the number that the loss was multiplied by: use gl.make_step, or multiply by "
                "scale = gl.loss_scale(tx, state) and call update(gradient, state, params, loss_scale=scale). If "
                "nothing was multiplied, pass loss_scale=1.0"
            )
        weak = as_weak(loss_scale)

        def unscale(tree):
            return jax.tree.map(lambda leaf: leaf / weak, tree)

        signals = dict(extra)
        if grads is not None:
            signals["grads"] = unscale(grads)
        if extra.get("grad") is not None:
            signals["grad"] = unscale(jax.tree.map(_raise, extra["grad"]))
        if extra.get("gradient_fn") is not None:
            signals["gradient_fn"] = lambda point: unscale(extra["gradient_fn"](point))
        forced = state.scale <= minimum
        finite = is_finite(updates, grads, axes=axes)
        result, inner, finite = update_if_finite(
            finite, forced, tx, lambda: unscale(updates), updates, state.inner, params, signals, axes
        )
        steps = jnp.where(finite, optax.safe_increment(state.finite_steps), 0)
        grows = as_weak(steps) >= interval
        scale = jnp.where(finite, jnp.where(grows, state.scale * growth, state.scale), state.scale * shrinkage)
        return result, DynamicLossScaleState(
            jnp.clip(scale, minimum, maximum).astype(jnp.float32),
            jnp.where(grows, 0, steps),
            jnp.where(finite | forced, state.skipped, optax.safe_increment(state.skipped)),
            inner,
        )

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner}, gradient="changed")


def _require_order(minimum: Any, initial: Any, maximum: Any) -> None:
    """Raise ValueError unless the first scale is between its bounds. Traced numbers and schedules are not examined."""
    numbers = (minimum, initial, maximum)
    if all(isinstance(number, float | int) for number in numbers) and not minimum <= initial <= maximum:
        raise ValueError(
            f"dynamic_loss_scale: initial must be between minimum and maximum, got minimum={minimum}, "
            f"initial={initial}, maximum={maximum}"
        )


def _raise(leaf: jax.Array) -> jax.Array:
    """Return an array that came around the boundary, in at least float32."""
    return leaf.astype(jnp.float32) if jnp.finfo(leaf.dtype).bits < 32 else leaf


def _claims(tx: Any) -> dict[str, Any]:
    return claims_of_gate(tx) | {"skips nonfinite": True}


@equation_of(dynamic_loss_scale)
def _(write: Writer, tx: Any, **_: Any) -> Expression:  # of the gradient of the loss itself
    return write.through(tx)
