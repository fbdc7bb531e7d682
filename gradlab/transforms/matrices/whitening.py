"""Whitening of matrices by two fitted factors, the direction of PSGD Kron."""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax

from ...arithmetic.safe_arithmetic import bound_for_squaring, divide, magnitude, square_root, squared_magnitude
from ...core.decorators import transformation
from ...equations import Expression, Writer, equation_of, is_zero
from ...values.numeric_arguments import NonNegative, Positive, PositiveSteps, Range, Seed, draw_keys
from ..intervals import choose
from ..matrix_shapes import Layout, as_matrix_shape, from_matrices, require_matrices, to_matrices
from .decompositions import dagger, invert_triangular, multiply

Rate: TypeAlias = Annotated[Any, Range(0.0, 1.0, hint="with 1 or more, a factor may become singular")]
Pair: TypeAlias = tuple[jax.Array, jax.Array]  # one for the rows of a stack of matrices, and one for their columns


_SYMMETRIES = ("still at zero", "descent direction", "transpose symmetric")  # of matrices alone, without draws


class WhiteningState(NamedTuple):
    """The state of `scale_by_whitening`."""

    step: jax.Array  # int32 scalar, the number of updates so far
    wait: jax.Array  # int32 scalar, the number of updates until the next that fits the factors
    factors: Any  # (Q_L, Q_R) for each leaf: (batch, size, size), upper triangular, or (batch, size, 1), a diagonal


def _claims(tx: Any) -> dict[str, Any]:
    layout = as_matrix_shape(tx.layout)
    is_stacked = layout.convention is None or layout.batch_axes
    domain = ("matrices", *(("stacked",) if is_stacked else ()), *(() if tx.key is None else ("stochastic",)))
    return {"sign symmetric": True, "domain": domain} | dict.fromkeys(() if len(domain) > 1 else _SYMMETRIES, True)


@transformation(squares_gradient=True, claims=_claims)
def scale_by_whitening(
    rate: Rate = 0.1,
    every: PositiveSteps = 1,
    max_size: int = 8192,
    initial_scale: Positive = 1.0,
    damping: NonNegative = 2.0**-11.5,
    key: Seed | None = None,
    layout: Layout = "flax",
):
    r"""Whiten matrices by two factors that are fitted to the gradient, $d' = Q_L^\top Q_L\, d\, Q_R^\top Q_R$.

    With $V \sim \mathcal N(0, I)$, $A = Q_L (G_t + \sigma V) Q_R^\top$ and $B = Q_L^{-\top} V Q_R^{-1}$, a fit is
    one relative gradient step on the group of triangular matrices, $Q_L \leftarrow Q_L - \eta
    \operatorname{triu}(A A^\top - B B^\top) Q_L / \|A A^\top + B B^\top\|$, and the same with $A^\top$ and $B^\top$ for
    $Q_R$. Without a `key`, the means of the four products over all $V$ take their place. With one, an integer or a
    `jax.random.key`, $V$ follows from it and the step. $\sigma$ is `damping` in [0, inf) times the mean of $|G_t|$. The
    norm is the authors' lower bound of the spectral one, three products with the longest column.

    `rate` is $\eta$ in [0, 1). The factors are fitted at the first update and after `every` updates, at least 1 and
    rounded up, which may be a schedule, and used at once. A side longer than `max_size` has a diagonal factor.
    `initial_scale` is $c$ in (0, inf): both factors begin as $\sqrt c\, I$. After each fit they are scaled to equal
    largest elements, which leaves the direction as it is. A gradient of zeros changes no factor. `layout` says how a
    leaf is a matrix, as `matrix_shape` does.

    $G_t$ is the gradient of the chain; `isolate(scale_by_whitening())` fits the factors to the direction.

    `init` and `update` raise ValueError for a leaf that is no matrix.
    Source: Li (2018); Pooladzandi & Li (2024); the bound of the norm and the damping as in psgd_jax 0.2.9.

    >>> tx, gradient = gl.scale_by_whitening(rate=0.5), jnp.array([[3.0, 0.0], [0.0, 1.0]])
    >>> state = tx.init(gradient)
    >>> for t in range(8):
    ...     direction, state = tx.update(gradient, state)
    >>> print(direction)  # the lengths, 3 and 1, became more equal
    [[1.36   0.    ]
     [0.     1.7909]]
    """
    shape = as_matrix_shape(layout)

    def init(params):
        require_matrices("scale_by_whitening", params, shape)
        zero = jnp.zeros((), jnp.int32)
        return WhiteningState(zero, jnp.copy(zero), jax.tree.map(make_pair, params))

    def make_pair(p):
        batch, *sizes = to_matrices(p, shape).shape
        scale = square_root(jnp.asarray(initial_scale, p.real.dtype)).astype(p.dtype)
        return tuple(
            jnp.broadcast_to(
                scale * (jnp.ones((n, 1), p.dtype) if n > max_size else jnp.eye(n, dtype=p.dtype)),
                (batch, n, 1 if n > max_size else n),
            )
            for n in sizes
        )

    def draw(tree, step):
        if key is None:
            return jax.tree.map(lambda g: None, tree)
        leaves, structure = jax.tree.flatten(tree)
        keys = draw_keys(key, step, len(leaves))
        drawn = [jax.random.normal(one, g.shape, g.dtype) for one, g in zip(keys, leaves, strict=False)]
        return jax.tree.unflatten(structure, drawn)

    def fit(g, pair, v):
        if not g.size:
            return pair
        drawn = None if v is None else to_matrices(v, shape)
        return _fit(pair, bound_for_squaring(to_matrices(g, shape)), drawn, rate, damping)

    def scale(d, pair):
        whitened = _enter(pair, to_matrices(d, shape))
        return from_matrices(_enter((_adjoint(pair[0]), _adjoint(pair[1])), whitened), d.shape, shape)

    def update(updates, state, *, grads=None):
        require_matrices("scale_by_whitening", updates, shape)
        gradient = updates if grads is None else grads

        def refit():
            return jax.tree.map(fit, gradient, state.factors, draw(gradient, state.step))

        factors = choose(state.wait == 0, refit, lambda: state.factors)
        wait = jnp.where(state.wait == 0, jnp.ceil(every).astype(jnp.int32), state.wait) - 1
        step = optax.safe_increment(state.step)
        return jax.tree.map(scale, updates, factors), WhiteningState(step, jnp.maximum(wait, 0), factors)

    return init, update


