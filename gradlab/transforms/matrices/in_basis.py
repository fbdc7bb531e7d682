"""`in_basis`, which applies a transformation to matrices in another basis."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...combinators.slots import is_non_negative
from ...core.claims import leave_out, shared_claims
from ...core.composites import Composite, open_value, points_of
from ...core.decorators import transformation
from ...core.transformation_calls import hand_on, raw_init, raw_update, signals_of
from ...equations import Expression, Writer, equation_of
from ..intervals import choose
from ..matrix_shapes import Layout, as_matrix_shape, from_matrices, require_matrices, to_matrices
from .decompositions import dagger, multiply

_OUTSIDE = ("grad", "value_fn", "gradient_fn")  # extra arguments that belong to the parameters in their own basis


class InBasisState(NamedTuple):
    """The state of `in_basis`: the states of the basis and of the transformation in it."""

    basis: Any
    inner: Any


@transformation(splits_gradient="tx", squares_gradient="tx basis", claims=lambda turned: _claims(turned.tx))
def in_basis(
    tx: optax.GradientTransformation,
    basis: optax.GradientTransformation,
    layout: Layout = "flax",
    turn_moments: bool = True,
):
    r"""Apply a transformation to matrices in another basis, $d' = Q_L f(Q_L^\top d\, Q_R; Q_L^\top g\, Q_R) Q_R^\top$.

    `tx` is $f$, which sees the direction, the gradient and the parameters in that basis. `basis` finds it from the
    gradients: `eigenbasis()`, in which Adam is SOAP, or `singular_basis()`, which has fewer dimensions, and in which
    Adam is GaLore. As long as there is no basis, as at the first step with `eigenbasis`, the direction becomes 0 and
    the state of `tx` does not change.

    When the basis turns, the arrays in the state of `tx` that have the shape of a matrix turn with it, because they are
    directions in the old one. Second moments keep their numbers, as published. Without `turn_moments`, all arrays do.

    `layout` says how a leaf is a matrix, as `matrix_shape` does. Each matrix of a stack has a basis of its own. The
    basis measures the gradient of the chain, so `in_basis` may stand behind a momentum.

    Any transformation may be a basis whose state has the fields `left` and `right` (for each leaf a stack of matrices
    with orthonormal columns, or None), `is_known` and `has_turned` (boolean scalars). It receives each leaf as a stack
    of matrices, (batch, outputs, inputs).

    Raises ValueError for a `tx` that reads `grad`, `value_fn` or `gradient_fn`, or defines a point of the parameters.
    `init` and `update` raise ValueError for a leaf that is no matrix, and `init` raises TypeError for a `basis` whose
    state has other fields. Source: Vyas et al. (2024), algorithm 3; Zhao et al. (2024), algorithm 2.

    >>> tx = gl.in_basis(gl.scale(2.0), gl.singular_basis(rank=1))
    >>> gradient = jnp.array([[3.0, 0.0], [0.0, 1.0]])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # what is outside of the basis is lost
    [[6. 0.]
     [0. 0.]]
    """
    shape = as_matrix_shape(layout)
    outside = sorted(signals_of(tx).intersection(_OUTSIDE)) or sorted(points_of(tx))
    if outside:
        raise ValueError(
            f"in_basis: {tx!r} reads or defines {outside[0]}, which belongs to the parameters in their own basis. Put "
            f"what does so outside of in_basis, as in sam(in_basis(...)) or average_params(in_basis(...))"
        )

    def to_stacks(tree):
        return jax.tree.map(lambda leaf: to_matrices(leaf, shape), tree)

    def init(params):
        require_matrices("in_basis", params, shape)
        stacks = to_stacks(params)
        basis_state = raw_init(basis, stacks)
        _require_basis(basis, _open(basis, basis_state))
        return InBasisState(basis_state, raw_init(tx, _enter(_open(basis, basis_state), stacks)))

    def update(updates, state, params=None, *, grads=None, **extra):
        require_matrices("in_basis", updates, shape)
        gradient = to_stacks(updates if grads is None else grads)
        _, basis_state = raw_update(basis, gradient, state.basis, None, {})
        old, new = _open(basis, state.basis), _open(basis, basis_state)
        inner = state.inner
        if turn_moments:
            turns = new.has_turned & old.is_known
            inner = choose(turns, lambda: _turn(state.inner, old, new, gradient), lambda: state.inner)
        direction, entered = (_enter(new, each) for each in (to_stacks(updates), gradient))
        signals = hand_on(extra, None if grads is None else entered)
        inside = None if params is None else _enter(new, to_stacks(params))
        direction, moved = raw_update(tx, direction, inner, inside, signals)
        known = new.is_known
        moved = jax.tree.map(lambda after, before: jnp.where(known, after, before), moved, inner)
        direction = jax.tree.map(
            lambda d, like: from_matrices(jnp.where(known, d, 0), like.shape, shape), _leave(new, direction), updates
        )
        return direction, InBasisState(basis_state, moved)

    def states(state):
        return {"tx": state.inner, "basis": state.basis}

    return Composite(init, update, {"tx": tx, "basis": basis}, states, frozenset({"grads"}))


def _require_basis(basis: Any, state: Any) -> None:
    """Raise TypeError, with the remedy, unless the state of a basis has the fields of one."""
    missing = [name for name in ("left", "right", "is_known", "has_turned") if not hasattr(state, name)]
    if missing:
        raise TypeError(
            f"in_basis: basis must be a transformation whose state has the fields left, right, is_known and "
            f"has_turned, such as eigenbasis() or singular_basis(); got {basis!r}, whose state has no "
            f"{' and no '.join(missing)}"
        )


def _open(basis: Any, state: Any) -> Any:
    """Return the state of a basis itself, without the recipe, the chain of one link or the schedules around it."""
    return open_value(basis, state)[2] if hasattr(basis, "core") else state


def _enter(bases: Any, tree: Any) -> Any:
    """Return each matrix in the basis, Q_L' X Q_R."""

    def enter(x, left, right):
        x = x if left is None else multiply(dagger(left), x)
        return x if right is None else multiply(x, right)

    return jax.tree.map(enter, tree, bases.left, bases.right)


