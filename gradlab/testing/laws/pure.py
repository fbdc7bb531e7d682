"""Laws of purity: the same inputs give the same outputs, inputs stay untouched, and no buffer is shared."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ...boundary import have_same_structure
from ..law import Broken, law, require
from ..subject import Subject, find_largest_gap
from ..trees import sample


@law(
    "the same inputs give exactly the same outputs",
    meaning="It remembers something outside its state, such as a Python counter, a list, a global variable, the clock "
    "or an unseeded random number. Keep it in the state that init returns.",
)
def pure(subject: Subject) -> None:
    shapes = subject.network
    params, gradient = sample(shapes), sample(shapes, seed=1)
    first_state, second_state = subject.tx.init(params), subject.tx.init(params)
    _require_equal(
        first_state, second_state, "init was called twice with the same parameters and returned different states"
    )
    first = subject.update(gradient, first_state, params)
    second = subject.update(gradient, first_state, params)
    _require_equal(first, second, "update was called twice with the same arguments and returned different results")
    after = subject.update(sample(shapes, seed=2), first[1], params)
    del after
    third = subject.update(gradient, first_state, params)
    _require_equal(
        first, third, "after a call with other arguments, update returned a different result for the same arguments"
    )


@law(
    "init and update do not change their arguments",
    meaning="It writes into a container or a NumPy array that was passed in. Build a new one instead.",
)
def inputs_untouched(subject: Subject) -> None:
    shapes = subject.network
    params, gradient = (jax.tree.map(np.array, sample(shapes, seed=seed)) for seed in (0, 1))
    originals = jax.tree.map(np.copy, (params, gradient))
    state = subject.tx.init(params)
    leaves, before = jax.tree.leaves(state), jax.tree.map(lambda _: 0, state)
    original_leaves: Any = [np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
    subject.update(gradient, state, params)
    _require_equal(
        (params, gradient), originals, "the parameters or gradients that were passed in were changed by the call"
    )
    require(
        have_same_structure(state, before),
        "the state that was passed in was changed: its structure differs after update",
    )
    _require_equal(jax.tree.leaves(state), original_leaves, "the state that was passed in was changed by update")


@law(
    "init shares no buffer with the parameters",
    meaning="The state holds the parameters themselves, so a step that donates both buffers fails or corrupts them. "
    "Copy them in init with jnp.copy.",
)
def unaliased(subject: Subject) -> None:
    params = sample(subject.small)
    owned = {_buffer(leaf): jax.tree_util.keystr(path) for path, leaf in jax.tree_util.tree_leaves_with_path(params)}
    for init in (subject.tx.init, jax.jit(subject.tx.init)):
        for path, leaf in jax.tree_util.tree_leaves_with_path(init(params)):
            if isinstance(leaf, jax.Array) and _buffer(leaf) in owned and leaf.size:
                raise Broken(f"the state at {jax.tree_util.keystr(path)} is the same buffer as the parameter")


def _buffer(leaf: Any) -> Any:
    try:
        return leaf.unsafe_buffer_pointer()
    except Exception:  # typed random keys, and arrays on several devices, have no such pointer
        return id(leaf)


def _require_equal(left: Any, right: Any, what: str) -> None:
    if not have_same_structure(left, right):
        raise Broken(f"{what}: the structures differ")
    gap, _, place = find_largest_gap(_plain(left), _plain(right))
    if gap > 0:
        raise Broken(f"{what}, at {place}")


def _plain(tree: Any) -> Any:
    def plain(leaf: Any) -> Any:
        if isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.key_data(leaf)
        return leaf

    return jax.tree.map(plain, tree)