@jax.jit
def _fit(pair: Pair, x: jax.Array, v: jax.Array | None, rate: Any, damping: Any) -> Pair:
    """Return the factors after one fit to a stack of matrices and a draw, or without one to the mean over all draws."""
    mean = jnp.mean(magnitude(x), axis=(-2, -1), keepdims=True)
    noise, inverses = (damping * mean).astype(x.dtype), (_invert(pair[0]), _invert(pair[1]))
    if v is None:
        whitened, spread, shrunk = _square(pair, x), _expect_square(pair), _expect_square(inverses)
        grown = (whitened[0] + noise * noise * spread[0], whitened[1] + noise * noise * spread[1])
    else:
        grown, shrunk = _square(pair, x + noise * v), _square(inverses, v)
    left, right = _balance(*(_move(*each, rate) for each in zip(pair, grown, shrunk, strict=True)))
    return jnp.where(mean == 0, pair[0], left), jnp.where(mean == 0, pair[1], right)


def _is_diagonal(q: jax.Array) -> bool:
    return q.shape[-1] == 1  # a factor of one row is that either way


def _apply(q: jax.Array, x: jax.Array) -> jax.Array:
    """Return Q X."""
    return q * x if _is_diagonal(q) else multiply(q, x)


def _adjoint(q: jax.Array) -> jax.Array:
    return q.conj() if _is_diagonal(q) else dagger(q)


def _invert(q: jax.Array) -> jax.Array:
    """Return the inverse of the adjoint of a factor."""
    return 1 / q.conj() if _is_diagonal(q) else dagger(invert_triangular(q))


def _enter(pair: Pair, x: jax.Array) -> jax.Array:
    """Return Q_L X Q_R'."""
    return _apply(pair[0], dagger(_apply(pair[1], dagger(x))))


def _multiply_by_adjoint(x: jax.Array, q: jax.Array) -> jax.Array:
    """Return X X', or its diagonal as a column where that of the factor is one."""
    if _is_diagonal(q):
        return jnp.sum(squared_magnitude(x), axis=-1, keepdims=True).astype(x.dtype)
    return multiply(x, dagger(x))


