"""Laws of sameness: equal results with and without jit, in `scan`, under `vmap`, sharded, as shapes, and exported."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...compilation.fast_compilation import jit_fast
from ..inputs.trees import sample, samples
from ..subjects.gaps import describe_mismatch
from ..subjects.programs import as_plain, is_key
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law
from .finite_numbers import require_finite


@law(
    "a compiled run equals an uncompiled run",
    meaning="It has state in Python variables, or a side effect that a compiled program runs only once. Or its state "
    "is in half precision, which a compiled program rounds at other places.",
)
def jit_equals_eager(subject: Subject) -> None:
    """Updates must be finite to be compared: NaN equals NaN in all comparisons, of other laws, too."""
    gradients, params = samples(subject.pair), sample(subject.pair)
    as_users = jax.jit(subject.update)  # with XLA's own options: the other laws compile with faster ones
    plain, compiled = (subject.run(update, gradients, params) for update in (subject.update, as_users))
    for step, updates in enumerate(plain):
        require_finite(updates, f"for ordinary gradients, update {step} (counted from 0)")
    _require_same(subject, plain, compiled, "uncompiled and compiled")


@law(
    "steps in jax.lax.scan equal steps in a Python loop",
    meaning="The state changes its structure or dtype, or depends on Python variables.",
)
def scan_equals_loop(subject: Subject) -> None:
    def scan(gradients, params):
        def step(carry, gradient):
            params, state = carry
            updates, state = subject.update(gradient, state, params)
            params = jax.tree.map(lambda p, u: (p + u).astype(p.dtype), params, updates)
            return (params, state), updates

        return jax.lax.scan(step, (params, subject.tx.init(params)), gradients)[1]

    jax.eval_shape(scan, _stack(samples(subject.network)), sample(subject.network))
    gradients, params = samples(subject.pair), sample(subject.pair)
    scanned = jit_fast(scan)(_stack(gradients), params)
    unstacked = [_take_lane(scanned, step) for step in range(len(gradients))]
    _require_same(subject, unstacked, subject.run(subject.jitted, gradients, params), "scan and loop")


@law(
    "runs under jax.vmap equal the same runs one by one",
    meaning="An axis is counted from the front, a reduction is taken over all runs, or it has state in Python "
    "variables.",
)
def vmap_equals_loop(subject: Subject) -> None:
    """One program has `init` and one step from a later state: two steps would take twice as long to compile."""
    lanes = []
    for lane in range(3):
        gradient, params = sample(subject.network, seed=20 + lane), sample(subject.network, seed=lane)
        lanes.append((gradient, subject.jitted(gradient, subject.start(params), params)[1], params))

    def step(gradient, state, params):
        return subject.tx.init(params), *subject.update(gradient, state, params)

    mapped = jit_fast(jax.vmap(step))(*_stack(lanes))
    for lane, (gradient, state, params) in enumerate(lanes):
        first_state, (updates, after) = subject.start(params), subject.jitted(gradient, state, params)
        parts = {"the state from init": first_state, "the update": updates, "the state from update": after}
        for (name, expected), got in zip(parts.items(), _take_lane(mapped, lane), strict=True):
            if place := subject.describe_gap(got, as_plain(expected)):
                raise Broken(f"for lane {lane} of 3, mapped and separate runs differ in {name}, {place}")


def _stack(trees: list[Any]) -> Any:
    """Return the trees as one, with a new first axis, in NumPy, which compiles nothing."""
    return jax.tree.map(lambda *leaves: (jnp if is_key(leaves[0]) else np).stack(leaves), *trees)


def _take_lane(tree: Any, lane: int) -> Any:
    return jax.tree.map(lambda leaf: np.asarray(leaf)[lane], as_plain(tree))


@law(
    "a run on sharded arrays equals the run on one device",
    meaning="A reduction is taken over one device's part only, or it has state in Python variables.",
)
def sharded_equals_unsharded(subject: Subject) -> None:
    devices = np.array(jax.devices())
    if devices.size < 2:
        raise NotApplicable("there is only one device; XLA_FLAGS=--xla_force_host_platform_device_count=8 makes eight")
    mesh = jax.sharding.Mesh(devices, ("data",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    shapes = subject.long if 64 % devices.size == 0 else (2 * devices.size, *subject.long[1:])
    params, gradient = sample(shapes), sample(shapes, seed=1)
    expected = subject.jitted(gradient, subject.start(params), params)[0]
    there = jax.device_put((gradient, params), sharding)
    got = jit_fast(lambda g, p: subject.update(g, subject.tx.init(p), p)[0])(*there)
    _require_same(subject, [got], [expected], "sharded and unsharded")


@law(
    "init works on shapes alone, without values",
    meaning="init reads the values of the parameters. Use only their shapes and dtypes.",
)
def abstract_init(subject: Subject) -> None:
    """The state for shapes is compared with that of a compiled call, and for two vectors with an uncompiled one."""
    for params, init in ((sample(subject.network), subject.start), (sample(subject.pair), subject.tx.init)):
        abstract, concrete = jax.eval_shape(subject.tx.init, params), init(params)
        place = describe_mismatch(jax.eval_shape(lambda state=concrete: state), abstract)
        if place:
            raise Broken(f"the state from values differs from the state from shapes at {place}")


@law(
    "it can be exported for cpu, cuda and tpu",
    meaning="It uses an operation that exists on one platform only, or a callback to Python.",
)
def exports(subject: Subject) -> None:
    params, gradient = sample(subject.small), sample(subject.small, seed=1)
    state = subject.tx.init(params)
    exported = jax.export.export(jax.jit(subject.update), platforms=("cpu", "cuda", "tpu"))(gradient, state, params)
    if exported.platforms != ("cpu", "cuda", "tpu"):
        raise Broken(f"it was exported for {exported.platforms} only")


def _require_same(subject: Subject, left: list[Any], right: list[Any], what: str) -> None:
    for step, (here, there) in enumerate(zip(left, right, strict=True)):
        place = subject.describe_gap(here, there)
        if place:
            raise Broken(f"{what} runs differ at step {step}, {place}")
