"""Orthogonalization of matrices, the direction of Muon."""

from __future__ import annotations

from typing import Annotated, Any

import jax
import jax.numpy as jnp

from ..arithmetic.safe_arithmetic import square_root, squared_magnitude
from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Dtype, NonNegative, Range, is_concrete
from .matrix_shapes import Layout, as_matrix_shape, from_matrices, require_matrices, to_matrices
from .newton_schulz import iterate, read_sets

_NormFactor = Annotated[Any, Range(1.0, hint="below 1, singular values would begin above 1 and might grow")]
_SYMMETRIES = ("descent direction", "spectral descent", "orthogonally equivariant", "transpose symmetric")


def _claims(tx: Any) -> dict[str, Any]:
    layout = as_matrix_shape(tx.layout)
    claims: dict[str, Any] = {"domain": ("matrices",) if not layout.batch_axes else ("matrices", "stacked")}
    if layout.convention is None or layout.batch_axes or not is_concrete((tx.coefficients, tx.norm_factor)):
        return claims | {"sign symmetric": True}
    claims |= dict.fromkeys(("sign symmetric", "still at zero", *_SYMMETRIES), True)
    if tx.precision in (None, "float32", "float64"):
        sets = read_sets("orthogonalize", tx.coefficients, tx.steps)
        claims["polynomial"] = {"coefficients": [*sets], "steps": len(sets)}
    return claims


@transformation(claims=_claims)
def orthogonalize(
    coefficients: Any = "jordan",
    steps: int | None = None,
    precision: Dtype | None = None,
    eps: NonNegative = 1e-7,
    least_norm: NonNegative = 0.0,
    norm_factor: _NormFactor = 1.0,
    layout: Layout = "flax",
):
    r"""Make every matrix nearly orthogonal by a Newton-Schulz iteration, $X_0 = D / (\|D\|_F + \epsilon)$, $X_k = a_k
    X_{k-1} + b_k A_k X_{k-1} + c_k A_k^2 X_{k-1}$, $d' = X_K$, with $A_k = X_{k-1} X_{k-1}^\top$.

    So the singular values of $D$ become numbers near 1, and its singular vectors stay. `coefficients` is a name
    ('jordan', 'quintic', 'polar_express', 'polar_express_5', 'cans', 'deepseek' or 'precise'; see
    `gl.newton_schulz_coefficients`), one set $(a, b, c)$, which is used in all steps, or a tuple of sets of any length,
    one for each step. `steps` is the number of steps $K \ge 1$, by default the number of sets, or 5 for one set. Sets
    that were made for each other are neither cycled nor cut.

    `precision` is the dtype in which matrices are multiplied; by default it is that of the leaf, at the highest
    precision of the device. 'bfloat16' is that of the reference implementations, whose results differ by some percent.
    Sums of products are in float32. Complex leaves keep their dtype.

    In full, the matrix is divided by $\kappa \max(\|D\|_F, \nu) + \epsilon$, with `eps` in [0, inf), `least_norm`
    $\nu$ in [0, inf) and `norm_factor` $\kappa$ in [1, inf). Implementations of Muon differ in them. A matrix of zeros
    stays zero.

    `layout` says how a leaf is a matrix: a convention ('flax', 'haiku', 'keras', 'torch' or 'equinox'), or what
    `matrix_shape` returns. The result does not depend on which side are the outputs, but kernels with more than two
    axes do. Each matrix of a stack is treated by itself. Inside `jax.shard_map`, every device needs whole matrices.

    Raises ValueError for coefficients with which a singular value in (0, 1] would become zero or negative, as with the
    set that was released as "AOL", and for a number of steps that the sets are not made for. `init` and `update` raise
    ValueError for a leaf that is no matrix. Source: Jordan et al. (2024), Muon: An optimizer for hidden layers.

    >>> tx, matrix = gl.orthogonalize("precise"), jnp.array([[3.0, 0.0], [0.0, -2.0]])
    >>> print(tx.update(matrix, tx.init(matrix))[0].round(1))
    [[ 1.  0.]
     [ 0. -1.]]
    """
    sets = read_sets("orthogonalize", coefficients, steps)
    shape = as_matrix_shape(layout)

    def init(params):
        require_matrices("orthogonalize", params, shape)
        return init_empty(params)

    def orthogonalize_leaf(d):
        if not d.size:
            return d
        dtype = d.dtype if precision is None or jnp.iscomplexobj(d) else precision
        unit_matrices = _normalize(to_matrices(d, shape), eps, least_norm, norm_factor)
        return from_matrices(iterate(unit_matrices, sets, dtype), d.shape, shape)

    def update(updates, state):
        require_empty(state)
        require_matrices("orthogonalize", updates, shape)
        return jax.tree.map(orthogonalize_leaf, updates), state

    return init, update


@jax.jit
def _normalize(x: jax.Array, eps: Any, least_norm: Any, norm_factor: Any) -> jax.Array:
    """Return each matrix of a stack divided by its norm, whose squares neither overflow nor vanish."""
    largest = jnp.max(jnp.maximum(jnp.abs(x.real), jnp.abs(x.imag)), axis=(-2, -1), keepdims=True)
    is_regular = (largest > 0) & jnp.isfinite(largest)
    unit = jax.lax.stop_gradient(jnp.where(is_regular, jnp.maximum(largest, 16 * jnp.finfo(x.dtype).tiny), 1))
    in_units = x * (1 / unit).astype(x.dtype)
    norm = square_root(jnp.sum(squared_magnitude(in_units), axis=(-2, -1), keepdims=True))
    divisor = norm_factor * jnp.maximum(norm, least_norm / unit) + eps / unit
    return in_units * (1 / jnp.where(divisor == 0, 1, divisor)).astype(x.dtype)


@equation_of(orthogonalize)
def _(write: Writer, coefficients: Any, steps: Any, layout: Any, **others: Any) -> Expression:
    count = len(read_sets("orthogonalize", coefficients, steps))
    return write.line(write.fresh("O"), write.symbol().inside(rf"\operatorname{{NS}}_{{{count}}}"))
