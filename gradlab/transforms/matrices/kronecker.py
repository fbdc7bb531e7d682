"""Kronecker-factored preconditioning, the direction of Shampoo."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...arithmetic.safe_arithmetic import bound_for_squaring
from ...core.composites import READS_GRADIENT, Composite
from ...core.decorators import transformation
from ...core.transformation_calls import raw_init, raw_update
from ...equations import Expression, Writer, equation_of, is_zero
from ...values.numeric_arguments import Decay, NonNegative
from ..estimators import running_sum
from ..intervals import choose, require_interval
from ..matrix_shapes import Layout, as_matrix_shape, from_matrices, require_matrices, to_matrices
from ..momentum import scale_by_momentum
from .decompositions import dagger, decompose_in_turn, hermitian_power, multiply

_SYMMETRIES = ("still at zero", "descent direction", "orthogonally equivariant", "transpose symmetric")


class KroneckerState(NamedTuple):
    """The state of `scale_by_kronecker`."""

    step: jax.Array  # int32 scalar, the number of updates so far
    statistics: Any  # the state of the estimator of (L, R), a stack of square matrices for each side of each leaf
    roots: Any  # their powers at the last refresh, by which the direction is multiplied


def _estimate(decay: Any) -> Any:
    if decay is None:
        return running_sum()
    return decay if isinstance(decay, optax.GradientTransformation) else scale_by_momentum(decay)


def _claims(tx: Any) -> dict[str, Any]:
    layout = as_matrix_shape(tx.layout)
    claims: dict[str, Any] = {"sign symmetric": True, "domain": ("matrices",)}
    if layout.convention is None or layout.batch_axes:
        return claims | {"domain": ("matrices", "stacked")}
    return claims | dict.fromkeys(_SYMMETRIES, True)


@transformation(squares_gradient=True, claims=_claims)
def scale_by_kronecker(
    decay: Decay | optax.GradientTransformation | None = None,
    exponent: NonNegative = 0.25,
    eps: NonNegative = 1e-6,
    every: int = 1,
    layout: Layout = "flax",
):
    r"""Multiply matrices from both sides by a power of the gradient's statistics, $d' = (L_t + \epsilon I)^{-p}\, d\,
    (R_t + \epsilon I)^{-p}$.

    $L_t$ and $R_t$ are estimates of $G_t G_t^\top$ and $G_t^\top G_t$, for the gradient of the chain. Without `decay`
    they are sums over all steps. A `decay` in [0, 1) makes them exponential moving averages, and a transformation in
    its place is the estimator, such as `chain(scale_by_momentum(b2), bias_correction(b2))`.

    `exponent` is $p$ in [0, inf): 1/4 as published, or 1/2, with which a matrix of statistics that is a Kronecker
    product is inverted as a whole. `eps` in [0, inf) is in units of the squared gradient. With 0, the power of an
    eigenvalue 0 is 0. The powers are computed from eigenvalues at the first step, and anew after `every` steps, a whole
    number of at least 1. `layout` says how a leaf is a matrix, as `matrix_shape` does.

    Raises ValueError for an `every` below 1. `init` and `update` raise ValueError for a leaf that is no matrix.
    Source: Gupta et al. (2018), algorithm 1.

    >>> tx, gradient = gl.scale_by_kronecker(), jnp.array([[3.0, 0.0], [0.0, 2.0]])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # 9^(-1/4) 3 9^(-1/4) = 1 for the first element
    [[1. 0.]
     [0. 1.]]
    """
    require_interval("scale_by_kronecker", every)
    estimator, shape = _estimate(decay), as_matrix_shape(layout)

    def multiply_sides(g):
        g = bound_for_squaring(to_matrices(g, shape))
        return multiply(g, dagger(g)), multiply(dagger(g), g)

    def find_root(x):
        return hermitian_power(x + eps * jnp.eye(x.shape[-1], dtype=x.dtype), -exponent)

    def init(params):
        require_matrices("scale_by_kronecker", params, shape)
        statistics, roots = (jax.tree.map(lambda p: jax.tree.map(jnp.zeros_like, multiply_sides(p)), params),) * 2
        return KroneckerState(jnp.zeros((), jnp.int32), raw_init(estimator, statistics), jax.tree.map(jnp.copy, roots))

    def update(updates, state, params=None, *, grads=None, **extra):
        require_matrices("scale_by_kronecker", updates, shape)
        products = jax.tree.map(multiply_sides, updates if grads is None else grads)
        means, statistics = raw_update(estimator, products, state.statistics, None, extra)
        roots = choose(state.step % every == 0, lambda: decompose_in_turn(find_root, means), lambda: state.roots)

        def scale(d, sides):
            left, right = sides
            return from_matrices(multiply(left, to_matrices(d, shape), right), d.shape, shape)

        step = optax.safe_increment(state.step)
        return jax.tree.map(scale, updates, roots), KroneckerState(step, statistics, roots)

    return Composite(init, update, {"statistics": estimator}, lambda s: {"statistics": s.statistics}, READS_GRADIENT)


@equation_of(scale_by_kronecker)
def _(write: Writer, decay: Any, exponent: Any, eps: Any, every: int, layout: Any) -> Expression:
    direction, gradient = write.symbol(), write.gradient()
    power = write.number("p", exponent)
    ridge = "" if is_zero(eps) else rf" + {write.number(chr(92) + 'epsilon', eps)} I"
    sides: list[str] = []
    for letter, product in (("L", rf"{gradient} {gradient}^{{\top}}"), ("R", rf"{gradient}^{{\top}} {gradient}")):
        entered = Expression(product, "product")
        mean = write.inside(_estimate(decay), letter, "2", entered, entered)
        root = rf"({mean}{ridge})^{{-{power}}}"
        sides.append(root if every == 1 else str(write.line_every(every, write.fresh("PQ"[len(sides)]), root)))
    return write.line(write.fresh("d"), f"{sides[0]} {direction} {sides[1]}")
