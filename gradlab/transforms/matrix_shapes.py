"""How a leaf is a matrix: which of its axes are the outputs, which the inputs, and which separate matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import jax
import jax.numpy as jnp

from ..core.boundary import PyTree
from ..values.numeric_arguments import Reader

_OUTPUTS_LAST = ("flax", "haiku", "keras")  # (in, out), and (height, width, in, out)
_OUTPUTS_FIRST = ("equinox", "torch")  # (out, in), and (out, in, height, width)
CONVENTIONS = (*_OUTPUTS_LAST, *_OUTPUTS_FIRST)


@dataclass(frozen=True, repr=False)
class MatrixShape:
    """The way in which a leaf is a matrix, or several, as `matrix_shape` makes it. It compares, hashes and pickles."""

    convention: str | None
    inputs: tuple[int, ...]  # the axes that are columns, without a convention
    outputs: tuple[int, ...]  # the axes that are rows, without a convention
    batch_axes: int  # the number of axes in front, with a convention

    def split(self, ndim: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Return the axes of the batch, the outputs and the inputs of a leaf with `ndim` axes.

        Raises ValueError if it has no axis for one of the latter two, or if an axis is named that it does not have.
        """
        named = (*self.outputs, *self.inputs)
        if self.convention is None:
            if not all(-ndim <= axis < ndim for axis in named):
                raise ValueError(f"{self!r} names an axis that the leaf does not have")
            outputs, inputs = (tuple(axis % ndim for axis in axes) for axes in (self.outputs, self.inputs))
            if len({*outputs, *inputs}) < len(named):
                raise ValueError(f"{self!r} names an axis twice")
            return tuple(axis for axis in range(ndim) if axis not in (*outputs, *inputs)), outputs, inputs
        axes = tuple(range(self.batch_axes, ndim))
        if len(axes) < 2:
            raise ValueError(f"{self!r} needs {self.batch_axes + 2} axes or more")
        batch = tuple(range(self.batch_axes))
        return (batch, axes[-1:], axes[:-1]) if self.convention in _OUTPUTS_LAST else (batch, axes[:1], axes[1:])

    def __repr__(self) -> str:
        if self.convention is None:
            return f"matrix_shape(inputs={self.inputs}, outputs={self.outputs})"
        batch = f", batch_axes={self.batch_axes}" if self.batch_axes else ""
        return f"matrix_shape({self.convention!r}{batch})"


def matrix_shape(
    convention: str | None = None,
    *,
    inputs: int | tuple[int, ...] = (),
    outputs: int | tuple[int, ...] = (),
    batch_axes: int = 0,
) -> MatrixShape:
    """Say how a leaf is a matrix, with its outputs as rows and its inputs as columns.

    By `convention`, 'flax', 'haiku' and 'keras' have the outputs on the last axis, and the inputs on all others: a
    kernel (in, out), or (height, width, in, out) of a convolution. 'torch' and 'equinox' have the outputs on the first
    axis: (out, in), or (out, in, height, width). `batch_axes` is the number of axes in front of these, along which
    matrices are stacked: 1 for layers that a model scans over.

    In place of a convention, `inputs` and `outputs` name the axes, and all others separate matrices. So for the queries
    of attention in Flax, a kernel (in, heads, size), `matrix_shape(inputs=0, outputs=2)` makes one matrix a head, and
    `matrix_shape(inputs=0, outputs=(1, 2))` one of all heads together.

    Raises ValueError for an unknown convention, for axes beside a convention, for an axis that is named twice, and if
    either kind of axes is left out; TypeError for axes that are no whole numbers.

    >>> layout = gl.matrix_shape("flax", batch_axes=1)  # (layers, in, out)
    >>> print(layout)
    matrix_shape('flax', batch_axes=1)
    >>> print(gl.scale_by_shape("r / c", layout=layout).update(jnp.ones((1, 2, 4)), ())[0][0])
    [[2. 2. 2. 2.]
     [2. 2. 2. 2.]]
    """
    if not _is_whole(batch_axes):
        raise TypeError(f"matrix_shape: batch_axes must be a whole number, the number of axes; got {batch_axes!r}")
    if convention is None:
        inner, outer = _read_axes("inputs", inputs), _read_axes("outputs", outputs)
        if not inner or not outer or batch_axes:
            raise ValueError(
                "matrix_shape: pass a convention, such as 'flax', or both inputs and outputs, of which all other axes "
                "are a batch"
            )
        if len({*inner, *outer}) < len(inner) + len(outer):
            raise ValueError(f"matrix_shape: each axis is named once; got inputs={inputs!r} and outputs={outputs!r}")
        return MatrixShape(None, inner, outer, 0)
    if convention not in CONVENTIONS:
        known = ", ".join(map(repr, CONVENTIONS))
        raise ValueError(f"matrix_shape: the convention must be one of {known}; got {convention!r}")
    if inputs != () or outputs != ():
        raise ValueError(f"matrix_shape: the convention {convention!r} says which axes are which; pass no others")
    if batch_axes < 0:
        raise ValueError(f"matrix_shape: batch_axes must not be negative, got {batch_axes}")
    return MatrixShape(convention, (), (), batch_axes)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _read_axes(name: str, axes: Any) -> tuple[int, ...]:
    """Return one axis or several as a tuple. Raises TypeError for anything else."""
    several = tuple(axes) if isinstance(axes, tuple | list) else (axes,)
    if not all(map(_is_whole, several)):
        raise TypeError(f"matrix_shape: {name} must be an axis or a tuple of axes, whole numbers; got {axes!r}")
    return several