def _square(pair: Pair, x: jax.Array) -> Pair:
    """Return A A' and A' A of A = Q_L X Q_R'."""
    a = _enter(pair, x)
    return _multiply_by_adjoint(a, pair[0]), _multiply_by_adjoint(dagger(a), pair[1])


def _expect_square(pair: Pair) -> Pair:
    """Return the means of `_square` over all X whose elements are independent, with mean 0 and variance 1."""
    sizes = [jnp.sum(squared_magnitude(q), axis=(-2, -1), keepdims=True).astype(q.dtype) for q in pair]
    return sizes[1] * _multiply_by_adjoint(pair[0], pair[0]), sizes[0] * _multiply_by_adjoint(pair[1], pair[1])


def _move(q: jax.Array, grown: jax.Array, shrunk: jax.Array, rate: Any) -> jax.Array:
    """Return a factor after one step on the group."""
    slope = divide(grown - shrunk, _bound_norm(grown + shrunk))
    return q - rate * _apply(slope if _is_diagonal(q) else jnp.triu(slope), q)


def _bound_norm(x: jax.Array) -> jax.Array:
    """Return a lower bound of the spectral norm of positive Hermitian matrices, at least the norm of each column."""
    if _is_diagonal(x):
        return jnp.max(x.real, axis=-2, keepdims=True)
    unit = jnp.max(jnp.diagonal(x, axis1=-2, axis2=-1).real, axis=-1)[..., None, None]
    x = divide(x, unit)
    longest = jnp.argmax(jnp.sum(squared_magnitude(x), axis=-2), axis=-1)[..., None, None]
    once = multiply(x, jnp.take_along_axis(x, longest, axis=-1))
    lengths = (square_root(jnp.sum(squared_magnitude(y), axis=-2, keepdims=True)) for y in (multiply(x, once), once))
    return unit * divide(*lengths)


def _balance(left: jax.Array, right: jax.Array) -> Pair:
    """Return the factors with equal largest elements, and with the same product."""
    largest = [jnp.max(magnitude(q), axis=(-2, -1), keepdims=True) for q in (left, right)]
    ratio = square_root(divide(largest[1], largest[0])).astype(left.dtype)
    return left * ratio, right / ratio


@equation_of(scale_by_whitening)
def _(write: Writer, rate: Any, every: Any, damping: Any, key: Any, **options: Any) -> Expression:
    direction, gradient = write.symbol(), write.gradient()
    eta, left, right = write.number(r"\eta", rate), write.fresh("Q"), write.fresh("P")
    v = write.distribution(write.fresh("V"), r"\mathcal N(0, I)")
    noise = (
        ""
        if is_zero(damping)
        else rf" + {write.number(chr(92) + 'delta', damping)} \operatorname{{mean}}(|{gradient}|) {v}"
    )
    entered = f"({gradient}{noise})" if noise else str(gradient)
    a = write.line(write.fresh("A"), rf"{left}_{{t-1}} {entered} {right}_{{t-1}}^{{\top}}")
    b = write.line(write.fresh("B"), rf"{left}_{{t-1}}^{{-\top}} {v} {right}_{{t-1}}^{{-1}}")
    mean = "" if key is not None else r"\operatorname{E}_V"
    for q, product in ((left, r"{0} {0}^{{\top}}"), (right, r"{0}^{{\top}} {0}")):
        grown, shrunk = (product.format(symbol) for symbol in (a, b))
        slope = rf"\operatorname{{triu}}({mean}[{grown} - {shrunk}]) / \|{mean}[{grown} + {shrunk}]\|"
        fitted = rf"{q}_{{t-1}} - {eta} {slope}\, {q}_{{t-1}}"
        if isinstance(every, (int, float)):
            write.line_every(math.ceil(every), q, fitted)
        else:
            wait = write.number("k", every).at("s")
            due = rf"t = 1 \text{{ or the last fit, at }} s, \text{{ was }} {wait} \text{{ steps ago}}"
            write.line_if(due, q, fitted)
    return write.line(write.fresh("d"), rf"{left}_t^{{\top}} {left}_t {direction} {right}_t^{{\top}} {right}_t")
