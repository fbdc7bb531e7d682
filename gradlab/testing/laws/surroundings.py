"""Laws of surroundings: global random numbers, the environment and settings are neither changed nor used."""

from __future__ import annotations

import random
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..inputs.trees import sample
from ..subjects.gaps import describe_gap, describe_mismatch
from ..subjects.programs import Program, require_same_program, trace_first_step
from ..subjects.subject import Subject
from ..subjects.surroundings import list_changes, restore_surroundings, take_snapshot
from ..verdicts.law import Broken, law, require


@law(
    "making and using it leaves global random numbers, environment variables and settings as they were",
    meaning="It seeds or draws from random or np.random, or sets an environment variable, a setting of JAX, a warning "
    "filter or the level of logging, which changes other code of the program. Use a key in the state, and leave "
    "settings to the user, or set them in a context manager.",
)
def surroundings_untouched(subject: Subject) -> None:
    with restore_surroundings():
        before = subject.surroundings or take_snapshot()
        tx = subject.tx if subject.remake is None else subject.make_again()
        params = sample(subject.pair)
        state = tx.init(params)
        tx.update(sample(subject.pair, seed=1), state, params, **subject.extra)
        changes = list_changes(before, take_snapshot())
    require(not changes, f"these were changed: {', '.join(changes)}")


@law(
    "the seeds of Python's and NumPy's global random numbers change nothing",
    meaning="It draws from random or np.random, perhaps when it is made. Two equal runs then differ. Take a seed as an "
    "argument, and make a key of it with jax.random.key.",
)
def surroundings_unused(subject: Subject) -> None:
    arguments = sample(subject.network, seed=1), sample(subject.network)
    with restore_surroundings():
        first, second = (_trace_seeded(subject, seed, arguments) for seed in (0, 1))
    require_same_program(
        first, second, arguments, "with other seeds of random and np.random, the same arguments give a different result"
    )


def _trace_seeded(subject: Subject, seed: int, arguments: tuple[Any, Any]) -> Program:
    random.seed(seed)
    np.random.seed(seed)
    tx = subject.tx if subject.remake is None else subject.make_again()
    return trace_first_step(tx, *arguments, subject.extra)


@law(
    "with x64 switched on, float32 leaves keep float32 updates and moments, and get the same numbers",
    meaning="An array is made without a dtype (jnp.zeros(p.shape), jnp.asarray(0.9)), which is float64 with x64. "
    "Moments then take twice the memory, and updates promote the parameters. Use jnp.zeros_like, and Python numbers.",
)
def x64_changes_nothing(subject: Subject) -> None:
    _require_float32_with_x64(subject)
    arguments = sample(subject.pair, seed=1), sample(subject.pair)
    programs = {}
    for is_on in (False, True):
        with jax.enable_x64(is_on):
            tx = subject.tx if subject.remake is None else subject.make_again()
            programs[is_on] = trace_first_step(tx, *arguments, subject.extra)
    if programs[True].is_stochastic or programs[True].text == programs[False].text:
        return  # a draw depends on the dtype of its bits
    results = {}
    for is_on, program in programs.items():
        with jax.enable_x64(is_on):
            results[is_on] = program.run(arguments).updates
    if place := describe_gap(results[True], results[False], "float32", factor=10.0):
        raise Broken(f"with x64, the first update is another one at {place}")


def _require_float32_with_x64(subject: Subject) -> None:
    """Raise `Broken` unless updates and moments are float32. Without x64, JAX takes float64 for float32."""
    params, gradient = sample(subject.network), sample(subject.network, seed=1)
    shapes = {
        leaf.shape for leaf in jax.tree.leaves(params)
    } - subject.scalar_shapes  # a count or a product may be float64
    where = "for float32 parameters, with x64 switched on"
    with jax.enable_x64(True):
        state = jax.eval_shape(subject.tx.init, params)
        updates, after = jax.eval_shape(subject.update, gradient, state, params)
        if place := subject.describe_state_mismatch(after, state):
            raise Broken(f"{where}, the state from update differs from that of init at {place}")
        if place := describe_mismatch(_drop_weak_types(updates), _drop_weak_types(gradient)):
            raise Broken(f"{where}, the updates differ from the gradients at {place}")
        for path, leaf in jax.tree_util.tree_leaves_with_path(state):
            if leaf.shape in shapes and leaf.dtype in (jnp.float64, jnp.complex128):
                raise Broken(f"{where}, the state at {jax.tree_util.keystr(path)} is {leaf.dtype}")


def _drop_weak_types(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)
