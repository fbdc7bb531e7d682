"""Laws of buffers: parameters and state may be donated, because no two of their arrays share a buffer."""

from __future__ import annotations

from typing import Any

import jax

from ..inputs.trees import sample
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law


@law(
    "init shares no buffer with the parameters",
    meaning="The state holds the parameters themselves, so a step that donates both buffers fails or corrupts them. "
    "Copy them in init with jnp.copy.",
)
def unaliased(subject: Subject) -> None:
    params = sample(subject.small)
    owned = _list_buffers(params)
    for init in (subject.tx.init, jax.jit(subject.tx.init)):
        for buffer, place in _list_buffers(init(params)).items():
            if buffer in owned:
                raise Broken(f"the state at {place[0]} is the same buffer as the parameter")


@law(
    "parameters and state may be donated: each array of the state has its own buffer, and nothing keeps it",
    meaning="One array of zeros serves two moments or two calls of init, or an array of an earlier call is kept "
    "outside the state. A compiled step that donates its arguments (jax.jit with donate_argnums) then fails. "
    "Make each moment with its own jnp.zeros_like, and keep arrays in the state only.",
)
def donatable(subject: Subject) -> None:
    params = sample(subject.pair)
    state, other = subject.tx.init(params), subject.tx.init(params)
    own, others = _list_buffers(state), _list_buffers(other)
    if own.keys() & _list_buffers(params).keys():
        raise NotApplicable("its state shares buffers with the parameters, which the law 'unaliased' is about")
    for buffer, places in own.items():
        if len(places) > 1:
            raise Broken(f"the state from init has the same buffer at {places[0]} and at {places[1]}")
        if buffer in others:
            raise Broken(f"two calls of init return the same buffer at {places[0]}")
    for step in range(3):
        gradient, next_params = sample(subject.pair, seed=1 + step), jax.tree.map(lambda leaf: leaf.copy(), params)
        try:
            updates, next_state = subject.update(gradient, state, params)
            _delete((params, state), kept=(updates, next_state))
        except RuntimeError as error:
            if "deleted" not in str(error):
                raise
            raise Broken(f"update at step {step} uses an array of an earlier call that was donated: {error}") from error
        params, state = next_params, next_state


def _list_buffers(tree: Any) -> dict[Any, list[str]]:
    """Return the paths of the arrays that use a buffer, by its address."""
    places: dict[Any, list[str]] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if isinstance(leaf, jax.Array) and leaf.size:
            places.setdefault(_address(leaf), []).append(jax.tree_util.keystr(path) or "its only leaf")
    return places


def _address(leaf: Any) -> Any:
    try:
        return leaf.unsafe_buffer_pointer()
    except Exception:  # typed random keys, and arrays on several devices, have no such pointer
        return id(leaf)


def _delete(donated: Any, kept: Any) -> None:
    """Delete the arrays that a compiled step would have reused: those that no result shares."""
    shared = _list_buffers(kept)
    for leaf in jax.tree.leaves(donated):
        if isinstance(leaf, jax.Array) and leaf.size and _address(leaf) not in shared:
            leaf.delete()
