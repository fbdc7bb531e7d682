"""Durable: a state survives every kind of storage, and training resumes bit for bit."""

from __future__ import annotations

import importlib.util
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

from ..law import Broken, NotApplicable, law
from ..subject import TREES, Subject, largest_gap, sample, samples

_MEANING = (
    "the state holds something that is not an array in a plain container (a function, an object, a Python number), "
    "or part of it is kept elsewhere"
)


@law("a pickled state resumes bit for bit", meaning=_MEANING)
def pickled_state_resumes(subject: Subject) -> None:
    _require_resumes(subject, lambda state: pickle.loads(pickle.dumps(jax.tree.map(_host, state))), "pickle")
    if subject.value is not None and pickle.loads(pickle.dumps(subject.value)) != subject.value:
        raise Broken("the transformation itself, unpickled, is not equal to what was pickled")


@law("a state stored by Flax's msgpack resumes bit for bit", meaning=_MEANING)
def msgpack_state_resumes(subject: Subject) -> None:
    if importlib.util.find_spec("flax") is None:
        raise NotApplicable("Flax is not installed")
    from flax import serialization

    def through_msgpack(state: Any) -> Any:
        stored = serialization.msgpack_serialize(serialization.to_state_dict(jax.tree.map(np.asarray, state)))
        return serialization.from_state_dict(state, serialization.msgpack_restore(stored))

    _refuse_keys(subject)
    _require_resumes(subject, through_msgpack, "msgpack")


@law("a state stored by Orbax resumes bit for bit", meaning=_MEANING)
def orbax_state_resumes(subject: Subject) -> None:
    if importlib.util.find_spec("orbax") is None or importlib.util.find_spec("orbax.checkpoint") is None:
        raise NotApplicable("Orbax is not installed")
    import orbax.checkpoint as ocp

    def through_orbax(state: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder, ocp.PyTreeCheckpointer() as store:
            store.save(Path(folder) / "state", state)
            targets = jax.tree.map(ocp.utils.to_shape_dtype_struct, state)
            arguments = ocp.args.PyTreeRestore(
                targets, restore_args=ocp.checkpoint_utils.construct_restore_args(targets)
            )
            restored = store.restore(Path(folder) / "state", args=arguments)
            return jax.tree.map(_host, restored)

    if not jax.tree.leaves(subject.tx.init(sample(TREES["one vector"]))):
        raise NotApplicable("its state holds no array to store")
    _require_resumes(subject, through_orbax, "Orbax")


@law(
    "another instance goes on from a state as the one that made it",
    meaning="something that an instance learns in its first calls (a flag, a buffer, a count) is kept outside of the "
    "state; a new process that resumes does not have it",
)
def new_instance_resumes(subject: Subject) -> None:
    if subject.remake is None:
        raise NotApplicable("it cannot be made anew: pass the factory and its arguments instead")
    shapes = TREES["one vector"]
    params, gradients = sample(shapes), samples(shapes, steps=3)
    _, state = subject.update(gradients[0], subject.tx.init(params), params)
    other, resumed = optax.with_extra_args_support(subject.remake(subject.hyperparameters)), state
    for gradient in gradients[1:]:
        expected, state = subject.update(gradient, state, params)
        found, resumed = other.update(gradient, resumed, params, **subject.extra)
        gap, _, place = largest_gap(found, expected)
        if gap > 0:
            raise Broken(f"the next update of a new instance differs at {place}")


def _require_resumes(subject: Subject, store: Callable[[Any], Any], how: str) -> None:
    shapes = TREES["one vector"]
    params, gradients = sample(shapes), samples(shapes, steps=4)
    state = subject.tx.init(params)
    for gradient in gradients[:2]:
        _, state = subject.jitted(gradient, state, params)
    try:
        restored = store(state)
    except Exception as error:
        raise Broken(f"{how} cannot store the state: {type(error).__name__}: {error}") from error
    for gradient in gradients[2:]:
        updates, state = subject.jitted(gradient, state, params)
        resumed, restored = subject.jitted(gradient, restored, params)
        gap, _, place = largest_gap(resumed, updates)
        if gap > 0:
            raise Broken(f"after {how} the next update differs at {place}")


def _host(leaf: Any) -> Any:
    is_key = isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return leaf if is_key or not isinstance(leaf, jax.Array) else np.asarray(leaf)


def _refuse_keys(subject: Subject) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(subject.tx.init(sample(TREES["one vector"]))):
        if isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            raise Broken(f"the state at {jax.tree_util.keystr(path)} is a typed random key, which cannot be stored")
