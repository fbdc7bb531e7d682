"""Workers of a data-parallel run on one device: `jax.vmap` with a named axis, and what they compute, in NumPy."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

AXIS = "data"


def run_workers(tx: Any, steps: Any) -> Any:
    """Return the updates [step, worker, ...] and the last state [worker, ...] for directions [step, worker, ...]."""

    def one(directions: Any) -> Any:
        def step(state: Any, direction: Any) -> Any:
            updates, state = tx.update(direction, state)
            return state, updates

        state, updates = jax.lax.scan(step, tx.init(jax.tree.map(lambda d: d[0], directions)), directions)
        return updates, state

    mapped = jax.jit(jax.vmap(one, in_axes=1, out_axes=(1, 0), axis_name=AXIS))
    return jax.tree.map(np.asarray, mapped(jax.tree.map(jnp.asarray, steps)))


def count_votes(directions: Any, zeros: str = "alternate", ties: str = "zero") -> Any:
    """Return the result of the votes [...] of directions [worker, ...]."""
    signs = np.nan_to_num(np.sign(directions))
    if zeros != "abstain":
        sent = np.ones(len(signs)) if zeros == "plus" else (-1.0) ** np.arange(len(signs))
        signs = np.where(signs == 0, sent.reshape(-1, *[1] * (signs.ndim - 1)), signs)
    total = signs.sum(axis=0)
    return np.where((total == 0) & (ties == "plus"), 1.0, np.sign(total))


def mean_in_one_bit(steps: Any) -> Any:
    """Return the results [step, ...] of the exchange in one bit, for the directions [step, worker, ...] of one leaf."""
    workers, shape = steps.shape[1], steps.shape[2:]
    size = math.prod(shape)
    length = 8 * math.ceil(size / (8 * workers))
    errors, owner_errors = np.zeros((workers, size)), [np.zeros(0)] * workers
    results = []
    for step in steps:
        q = step.reshape(workers, size) + errors
        signs = np.where(q == 0, (-1.0) ** np.arange(workers)[:, None], np.sign(q))
        sent = signs * np.abs(q).mean(axis=1, keepdims=True)
        errors = q - sent
        mean, result = sent.mean(axis=0), np.zeros(size)
        for owner in range(workers):
            part = slice(min(owner * length, size), min((owner + 1) * length, size))
            p = mean[part] + (owner_errors[owner] if owner_errors[owner].size else 0.0)
            result[part] = np.where(p >= 0, 1.0, -1.0) * np.abs(p).mean() if p.size else 0.0
            owner_errors[owner] = p - result[part]
        results.append(result.reshape(shape))
    return np.stack(results)
