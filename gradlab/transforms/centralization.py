"""Gradient centralization."""

from __future__ import annotations

from ..base import transformation
from ..equations import Expression, Writer, equation_of
from ..stateless import map_leaves


@transformation(claims=("contained", "sign symmetric"))
def centralize(output_axis: int = -1):
    r"""Subtract the mean from the gradient of each output of a layer, $d' = d - \operatorname{mean}(d)$.

    The mean is over all axes but `output_axis`. That is the last axis for the kernels of Flax, Haiku and Keras. It is 0
    for those of Equinox and PyTorch, and 0 gives what `optax.centralize` computes. Leaves of fewer than two axes pass
    unchanged.

    Source: Yong et al. (2020), equation 1.
    """

    def subtract_mean(d):
        if d.ndim < 2:
            return d
        inputs = tuple(axis for axis in range(d.ndim) if axis != output_axis % d.ndim)
        return d - d.mean(axis=inputs, keepdims=True)

    return map_leaves(subtract_mean)


@equation_of(centralize)
def _(write: Writer, output_axis: int) -> Expression:
    direction = write.symbol()
    return direction.plus(Expression(rf"\operatorname{{mean}}({direction})", "product", negative=True))
