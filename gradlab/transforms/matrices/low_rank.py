"""Orthonormalization of a momentum in few directions, with error feedback: the direction of Dion."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ...arithmetic.safe_arithmetic import divide, square_root, squared_magnitude
from ...core.decorators import transformation
from ...equations import Expression, Writer, equation_of
from ...values.numeric_arguments import Decay
from ..matrix_shapes import Layout, as_matrix_shape, from_matrices, require_matrices, to_matrices
from .decompositions import dagger, make_waves, multiply, orthonormalize


class LowRankState(NamedTuple):
    """The state of `orthonormalize_low_rank`."""

    moment: Any  # M, (batch, outputs, inputs) for each leaf, at least float32
    basis: Any  # Q, (batch, inputs, rank) for each leaf


def _claims(tx: Any) -> dict[str, Any]:
    layout = as_matrix_shape(tx.layout)
    is_stacked = layout.convention is None or layout.batch_axes
    return {"sign symmetric": True, "domain": ("matrices", "stacked") if is_stacked else ("matrices",)}


@transformation(splits_gradient=True, squares_gradient=True, claims=_claims)
def orthonormalize_low_rank(decay: Decay = 0.95, rank: int = 64, layout: Layout = "flax"):
    r"""Replace matrices by the orthonormal directions of a momentum in which it is largest, $d' = P_t Q_t^\top$.

    With $B_t = M_{t-1} + d_t$, one step of power iteration gives $P_t = \operatorname{qr}(B_t Q_{t-1})$ and $R_t =
    B_t^\top P_t$. $Q_t$ is $R_t$ with columns of length 1. Only what is used decays, $M_t = B_t - (1 - \mu) P_t
    R_t^\top$, so that the rest is kept for later steps.

    `decay` is $\mu$ in [0, 1). `rank` is the number of columns of $P$ and $Q$, at least 1, and at most that of the
    shorter side. $Q_0$ has cosines as columns, where the authors draw them. A column of $R$ that is 0, up to rounding,
    is left out of the result, and $Q$ keeps the column that it had.
    `layout` says how a leaf is a matrix, as `matrix_shape` does.

    Raises ValueError for a `rank` below 1. `init` and `update` raise ValueError for a leaf that is no matrix.
    Source: Ahn et al. (2025), algorithm 1 (Dion).

    >>> tx, gradient = gl.orthonormalize_low_rank(rank=1), jnp.array([[3.0, 4.0], [0.0, 0.0]])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # divided by its only singular value, 5
    [[0.6 0.8]
     [0.  0. ]]
    """
    if rank < 1:
        raise ValueError(f"orthonormalize_low_rank: rank is the number of directions, at least 1; got {rank}")
    shape = as_matrix_shape(layout)

    def init(params):
        require_matrices("orthonormalize_low_rank", params, shape)
        moment = jax.tree.map(lambda p: jnp.zeros_like(to_matrices(p, shape)), params)
        return LowRankState(moment, jax.tree.map(make_basis, moment))

    def make_basis(m):
        waves = make_waves(m.shape[-1], min(rank, *m.shape[-2:]), m.real.dtype).astype(m.dtype)
        return jnp.broadcast_to(divide(waves, _measure(waves, -2)), (m.shape[0], *waves.shape))

    def turn(d, m, q):
        b = m + to_matrices(d, shape)
        p = orthonormalize(multiply(b, q))
        r = multiply(dagger(b), p)
        lengths, whole = _measure(r, -2), _measure(b, (-2, -1))
        is_known = lengths > 10 * max(b.shape) * float(jnp.finfo(d.dtype).eps) * whole
        columns = jnp.where(is_known, divide(r, lengths), 0)
        m = b - (1 - decay) * multiply(p, dagger(r))
        return from_matrices(multiply(p, dagger(columns)), d.shape, shape), m, jnp.where(is_known, columns, q)

    def update(updates, state):
        require_matrices("orthonormalize_low_rank", updates, shape)
        turned = jax.tree.map(turn, updates, state.moment, state.basis)
        structure: Any = jax.tree.structure(updates)
        results = zip(*structure.flatten_up_to(turned), strict=True) if structure.num_leaves else ((), (), ())
        direction, moment, basis = (structure.unflatten(leaves) for leaves in results)
        return direction, LowRankState(moment, basis)

    return init, update


def _measure(x: jax.Array, axis: Any) -> jax.Array:
    """Return the norm along axes, which are kept."""
    return square_root(jnp.sum(squared_magnitude(x), axis=axis, keepdims=True))


@equation_of(orthonormalize_low_rank)
def _(write: Writer, decay: Any, rank: int, layout: Any) -> Expression:
    direction, mu = write.symbol(), write.decay(decay, base=r"\mu")
    m, b, p, r, q = (write.fresh(letter) for letter in "MBPRQ")
    write.line(b, Expression(f"{m}_{{t-1}}").plus(direction))
    write.line(p, rf"\operatorname{{qr}}({b}_t {q}_{{t-1}})")
    write.line(r, rf"{b}_t^{{\top}} {p}_t")
    write.line(m, rf"{b}_t - {mu.rest} {p}_t {r}_t^{{\top}}")
    write.line(q, rf"\operatorname{{normalize}}({r}_t)")
    return write.line(write.fresh("O"), rf"{p}_t {q}_t^{{\top}}")