def _leave(bases: Any, tree: Any) -> Any:
    """Return each matrix out of the basis, Q_L X Q_R'."""

    def leave(x, left, right):
        x = x if left is None else multiply(left, x)
        return x if right is None else multiply(x, dagger(right))

    return jax.tree.map(leave, tree, bases.left, bases.right)


def _turn(state: Any, old: Any, new: Any, tree: Any) -> Any:
    """Return a state with its directions in a new basis. `tree` has the structure of the parameters."""
    structure: Any = jax.tree.structure(tree)
    shapes = [leaf.shape for leaf in jax.tree.leaves(_enter(old, tree))]

    def is_like_parameters(node):
        if jax.tree.structure(node) != structure:
            return False
        return [getattr(leaf, "shape", None) for leaf in jax.tree.leaves(node)] == shapes

    def turn(path, node):
        return node if is_non_negative(path) or not is_like_parameters(node) else _enter(new, _leave(old, node))

    return jax.tree_util.tree_map_with_path(turn, state, is_leaf=is_like_parameters)


def _claims(tx: Any) -> dict[str, Any]:
    claims = leave_out(shared_claims(tx), "elementwise", "contained", "permutation equivariant")
    return {**claims, "link": True, "domain": (*claims.get("domain", ()), "matrices")}


@equation_of(in_basis)
def _(write: Writer, tx: Any, basis: Any, layout: Any, turn_moments: bool) -> Expression:
    direction, gradient = write.symbol(), write.gradient()
    left, right = write.fresh("Q"), write.fresh("P")
    before, steps = len(write.lines), write.steps
    write.inside(basis, f"{left} {right}", write.role, gradient, gradient)
    has_right = any(line.startswith(f"{right}_t") for line in write.lines[before:])
    last, last_turned = (rf" {right}_t", rf" {right}_t^{{\top}}") if has_right else ("", "")

    def enter(symbol, letter):
        return write.line(write.fresh(letter), rf"{left}_t^{{\top}} {symbol}{last}")

    entered = enter(gradient, "g'")
    inside = entered if direction == gradient else enter(direction, "d")
    within = len(write.lines)
    result = write.inside(tx, write.letter, write.role, inside, entered)
    if result.kind != "atom" or result.negative:
        result = write.line(write.fresh("u"), result)
    is_late, write.steps = write.steps != steps, steps
    if is_late:  # at the first step there is no basis yet
        remembered = (line.partition("_t = ")[::2] for line in write.lines[within:])
        for letter in (letter for letter, right in remembered if f"{letter}_{{t-1}}" in right):
            write.given_as_formula(f"{letter}_1", "0")
    outer = write.line(write.fresh("d"), rf"{left}_t {result}{last_turned}")
    if is_late:
        write.given_as_formula(str(outer).replace("_t", "_1"), "0")
    return outer
