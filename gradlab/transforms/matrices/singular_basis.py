"""The basis of the first singular vectors of a matrix's gradient, in which GaLore runs Adam."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...core.claims import ELEMENTWISE_AND_SYMMETRIC
from ...core.decorators import transformation
from ...equations import Expression, Writer, equation_of
from ..intervals import choose, require_interval
from .decompositions import dagger, decompose_in_turn, find_singular_vectors
from .eigenbasis import require_axes

_CLAIMS = {
    **dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True),
    "domain": ("matrices",),
    "except": ("every argument matters",),
}


class SingularBasisState(NamedTuple):
    """The state of `singular_basis`."""

    step: jax.Array  # int32 scalar, the number of gradients so far
    is_known: jax.Array  # bool scalar, whether there is a basis: from the first gradient on
    has_turned: jax.Array  # bool scalar, whether the last gradient was met in another basis than the one before
    left: Any  # (..., rows, rank) for each leaf with fewer rows than columns, else None
    right: Any  # (..., columns, rank) for each other leaf, else None


@transformation(claims=_CLAIMS)
def singular_basis(rank: int = 128, every: int = 200):
    r"""Find the singular vectors $Q$ of the gradient, $g_t = Q \Sigma W^\top$, along its short side, for `in_basis`.

    The direction passes unchanged. The state holds for every leaf, whose last two axes are the matrix, the vectors of
    the `rank` largest singular values: the left ones where the rows are fewer than the columns, else the right ones. So
    the matrix has one long and one short side in the basis. The first gradient and every `every`-th after it give a new
    basis, in which they are met themselves. `rank` and `every` are whole numbers of at least 1; where the short side is
    not longer than `rank`, the basis is whole.

    The largest element of each vector is positive. Where a singular value is 0, fixed vectors take the place of
    arbitrary ones. Derivatives take the basis as given.

    Raises ValueError for a `rank` or `every` below 1, and from `init` for a leaf with fewer than two axes.
    Source: Zhao et al. (2024), algorithm 2.

    >>> tx, gradient = gl.singular_basis(rank=1), jnp.array([[3.0, 0.0], [0.0, 1.0]])
    >>> direction, state = tx.update(gradient, tx.init(gradient))
    >>> print(state.right)  # the direction with the largest singular value
    [[1.]
     [0.]]
    """
    require_interval("singular_basis", every)
    if rank < 1:
        raise ValueError(f"singular_basis: rank is the number of singular vectors, at least 1; got {rank}")

    def is_on_left(g):
        return g.shape[-2] < g.shape[-1]

    def decompose(tree):
        wide = jax.tree.map(lambda g: g if is_on_left(g) else dagger(g), tree)
        vectors = decompose_in_turn(lambda g: find_singular_vectors(g, min(rank, g.shape[-2])), wide)
        left = jax.tree.map(lambda g, v: v if is_on_left(g) else None, tree, vectors)
        return left, jax.tree.map(lambda g, v: None if is_on_left(g) else v, tree, vectors)

    def init(params):
        require_axes("singular_basis", params)
        left, right = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(decompose, params))
        return SingularBasisState(jnp.zeros((), jnp.int32), jnp.array(False), jnp.array(False), left, right)

    def update(updates, state):
        is_due = state.step % every == 0
        left, right = choose(is_due, lambda: decompose(updates), lambda: (state.left, state.right))
        known, step = jnp.ones_like(state.is_known), optax.safe_increment(state.step)
        return updates, SingularBasisState(step, known, is_due & state.is_known, left, right)

    return init, update


@equation_of(singular_basis)
def _(write: Writer, rank: int, every: int) -> Expression:
    gradient = write.gradient()
    if " " in write.letter:  # within `in_basis`, for a matrix with fewer rows than columns
        write.line_every(every, write.letter.split()[0], rf"\operatorname{{svd}}_{{{rank}}}({gradient})")
    return gradient
