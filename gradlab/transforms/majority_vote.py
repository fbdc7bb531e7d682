"""Sign descent by majority vote over the workers of a data-parallel run, who exchange one bit for each element."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..arithmetic.mesh_axes import AxisName, count_shards, read_axis_names
from ..arithmetic.one_bit_exchange import (
    Planes,
    as_rows,
    find_signs,
    from_rows,
    require_own_gradients,
    send_to_all,
    send_to_owners,
)
from ..core.claims import ELEMENTWISE, ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..equations import Expression, Writer, equation_of


@transformation(claims=lambda tx: ELEMENTWISE_AND_SYMMETRIC if tx.axis_name is None else ELEMENTWISE)
def majority_vote(axis_name: AxisName = None, zeros: str = "alternate", ties: str = "zero"):
    r"""Replace the direction by the sign that most workers have, $d' = \operatorname{sign} \sum_w \operatorname{sign}
    d^{(w)}$.

    Each device along `axis_name`, a mesh axis or a tuple of them, is a worker $w$ with a direction of its own, inside
    `jax.shard_map`. The result is the same on all. Workers send signs, eight to a byte. Without `axis_name` there is
    one worker, who sends nothing, and the result is the sign of its direction, with 0 at 0. Both parts of complex
    numbers vote.

    `zeros` says what a worker sends for 0, which one bit cannot carry, and for NaN. With "alternate", it is plus from
    the first worker, minus from the second, and so on, so the zeros of an even number of workers cancel. With "plus",
    it is plus from all, as in the publications. With "abstain", signs take two bits, and zeros do not count.

    `ties` says what follows where as many vote for plus as for minus, which happens if the number of workers is even,
    or if some abstain. With "zero", it is 0, and results take two bits. With "plus", it is plus.

    Each of N workers sends (N - 1) / N times 2 bits for each element, 3 bits where ties are possible, and 4 bits with
    "abstain". An average in float32 sends (N - 1) / N times 64.

    Raises TypeError for an `axis_name` that is no name, and ValueError for another word as `zeros` or `ties`. `update`
    raises ValueError where no axis has that name, and where JAX knows that the gradients of all workers are the same.
    Source: Bernstein et al. (2019), signSGD with majority vote, algorithm 1.

    >>> print(gl.majority_vote().update(jnp.array([2.0, -4.0]), ())[0])  # of one worker
    [ 1. -1.]
    """
    axes = read_axis_names("majority_vote", axis_name)
    _require_word("zeros", zeros, ("alternate", "plus", "abstain"))
    _require_word("ties", ties, ("zero", "plus"))

    def update(updates, state, *, grads=None):
        require_empty(state)
        leaves, structure = jax.tree.flatten(updates)
        if not axes or not any(leaf.size for leaf in leaves):
            return jax.tree.map(_sign, updates), state
        require_own_gradients("majority_vote", updates if grads is None else grads, axes)
        workers = count_shards(axes)
        may_tie = workers % 2 == 0 or zeros == "abstain"
        ballots = [_mark(as_rows(leaf, workers), axes, zeros) for leaf in leaves]
        results = [
            _count(received, workers, has_zeros=may_tie and ties == "zero")
            for received in send_to_owners(ballots, axes)
        ]
        signs = [_read(result, leaf.real.dtype) for result, leaf in zip(send_to_all(results, axes), leaves)]
        return jax.tree.unflatten(structure, [from_rows(rows, leaf) for rows, leaf in zip(signs, leaves)]), state

    return init_empty, update


def _require_word(name: str, word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        raise ValueError(f"majority_vote: {name} must be one of {', '.join(map(repr, allowed))}; got {word!r}")


def _sign(d: jax.Array) -> jax.Array:
    return jax.lax.complex(jnp.sign(d.real), jnp.sign(d.imag)) if jnp.iscomplexobj(d) else jnp.sign(d)


def _mark(rows: jax.Array, axes: tuple[str, ...], zeros: str) -> Planes:
    """Return the ballot of this worker: the plane of signs, and with "abstain" that of the elements that count."""
    if zeros == "alternate":
        return (find_signs(rows, axes),)
    return (~(rows < 0),) if zeros == "plus" else (rows > 0, (rows > 0) | (rows < 0))


def _count(ballots: Planes, workers: int, has_zeros: bool) -> Planes:
    """Return the result of the votes on one slice: the plane of signs, and that of the elements that are not 0."""
    pluses, *counted = (plane.sum(axis=0, dtype=jnp.int32) for plane in ballots)
    lead = 2 * pluses - (counted[0] if counted else workers)
    return (lead > 0, lead != 0) if has_zeros else (lead >= 0,)


def _read(result: Planes, dtype: Any) -> jax.Array:
    sign = jnp.where(result[0], 1, -1)
    return (jnp.where(result[1], sign, 0) if len(result) == 2 else sign).astype(dtype)


@equation_of(majority_vote)
def _(write: Writer, axis_name: Any, zeros: str, ties: str) -> Expression:
    if axis_name is None:
        return write.whole().inside(r"\operatorname{sign}")
    ballot = write.whole().inside(r"\operatorname{sign}")
    return Expression(rf"\sum_w {ballot}", "product").inside(r"\operatorname{sign}")
