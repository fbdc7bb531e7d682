"""The distance from the start, as the estimate of the distance to the solution: for DoG and DoWG."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...arithmetic.leaf_maps import map_by_shape
from ...arithmetic.mesh_axes import AxisName, read_axis_names
from ...core.boundary import PyTree
from ...core.composites import Composite
from ...core.decorators import transformation
from ...core.transformation_calls import hand_on, raw_init, raw_update
from ...equations import Expression, Writer, equation_of
from ...values.numeric_arguments import Positive, as_weak
from ..norms import measure_norm
from .claims import claims_of_distance


class DistanceFromStartState(NamedTuple):
    """The state of `distance_from_start`."""

    start: PyTree  # $x_0$, like the parameters, at least float32
    distance: jax.Array  # r, float scalar, the largest so far
    inner: Any

    def metrics(self) -> dict[str, jax.Array]:
        """Return the distance."""
        return {"distance_from_start/distance": self.distance}


@transformation(splits_gradient="tx", claims=lambda estimate: claims_of_distance(estimate.tx))
def distance_from_start(
    tx: optax.GradientTransformation, initial: Positive = 1e-6, relative: bool = True, axis_name: AxisName = None
):
    r"""Measure the largest distance from the start so far for the links inside, $r_t = \max(r_{t-1}, \|x_{t-1} -
    x_0\|)$.

    `tx` is a chain in which `scale_by_distance` reads it. `initial` in (0, inf) is $r_0$, or, with `relative`, its
    share of $1 + \|x_0\|$. It should be small: the steps then grow until they are as large as they may be. The norm is
    that of the whole tree, and `axis_name` is that of `clip_by_global_norm`, with the same errors. Around it, `each`
    measures a distance for each stacked layer. The distance is among the `metrics`.

    Needs `params`. Source: Ivgi et al. (2023), equation DoG; Khaled et al. (2023), algorithm 1.

    >>> tx = gl.distance_from_start(gl.scale_by_distance(), relative=False)
    >>> state = tx.init(jnp.zeros(2))
    >>> direction, state = tx.update(jnp.array([1.0, 1.0]), state, jnp.array([3.0, 4.0]))
    >>> print(direction)  # the parameters are at a distance of 5 from the start
    [5. 5.]
    """
    axes = read_axis_names("distance_from_start", axis_name)

    def measure(tree):
        unit, size = measure_norm(jax.tree.leaves(tree), axes)
        return as_weak(unit * size)

    def init(params):
        first = initial * (1 + measure(params)) if relative else initial * jnp.ones(())
        return DistanceFromStartState(params, first, raw_init(tx, params))

    def update(updates, state, params, *, grads=None, **extra):
        way = map_by_shape(lambda x, start: x.astype(start.dtype) - start, params, state.start)
        distance = jnp.maximum(as_weak(state.distance), measure(way))
        signals = {**hand_on(extra, grads), "distance": distance}
        updates, inner = raw_update(tx, updates, state.inner, params, signals)
        return updates, DistanceFromStartState(state.start, distance, inner)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner}, provides=frozenset({"distance"}))


@equation_of(distance_from_start)
def _(write: Writer, tx: Any, initial: Any, relative: bool, axis_name: Any) -> Expression:
    distance = write.fresh("r")
    first = str(write.number(r"r_\epsilon", initial)) + (r" (1 + \|x_0\|_{\text{all}})" if relative else "")
    write.line(distance, rf"\max({distance}_{{t-1}}, {first}, \|x_{{t-1}} - x_0\|_{{\text{{all}}}})")
    return write.with_signals(tx, distance=f"{distance}_t")
