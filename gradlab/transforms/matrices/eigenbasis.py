"""The eigenbasis of the Kronecker factors of a matrix's gradients, in which SOAP runs Adam."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...arithmetic.bounded_gradients import bound_gradient
from ...core.claims import ELEMENTWISE_AND_SYMMETRIC
from ...core.decorators import transformation
from ...equations import Expression, Writer, equation_of
from ...values.numeric_arguments import Decay
from ..intervals import choose, require_interval
from .decompositions import dagger, multiply, power_step

_CLAIMS = {
    **dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True),
    "domain": ("matrices",),
    "except": ("every argument matters",),
}


class EigenbasisState(NamedTuple):
    """The state of `eigenbasis`."""

    step: jax.Array  # int32 scalar, the number of gradients so far
    is_known: jax.Array  # bool scalar, whether there is a basis, which takes a gradient before the current one
    has_turned: jax.Array  # bool scalar, whether the last gradient was met in another basis than the one before
    left: Any  # Q_L, (..., rows, rows) for each leaf, or None
    right: Any  # Q_R, (..., columns, columns) for each leaf, or None
    rows: Any  # L, like `left`
    columns: Any  # R, like `right`


@transformation(squares_gradient=True, claims=_CLAIMS)
def eigenbasis(decay: Decay = 0.95, every: int = 10, max_size: int = 10_000):
    r"""Find the eigenvectors of running means of products of the gradient, $L_t = \beta L_{t-1} + (1 - \beta) G_t
    G_t^\top$ and $R_t = \beta R_{t-1} + (1 - \beta) G_t^\top G_t$, for `in_basis`.

    The direction passes unchanged. The state holds the bases $Q_L$ of the rows and $Q_R$ of the columns of every leaf,
    whose last two axes are the matrix. They begin as the unit matrix and follow the eigenvectors by one step of power
    iteration with a QR decomposition, $Q \leftarrow \operatorname{qr}(L Q)$, after the first gradient and after every
    `every` gradients that follow. The basis of a step comes from the gradients before it, so there is none for the
    first gradient.

    `decay` is $\beta$ in [0, 1). `every` is a whole number of at least 1. A side longer than `max_size` keeps its axes.
    The diagonal of the triangular factor is positive. The root of the machine epsilon, times the mean eigenvalue, is
    added to the diagonals of $L$ and $R$. It changes no eigenvector, and the basis stays what it was in their null
    space, where rounding would choose it.

    Raises ValueError for an `every` below 1, and from `init` for a leaf with fewer than two axes.
    Source: Vyas et al. (2024), algorithms 3 and 4.

    >>> tx, gradient = gl.eigenbasis(), jnp.ones((2, 2))
    >>> state = tx.init(gradient)
    >>> for _ in range(2):
    ...     direction, state = tx.update(gradient, state)
    >>> print(state.left.round(3))  # in columns: the sum of the rows, and their difference
    [[ 0.707 -0.707]
     [ 0.707  0.707]]
    """
    require_interval("eigenbasis", every)

    def make(params, axis, scale):
        def make_leaf(p):
            size = p.shape[axis]
            unit = scale * jnp.eye(size, dtype=p.dtype)
            return None if size > max_size else jnp.broadcast_to(unit, (*p.shape[:-2], size, size))

        return jax.tree.map(make_leaf, params)

    def init(params):
        require_axes("eigenbasis", params)
        left, right, rows, columns = (make(params, axis, scale) for scale in (1, 0) for axis in (-2, -1))
        return EigenbasisState(jnp.zeros((), jnp.int32), jnp.array(False), jnp.array(False), left, right, rows, columns)

    def update(updates, state):
        is_due = (state.step > 0) & ((state.step - 1) % every == 0)
        stale, means = (state.left, state.right), (state.rows, state.columns)

        left, right = choose(is_due, lambda: jax.tree.map(power_step, means, stale), lambda: stale)
        gradient = bound_gradient(updates)
        rows = jax.tree.map(lambda g, mean: _follow(mean, decay, g), gradient, means[0])
        columns = jax.tree.map(lambda g, mean: _follow(mean, decay, dagger(g)), gradient, means[1])
        step = optax.safe_increment(state.step)
        return updates, EigenbasisState(step, state.step > 0, is_due, left, right, rows, columns)

    return init, update


def _follow(mean: Any, decay: Any, x: jax.Array) -> Any:
    """Return the running mean of X X', or None where there is none."""
    return None if mean is None else decay * mean + (1 - decay) * multiply(x, dagger(x))


def require_axes(owner: str, tree: Any) -> None:
    """Raise ValueError, with the remedy, for a leaf with fewer than two axes."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if jnp.ndim(leaf) < 2:
            name = jax.tree_util.keystr(path) or "the leaf"
            raise ValueError(
                f"{owner} takes matrices, but {name} has the shape {jnp.shape(leaf)}. Send matrices alone here: "
                f"partition((ndim(2), chain(...)), default=adam())"
            )


@equation_of(eigenbasis)
def _(write: Writer, decay: Any, every: int, max_size: int) -> Expression:
    if " " not in write.letter:  # not within `in_basis`, which gives the letters of both bases
        return write.whole()
    gradient, beta = write.gradient(), write.decay(decay, "L")
    products = (rf"{gradient} {gradient}^{{\top}}", rf"{gradient}^{{\top}} {gradient}")
    for basis, letter, product in zip(write.letter.split(), "LR", products, strict=True):
        mean = write.fresh(letter)
        write.line(mean, rf"{beta} {mean}_{{t-1}} + {beta.rest} {product}")
        turned = rf"\operatorname{{qr}}({mean}_{{t-1}} {basis}_{{t-1}})"
        if every == 1:
            write.line_if("t > 1", basis, turned)
        else:
            write.line_every(every, basis, turned, step=2)
        write.given_as_formula(f"{basis}_0", "I")
    write.steps = "t-1"  # of `in_basis`, whose transformation waits for a basis
    return gradient
