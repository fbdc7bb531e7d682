"""Gradient centralization."""

from __future__ import annotations

from ..base import transformation
from ..equations import Expression, Writer, equation_of
from ..stateless import map_leaves


@transformation(claims=("contained", "sign symmetric"))
def centralize(output_axis: int = -1):
    r"""Take the mean off the gradient of each output of a layer, $d' = d - \operatorname{mean}(d)$.

    The mean runs over all axes but `output_axis`: the last, as Flax, Haiku and Keras lay out kernels; 0 for Equinox
    and PyTorch (and for what `optax.centralize` does). Leaves of fewer than two axes pass unchanged.

    Source: Yong et al. (2020), equation 1.
    """

    def centralized(d):
        if d.ndim < 2:
            return d
        kept = output_axis % d.ndim
        return d - d.mean(axis=tuple(axis for axis in range(d.ndim) if axis != kept), keepdims=True)

    return map_leaves(centralized)


@equation_of(centralize)
def _(write: Writer, output_axis: int) -> Expression:
    direction = write.symbol()
    return direction.plus(Expression(rf"\operatorname{{mean}}({direction})", "product", negative=True))
