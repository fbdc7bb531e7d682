"""Gradient centralization."""

from __future__ import annotations

from typing import Any

from ..arithmetic.mesh_axes import AxisName, mean_over, read_axis_names
from ..core.decorators import transformation
from ..core.stateless import map_leaves
from ..equations import Expression, Writer, equation_of


@transformation(claims=("contained", "sign symmetric"))
def centralize(output_axis: int = -1, axis_name: AxisName = None):
    r"""Subtract the mean from the gradient of each output of a layer, $d' = d - \operatorname{mean}(d)$.

    The mean is over all axes but `output_axis`. That is the last axis for the kernels of Flax, Haiku and Keras. It is 0
    for those of Equinox and PyTorch, and 0 gives what `optax.centralize` computes. Leaves of fewer than two axes pass
    unchanged.

    Inside `jax.shard_map`, `axis_name` names the mesh axis, or the tuple of axes, over which the inputs of the leaves
    are sharded, that is, any axis of a leaf but `output_axis`; the mean is then over all shards. Leave it out for
    leaves that are sharded over their outputs, because the inputs of an output are then on one device. Where a mesh
    axis shards the inputs of some leaves and the outputs of others, give each kind a link of its own. Without
    `axis_name`, the mean is that of the shard: a link cannot know how an array was cut. Replicated leaves are
    right in both cases.

    Raises TypeError for an `axis_name` that is no name. `update` raises ValueError where no axis has that name.
    Source: Yong et al. (2020), equation 1.

    >>> kernel = jnp.array([[1.0, 2.0], [3.0, 6.0]])  # two inputs, two outputs
    >>> print(gl.centralize().update(kernel, ())[0])
    [[-1. -2.]
     [ 1.  2.]]
    """
    axes = read_axis_names("centralize", axis_name)

    def subtract_mean(d):
        if d.ndim < 2:
            return d
        inputs = tuple(axis for axis in range(d.ndim) if axis != output_axis % d.ndim)
        return d - mean_over(axes, d.mean(axis=inputs, keepdims=True))

    return map_leaves(subtract_mean)


@equation_of(centralize)
def _(write: Writer, output_axis: int, axis_name: Any) -> Expression:
    direction = write.symbol()
    return direction.plus(Expression(rf"\operatorname{{mean}}({direction})", "product", negative=True))
