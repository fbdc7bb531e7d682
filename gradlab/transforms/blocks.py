"""Means over blocks of a leaf: its rows, its columns, its heads, or the whole of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..combinators.signals import isolate
from ..core.decorators import recipe, transformation
from ..core.stateless import map_leaves
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Decay, NonNegative
from .matrix_shapes import Layout, MatrixShape, as_matrix_shape, from_matrices, to_matrices
from .second_moment import scale_by_rms

_KINDS = ("leaf", "matrices", "rows", "columns")


def _claims(tx: Any) -> dict[str, Any]:
    claims: dict[str, Any] = {"contained": True, "sign symmetric": True}
    if tx.blocks == "leaf":
        return claims | {"permutation equivariant": True}
    return claims | ({"domain": ("matrices",)} if as_matrix_shape(tx.layout).convention is None else {})


@transformation(claims=_claims)
def average_blocks(blocks: str = "rows", layout: Layout = "flax", size: int = 1):
    r"""Replace each element by the mean of its block, $d' = \operatorname{mean}(d)$.

    `blocks` says what a block is: the whole 'leaf', each of its 'matrices', or all weights of an output ('rows') or of
    an input ('columns'). `layout` says how a leaf is a matrix: a convention, or what `matrix_shape` returns, which
    lists the conventions. `size` is the number of adjacent rows or columns that form one block.

    So a head of attention is a block with `blocks="matrices", layout=matrix_shape(inputs=0, outputs=2)` for a kernel
    (in, heads, size) of Flax, and with `blocks="rows", layout="torch", size=64` for a weight (heads * 64, in). With a
    convention, a leaf that has too few axes for a matrix, such as a bias, is one block, or one for each layer if
    `layout` has `batch_axes`.

    As the estimator of `scale_by_rms`, it divides by the RMS of each block and keeps no state. Inside `jax.shard_map`,
    every device needs whole leaves. Raises ValueError for unknown blocks and for a size below 1. `init` and `update`
    raise ValueError if the size does not divide the rows, or if `layout` names axes that a leaf does not have.

    >>> tx, kernel = gl.average_blocks("rows"), jnp.array([[1.0, 2.0], [3.0, 6.0]])  # two inputs, two outputs
    >>> print(tx.update(kernel, tx.init(kernel))[0])
    [[2. 4.]
     [2. 4.]]
    """
    divide = _read_blocks("average_blocks", blocks, layout, size)

    def average(d):
        stack, join = divide(d)
        return join(jnp.broadcast_to(_average(stack)[..., None], stack.shape))

    init, update = map_leaves(average)

    def check_and_init(params):
        jax.tree.map(lambda p: divide(p)[0], params)
        return init(params)

    return check_and_init, update


class BlockMeanState(NamedTuple):
    """The state of `block_mean`."""

    mean: Any  # $v$, an array (batch, blocks) for each leaf


@transformation(splits_gradient=True, claims=_claims)
def block_mean(decay: Decay = 0.999, blocks: str = "rows", layout: Layout = "flax", size: int = 1):
    r"""Replace each element by the running mean of its block, $v_t = \beta v_{t-1} + (1 - \beta)
    \operatorname{mean}(d_t)$.

    It keeps one number a block. As an estimator in `scale_by_rms`, it turns Adam into Adam-mini. `decay` is $\beta$ in
    [0, 1); the other arguments and the errors are those of `average_blocks`.

    Source: Zhang et al. (2024), algorithm 1.

    >>> tx, kernel = gl.block_mean(0.5), jnp.array([[1.0, 2.0], [3.0, 6.0]])  # two inputs, two outputs
    >>> direction, state = tx.update(kernel, tx.init(kernel))
    >>> print(direction)  # 0.5 * 0 + 0.5 * the mean of each output
    [[1. 2.]
     [1. 2.]]
    >>> print(state.mean)
    [[1. 2.]]
    """
    divide = _read_blocks("block_mean", blocks, layout, size)

    def init(params):
        return BlockMeanState(jax.tree.map(lambda p: jnp.zeros(divide(p)[0].shape[:2], p.dtype), params))

    def spread(v, d):
        stack, join = divide(d)
        return join(jnp.broadcast_to(v[..., None], stack.shape))

    def update(updates, state):
        mean = jax.tree.map(lambda v, d: decay * v + (1 - decay) * _average(divide(d)[0]), state.mean, updates)
        return jax.tree.map(spread, mean, updates), BlockMeanState(mean)

    return init, update


@recipe(claims=("link",))
def normalize_blocks(blocks: str = "leaf", layout: Layout = "flax", size: int = 1, eps: NonNegative = 0.0):
    r"""Divide each block by its root mean square, $d' = d / (\operatorname{RMS}(d) + \epsilon)$.

    `eps` is in [0, inf), in units of the direction. A block of zeros stays zero. The other arguments and the errors are
    those of `average_blocks`. Source: Pethick et al. (2025), algorithm 1.

    >>> tx, gradient = gl.normalize_blocks(), jnp.array([3.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # divided by sqrt((9 + 16) / 2)
    [ 0.8485 -1.1314]
    """
    return isolate(scale_by_rms(average_blocks(blocks, layout, size), eps))


_Divide = Callable[[jax.Array], tuple[jax.Array, Callable[[jax.Array], jax.Array]]]


def _read_blocks(owner: str, blocks: Any, layout: Any, size: int) -> _Divide:
    """Return the function that divides a leaf into blocks. Raises ValueError for unknown blocks."""
    if blocks not in _KINDS:
        raise ValueError(f"{owner}: blocks must be one of {', '.join(map(repr, _KINDS))}; got {blocks!r}")
    if size < 1:
        raise ValueError(f"{owner}: size must be at least 1, got {size}")
    shape = as_matrix_shape(layout)
    return lambda leaf: _divide(leaf, blocks, shape, size)


def _divide(
    leaf: jax.Array, blocks: str, shape: MatrixShape, size: int
) -> tuple[jax.Array, Callable[[jax.Array], jax.Array]]:
    """Return a leaf as (batch, blocks, elements of a block), and the function that undoes it."""
    if blocks == "leaf" or (shape.convention is not None and leaf.ndim < shape.batch_axes + 2):
        layers = 1 if blocks == "leaf" else math.prod(leaf.shape[: shape.batch_axes])
        return leaf.reshape(layers, 1, leaf.size // max(layers, 1)), lambda stack: stack.reshape(leaf.shape)
    turn = (lambda stack: stack.swapaxes(1, 2)) if blocks == "columns" else (lambda stack: stack)
    lines = turn(to_matrices(leaf, shape))
    batch, count, elements = lines.shape
    size = max(count, 1) if blocks == "matrices" else size
    if count % size:
        raise ValueError(
            f"{count} {blocks} of a leaf of shape {leaf.shape} do not divide into blocks of {size}; pass a size that "
            f"divides them, or send this leaf elsewhere: partition((path(...), ...), default=...)"
        )
    stack = lines.reshape(batch, count // size, size * elements)
    return stack, lambda stack: from_matrices(turn(stack.reshape(lines.shape)), leaf.shape, shape)


def _average(stack: jax.Array) -> jax.Array:
    return jnp.sum(stack, axis=-1) / max(stack.shape[-1], 1)


def _write_mean(blocks: str, direction: Expression) -> Expression:
    name = rf"\operatorname{{mean}}_{{\text{{{blocks}}}}}"
    return direction.inside(name)


@equation_of(average_blocks)
def _(write: Writer, blocks: str, layout: Any, size: int) -> Expression:
    return _write_mean(blocks, write.direction())


@equation_of(block_mean)
def _(write: Writer, decay: Any, blocks: str, layout: Any, size: int) -> Expression:
    new, beta, mean = _write_mean(blocks, write.direction()), write.decay(decay), write.fresh(write.letter)
    return write.line(mean, Expression(f"{beta} {mean}_{{t-1}}").plus(new.times(beta.rest)))