def _read_layout(where: str, value: Any) -> Any:
    """Return a convention or a `MatrixShape` as it is. Raises for anything else."""
    if not isinstance(value, str | MatrixShape):
        raise TypeError(
            f"{where} must be a convention, such as 'flax' or 'torch', or a matrix_shape(...); got "
            f"{type(value).__name__}: {value!r}"
        )
    as_matrix_shape(value)
    return value


Layout: TypeAlias = Annotated[Any, Reader(_read_layout)]  # a convention, or what `matrix_shape` returns


def as_matrix_shape(layout: str | MatrixShape) -> MatrixShape:
    """Return the `MatrixShape` of a layout, which may be a convention alone."""
    return matrix_shape(layout) if isinstance(layout, str) else layout


def count_rows_and_columns(shape: tuple[int, ...], layout: MatrixShape) -> tuple[int, int]:
    """Return the sizes of the matrix that a leaf is: its outputs and its inputs."""
    _, outputs, inputs = layout.split(len(shape))
    return math.prod(shape[axis] for axis in outputs), math.prod(shape[axis] for axis in inputs)


def to_matrices(leaf: jax.Array, layout: MatrixShape) -> jax.Array:
    """Return a leaf as a stack of matrices, (batch, outputs, inputs).

    Where the axes of its mesh are explicit, each device receives whole matrices, because JAX refuses to multiply or
    decompose parts of them without being told where the result lies.
    """
    leaf = gather(leaf)
    batch, outputs, inputs = layout.split(leaf.ndim)
    rows, columns = count_rows_and_columns(leaf.shape, layout)
    count = math.prod(leaf.shape[axis] for axis in batch)
    return jnp.transpose(leaf, (*batch, *outputs, *inputs)).reshape(count, rows, columns)


def gather(x: jax.Array) -> jax.Array:
    """Return an array that is whole on every device, if explicit axes of a mesh divide it, else the array itself."""
    sharding = jax.typeof(x).sharding
    if all(axis is None for axis in sharding.spec):
        return x
    return jax.sharding.reshard(x, jax.NamedSharding(sharding.mesh, jax.P(*(None,) * x.ndim)))


def from_matrices(matrices: jax.Array, shape: tuple[int, ...], layout: MatrixShape) -> jax.Array:
    """Return the leaf, of a given shape, that `to_matrices` made matrices of."""
    order = [axis for axes in layout.split(len(shape)) for axis in axes]
    places = sorted(range(len(order)), key=order.__getitem__)
    return jnp.transpose(matrices.reshape([shape[axis] for axis in order]), places)


def require_matrices(owner: str, tree: PyTree, layout: MatrixShape) -> None:
    """Raise ValueError, with the remedy, for a leaf that is no matrix. `owner` is the name of the link in errors."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        try:
            layout.split(jnp.ndim(leaf))
        except ValueError as error:
            name = jax.tree_util.keystr(path) or "the leaf"
            raise ValueError(
                f"{owner} takes matrices, but {name} has the shape {jnp.shape(leaf)}: {error}. Send matrices alone "
                f"here: partition((ndim(2), chain(...)), default=adam())"
            ) from None
