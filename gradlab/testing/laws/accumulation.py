"""Claims of accumulators, which collect the gradients of k micro-batches and then take one step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl

from ...compilation.fast_compilation import jit_fast
from ...schedules.decay import inverse_time
from ..inputs.trees import sample
from ..subjects.gaps import describe_gap
from ..subjects.subject import Subject
from ..verdicts.law import Broken, ClaimValue, is_count, law
from .micro_batches import CYCLES, MISTAKES, Accumulation, combine, draw_parts, read_accumulation
from .state_parts import find_parts

_LATE = 2400  # micro-batches: float16 counts to 2048, and an int8 to 127
_COUNT = "the number of micro-batches, an integer of at least 1"


@law(
    "k micro-batches give the same update as one batch",
    meaning="The sum is not divided by k, the step is one micro-batch too early or late, a micro-batch is lost, or the "
    "inner optimizer advances at each micro-batch.",
    claimed=True,
    value=ClaimValue(
        f"{_COUNT}, or a pair of it and the inner transformation",
        "4",
        lambda value: read_accumulation(value) is not None,
    ),
)
def accumulates(subject: Subject) -> str | None:
    """Without the inner transformation, k different parts are compared with k equal parts of the same mean.

    The claim is k, a pair of k and the inner transformation, or a dict with `k` and any of these: `inner`; `wrap`, the
    function that makes the accumulator of an inner transformation; `sum`, True if it sums; and `size`, the name of the
    extra argument of `update` that gives the size of a micro-batch, by which the mean is then weighted.
    """
    claim = read_accumulation(subject.claims["accumulates"])
    assert claim is not None
    run = _Run(subject, subject.tx, claim)
    parts, sizes = draw_parts(subject.network, claim)
    emitted, states = run.updates(parts, sizes)
    _require_stillness(emitted, claim.k)
    open_question = _require_late_cycles(subject, claim)
    batches = [combine(parts, sizes, i, claim) for i in range(CYCLES)]
    if claim.inner is not None:
        _require_same_as_whole(run, claim.inner, parts, sizes, emitted, states)
    elif claim.k > 1 and claim.wrap is None:
        equal = [
            jax.tree.map(lambda m: m / (claim.k if claim.is_sum else 1), b) for b in batches for _ in range(claim.k)
        ]
        whole = run.updates(equal, [float(np.mean(sizes))] * len(equal))[0]
        for cycle in range(CYCLES):
            place = describe_gap(emitted[_last(cycle, claim.k)], whole[_last(cycle, claim.k)], "float32")
            if place:
                raise Broken(
                    f"batch {cycle} in {claim.k} different parts and in {claim.k} equal parts gives different updates, "
                    f"{place}"
                )
    if claim.wrap is not None:
        # The rate counts updates, the momentum and the decay of the weights show a state or parameters of another step.
        probe = gl.chain(
            gl.scale_by_momentum(0.5), gl.add_decayed_weights(0.1), gl.scale_by_learning_rate(inverse_time(0.5))
        )
        wrapped = _Run(subject, optax.with_extra_args_support(claim.wrap(probe)), claim)
        results = wrapped.updates(parts, sizes)
        _require_stillness(results[0], claim.k)
        _require_same_as_whole(wrapped, probe, parts, sizes, *results)
    elif claim.inner is None:
        more = "" if open_question is None else f", and {open_question}"
        return (
            "whether it divides by k or by another number, whether the inner optimizer's state and schedule "
            f"advance once in {claim.k} micro-batches{more}. Pass the inner transformation: "
            f'claims={{"accumulates": ({claim.k}, inner)}}'
        )
    return None


@law(
    "nothing moves until k micro-batches are complete, even with a NaN among them",
    meaning="It multiplies the update by zero, but NaN times zero is NaN. Use jnp.where.",
    claimed=True,
    value=ClaimValue(_COUNT, "4", is_count),
)
def still_between_steps(subject: Subject) -> None:
    k = int(subject.claims["still between steps"])
    params = sample(subject.network)
    sick = [jax.tree.map(lambda p: jnp.full_like(p, jnp.nan), params)]
    state = subject.tx.init(params)
    for i, part in enumerate([*sick, *(sample(subject.network, seed=30 + i) for i in range(k - 2))][: k - 1]):
        updates, state = subject.jitted(part, state, params)
        place = find_motion(updates)
        if place:
            raise Broken(
                f"with a NaN in the first micro-batch, micro-batch {i + 1} of {k} moves the parameters: {place}"
            )


class _Run:
    """An accumulator, run on micro-batches."""

    def __init__(self, subject: Subject, tx: Any, claim: Accumulation):
        self.subject, self.tx, self.claim = subject, tx, claim
        is_shared = tx is subject.tx and claim.size is None
        self._update = subject.jitted if is_shared else jit_fast(self._call)

    def _call(self, updates: Any, state: Any, params: Any, size: Any = None) -> Any:
        extra = dict(self.subject.extra) | ({} if self.claim.size is None else {self.claim.size: size})
        return self.tx.update(updates, state, params, **extra)

    def updates(self, parts: list[Any], sizes: list[float]) -> tuple[list[Any], list[Any]]:
        """Return the updates and the states after each micro-batch. The parameters move with the updates."""
        params, emitted, states = sample(self.subject.network), [], []
        state = self.tx.init(params)
        for part, size in zip(parts, sizes, strict=True):
            arguments = () if self.claim.size is None else (jnp.float32(size),)
            updates, state = self._update(part, state, params, *arguments)
            params = jax.tree.map(lambda p, u: p + u, params, updates)
            emitted.append(updates)
            states.append(state)
        return emitted, states


def _require_stillness(emitted: list[Any], k: int) -> None:
    for i, updates in enumerate(emitted):
        place = find_motion(updates)
        if (i + 1) % k and place:
            raise Broken(f"micro-batch {i % k + 1} of {k} moves the parameters, but only the last may: {place}")


def _require_late_cycles(subject: Subject, claim: Accumulation) -> str | None:
    """Require that it moves only at the last of k micro-batches, after thousands of them as well.

    Return what remained open: whether it moves there at all can only be said if the inner transformation is known,
    because a schedule may have ended.
    """
    if claim.size is not None:
        return None
    lengths = _measure_moves(subject, subject.tx, _LATE // claim.k * claim.k, 1)
    if not np.all(np.isfinite(lengths)):
        at = int(np.isfinite(lengths).argmin())
        raise Broken(f"micro-batch {at + 1} moves the parameters by {lengths[at]}, though all gradients are finite")
    moves, expected = lengths > 0, np.arange(1, lengths.size + 1) % claim.k == 0
    wrong = moves & ~expected
    if claim.inner is not None:
        inner = optax.with_extra_args_support(claim.inner)
        expected[expected] = _measure_moves(subject, inner, _LATE // claim.k, claim.k) > 0
        wrong = moves != expected
    elif moves.any() and lengths[moves][-1] > 0.1 * lengths[moves].max():
        wrong = moves != expected  # a schedule that ends makes the last updates small
    if np.any(wrong):
        at = int(np.argmax(wrong))
        verb = "moves the parameters" if moves[at] else "does not move the parameters"
        raise Broken(
            f"micro-batch {at + 1} {verb}, but with k = {claim.k}, it is number {at % claim.k + 1} of its batch. "
            "A counter has wrapped around, or stopped at the largest number of its dtype"
        )
    if np.any(expected & ~moves):
        return f"why nothing moves after micro-batch {int(np.argmax(expected & ~moves))}"
    return None


def _measure_moves(subject: Subject, tx: Any, count: int, stride: int) -> np.ndarray:
    """Return how far each of `count` calls of a transformation moves the parameters, in its largest element."""
    params = sample(subject.small)

    def step(state: Any, i: Any) -> Any:
        gradient = jax.tree.map(lambda p: jnp.cos(p + i), params)
        updates, state = tx.update(gradient, state, params, **subject.extra)
        return state, jnp.max(jnp.stack([jnp.max(jnp.abs(leaf)) for leaf in jax.tree.leaves(updates)]))

    numbers = jnp.arange(count, dtype=jnp.float32) * stride
    return np.array(jit_fast(lambda state: jax.lax.scan(step, state, numbers)[1])(tx.init(params)))


def _require_same_as_whole(
    run: _Run, inner: Any, parts: list[Any], sizes: list[float], emitted: list[Any], states: list[Any]
) -> None:
    """Require the updates and the inner state that the inner transformation has, on each batch as a whole."""
    claim = run.claim
    inner = _Inner(inner, run.subject)
    expected, inner_states = inner.run(parts, sizes, claim)
    got = [emitted[_last(cycle, claim.k)] for cycle in range(CYCLES)]
    for cycle in range(CYCLES):
        place = describe_gap(got[cycle], expected[cycle], "float32", factor=5.0)
        if place:
            cause = _name_cause(inner, parts, sizes, claim, got)
            raise Broken(
                f"batch {cycle} in {claim.k} parts and as a whole, without accumulation, gives different updates, "
                f"{place}{cause}"
            )
    start, count = inner_states[0], len(inner_states)
    if not jax.tree.leaves(start):
        return
    candidates = {path: [part] for path, part in find_parts(states[0], start)}
    for state in states[1:]:
        for path, part in find_parts(state, start):
            candidates.setdefault(path, []).append(part)
    gaps = {}
    for path, held in candidates.items():
        for i, part in enumerate(held):
            place = describe_gap(part, inner_states[min((i + 1) // claim.k, count - 1)], "float32", factor=5.0)
            if place:
                gaps[path] = f"after micro-batch {i + 1}, the inner state at {path} differs, {place}"
                break
        else:
            return
    if gaps:
        raise Broken(
            f"{next(iter(gaps.values()))}. The state of the inner transformation may change only when {claim.k} "
            "micro-batches are complete"
        )


class _Inner:
    """An inner transformation, run on whole batches."""

    def __init__(self, tx: Any, subject: Subject):
        self.tx, self.shapes = optax.with_extra_args_support(tx), subject.network
        self._update = jit_fast(lambda g, s, p: self.tx.update(g, s, p, **subject.extra))

    def run(
        self, parts: list[Any], sizes: list[float], claim: Accumulation, shares: Any = None
    ) -> tuple[list[Any], list[Any]]:
        """Return the updates, and the states, the initial one first. `shares` is how it takes the micro-batches."""
        params = sample(self.shapes)
        updates, states = [], [self.tx.init(params)]
        for cycle in range(CYCLES):
            change, state = self._update(combine(parts, sizes, cycle, claim, shares), states[-1], params)
            params = jax.tree.map(lambda p, u: p + u, params, change)
            updates.append(change)
            states.append(state)
        return updates, states


def _name_cause(inner: _Inner, parts: list[Any], sizes: list[float], claim: Accumulation, got: list[Any]) -> str:
    for name, shares in MISTAKES.items():
        if claim.k == 1:
            break
        updates, _ = inner.run(parts, sizes, claim, shares)
        if not any(describe_gap(here, there, "float32", factor=5.0) for here, there in zip(got, updates, strict=True)):
            return f". It computes exactly what the inner transformation makes of {name}"
    return ""


def _last(cycle: int, k: int) -> int:
    return (cycle + 1) * k - 1


def find_motion(updates: Any) -> str | None:
    """Return where an update is not zero, as text, or None."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(updates):
        numbers = np.asarray(leaf)
        if np.any(numbers != 0):
            where = tuple(map(int, np.argwhere(numbers != 0)[0])) if numbers.ndim else ()
            return f"the update at {jax.tree_util.keystr(path)}{list(where) or ''} is {numbers[where]:.6g}"
    return None
