"""The mean over the workers of a data-parallel run in one bit for each element, with error feedback at both ends."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..arithmetic.mesh_axes import AxisName, count_shards, read_axis_names
from ..arithmetic.one_bit_exchange import (
    as_rows,
    count_length,
    count_owned,
    find_signs,
    from_rows,
    gather,
    require_own_gradients,
    send_to_all,
    send_to_owners,
)
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of


class OneBitMeanState(NamedTuple):
    """The state of `one_bit_mean`, which differs between the workers."""

    error: Any  # e, like the parameters: what this worker has not sent yet
    owner_error: Any  # real, [length] for each leaf: the error of the slice that this worker averages; () for one


@transformation(claims=("contained", "permutation equivariant", "sign symmetric"))
def one_bit_mean(axis_name: AxisName = None):
    r"""Replace the direction by its mean over the workers, sent in one bit for each element, $q^{(w)} = d^{(w)} +
    e^{(w)}_{t-1}$, $d' = C(\operatorname{mean}_w C(q^{(w)}) + \tilde e_{t-1})$, $C(q) = \operatorname{mean}(|q|)
    \operatorname{sign} q$.

    Each device along `axis_name`, a mesh axis or a tuple of them, is a worker $w$ with a direction of its own, inside
    `jax.shard_map`. The result is the same on all. It sends the signs of each leaf, eight to a byte, and their mean
    magnitude. What it could not send, $e^{(w)}_t = q^{(w)} - C(q^{(w)})$, it adds to the next direction. Each leaf is
    divided into slices, one for each worker, who averages it, sends the signs of the average and its mean magnitude,
    and keeps the error $\tilde e_t$ of that. So the sum of all results differs from that of all means by no more than
    the errors. Without `axis_name` there is one worker, and $d' = C(d + e_{t-1})$, which is EF-signSGD.

    Place it behind the learning rate: then the errors are in units of the parameters, and a schedule does not change
    what they mean. For 0, which one bit cannot carry, workers alternate, as in `majority_vote`. Both parts of complex
    numbers are sent. `init` is called inside `jax.shard_map`, too, because the slices depend on the number of workers.
    Each worker has a state of its own: keep it with `per_worker`.

    Each of N workers sends (N - 1) / N times 2 bits for each element, and 2 (N - 1) numbers for each leaf.

    Raises TypeError for an `axis_name` that is no name. `init` and `update` raise ValueError where no axis has that
    name, and `update` where JAX knows that the gradients of all workers are the same.
    Source: Karimireddy et al. (2019), algorithm 1; Zheng et al. (2019), dist-EF-SGD, algorithm 2.

    >>> tx, gradient = gl.one_bit_mean(), jnp.array([3.0, -1.0])
    >>> direction, state = tx.update(gradient, tx.init(gradient))
    >>> print(direction)  # signs times the mean magnitude; the errors are made good later
    [ 2. -2.]
    """
    axes = read_axis_names("one_bit_mean", axis_name)

    def init(params):
        error = jax.tree.map(jnp.zeros_like, params)
        if not axes:
            return OneBitMeanState(error, ())
        workers = count_shards(axes)
        return OneBitMeanState(error, jax.tree.map(lambda p: jnp.zeros(count_length(p, workers), p.real.dtype), params))

    def update(updates, state, *, grads=None):
        q = jax.tree.map(jnp.add, updates, state.error)
        if not axes:
            sent = jax.tree.map(_compress, q)
            return sent, OneBitMeanState(jax.tree.map(jnp.subtract, q, sent), ())
        leaves, structure = jax.tree.flatten(q)
        require_own_gradients("one_bit_mean", updates if grads is None else grads, axes)
        result, error, owner_error = _exchange(leaves, jax.tree.leaves(state.owner_error), axes)
        parts = (jax.tree.unflatten(structure, part) for part in (result, error, owner_error))
        return next(parts), OneBitMeanState(*parts)

    return init, update


def _compress(q: jax.Array) -> jax.Array:
    """Return the signs of a leaf times its mean magnitude."""
    rows = as_rows(q, 1)
    return from_rows(jnp.sign(rows) * _mean_magnitude(rows, _count_real(q)), q)


def _count_real(leaf: jax.Array) -> int:
    return leaf.size * (2 if jnp.iscomplexobj(leaf) else 1)


def _mean_magnitude(rows: jax.Array, count: Any) -> jax.Array:
    return jnp.abs(rows).sum() / jnp.maximum(jnp.asarray(count, rows.dtype), 1)


def _exchange(leaves: list[jax.Array], owner_errors: list[jax.Array], axes: tuple[str, ...]) -> tuple[Any, Any, Any]:
    """Return the result, the error of this worker and that of the slices which it owns, each for all leaves."""
    if not any(leaf.size for leaf in leaves):
        return leaves, leaves, owner_errors
    workers = count_shards(axes)
    rows = [as_rows(q, workers) for q in leaves]
    signs = [find_signs(row, axes) for row in rows]
    scales = [_mean_magnitude(row, _count_real(q)) for row, q in zip(rows, leaves)]
    sent = [from_rows(_apply_signs(sign, scale), q) for sign, scale, q in zip(signs, scales, leaves)]
    error = list(map(jnp.subtract, leaves, sent))

    received = send_to_owners([(sign,) for sign in signs], axes)
    all_scales = _gather_numbers(scales, axes)
    answers, answer_scales, new_owner_errors = [], [], []
    for (sign,), scale, owner_error, q in zip(received, all_scales, owner_errors, leaves):
        is_real = jnp.arange(owner_error.size, dtype=jnp.int32) < count_owned(q, axes)
        mean = jnp.where(is_real, _apply_signs(sign, scale[:, None]).mean(axis=0) + owner_error, 0)
        answer_scale = _mean_magnitude(mean, count_owned(q, axes))
        answer = mean >= 0
        answers.append((answer,))
        answer_scales.append(answer_scale)
        new_owner_errors.append(jnp.where(is_real, mean - _apply_signs(answer, answer_scale), 0))

    result = [
        from_rows(_apply_signs(sign, scale[:, None]), q)
        for (sign,), scale, q in zip(send_to_all(answers, axes), _gather_numbers(answer_scales, axes), leaves)
    ]
    return result, error, new_owner_errors


def _apply_signs(signs: jax.Array, scale: jax.Array) -> jax.Array:
    return jnp.where(signs, scale, -scale)


def _gather_numbers(numbers: list[jax.Array], axes: tuple[str, ...]) -> list[jax.Array]:
    """Return the numbers of all workers, [workers] for each leaf, gathered together, in the widest of the dtypes."""
    wide = max((number.dtype for number in numbers), key=lambda dtype: jnp.finfo(dtype).bits)
    gathered = gather(jnp.stack([number.astype(wide) for number in numbers]), axes)
    return [gathered[:, index].astype(number.dtype) for index, number in enumerate(numbers)]


@equation_of(one_bit_mean)
def _(write: Writer, axis_name: Any) -> Expression:
    # One worker: q = d + e, c = mean(|q|) sign q, e = q - c. Several: c is averaged and sent back in the same way.
    error = write.fresh("e")
    q = write.line(write.fresh("q"), write.whole().plus(Expression(f"{error}_{{t-1}}")))
    sent = write.line(write.fresh("c"), rf"\operatorname{{mean}}(|{q}|) \operatorname{{sign}}({q})")
    write.line(error, q.plus(Expression(str(sent), negative=True)))
    if axis_name is None:
        return sent
    owner_error = write.fresh(r"\tilde e")
    mean = Expression(rf"\operatorname{{mean}}_w({sent})", "product").plus(Expression(f"{owner_error}_{{t-1}}"))
    p = write.line(write.fresh("p"), mean)
    answer = write.line(write.fresh("a"), rf"\operatorname{{mean}}(|{p}|) \operatorname{{sign}}({p})")
    write.line(owner_error, p.plus(Expression(str(answer), negative=True)))
    return answer
