"""Laws of storage: a stored state can be restored, and training resumes bit for bit."""

from __future__ import annotations

import importlib.util
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..inputs.trees import sample, samples
from ..subjects.gaps import find_largest_gap
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law

_MEANING = (
    "The state holds something other than arrays in plain containers (a function, an object, a Python number), or part "
    "of it is kept elsewhere. Keep only arrays in it, in tuples, dicts and named tuples."
)


@law("training resumes bit for bit from a pickled state", meaning=_MEANING)
def pickled_state_resumes(subject: Subject) -> None:
    _require_resumes(subject, lambda state: pickle.loads(pickle.dumps(jax.tree.map(_host, state))), "pickle")
    if subject.value is not None and pickle.loads(pickle.dumps(subject.value)) != subject.value:
        raise Broken("the transformation itself is not equal to its copy through pickle")


@law("training resumes bit for bit from a state stored by Flax's msgpack", meaning=_MEANING)
def msgpack_state_resumes(subject: Subject) -> None:
    if importlib.util.find_spec("flax") is None:
        raise NotApplicable("Flax is not installed")
    from flax import serialization

    def through_msgpack(state: Any) -> Any:
        stored = serialization.msgpack_serialize(serialization.to_state_dict(jax.tree.map(np.asarray, state)))
        return serialization.from_state_dict(state, serialization.msgpack_restore(stored))

    _require_no_keys(subject)
    _require_resumes(subject, through_msgpack, "msgpack")


@law("training resumes bit for bit from a state stored by Orbax", meaning=_MEANING)
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

    if not jax.tree.leaves(subject.tx.init(sample(subject.small))):
        raise NotApplicable("its state has no array to store")
    _require_resumes(subject, through_orbax, "Orbax")


def _require_resumes(subject: Subject, store: Callable[[Any], Any], how: str) -> None:
    shapes = subject.small
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
        gap, _, place = find_largest_gap(resumed, updates)
        if gap > 0:
            raise Broken(f"after {how} the next update differs at {place}")


def _host(leaf: Any) -> Any:
    is_key = isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return leaf if is_key or not isinstance(leaf, jax.Array) else np.asarray(leaf)


def _require_no_keys(subject: Subject) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(subject.tx.init(sample(subject.small))):
        if isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            raise Broken(f"the state at {jax.tree_util.keystr(path)} is a typed random key, which msgpack cannot store")
