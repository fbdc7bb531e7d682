"""`reset_state`, which lets the state of some parameters start anew."""

from __future__ import annotations

from typing import Any

import jax

from ..core.base import Transformation
from ..selectors.base import as_selector
from ..selectors.leaves import read_leaves, show_path
from .argument_order import refuse_exchanged, require_optimizer_first
from .counters import is_weight
from .named_arrays import name_arrays
from .named_leaves import SCHEDULE_STEP, NamedLeaf


def reset_state(tx: Transformation, state: Any, params: Any, where: Any, *, keep_counters: bool = False) -> Any:
    """Return a state in which the arrays of some parameters are as `tx.init(params)` gives them, and others go on.

    `where` chooses the parameters: a selector such as `gl.path("head/**")`, a pattern, a tree of booleans, or a
    function of path and leaf. `params` are the parameters now, perhaps with a layer that was initialized anew.

    Schedules go on, since they count the steps of the run. A weight of running means, as in a bias correction, is one
    for all parameters of its group. It starts anew if all of them are chosen. If only some are, their moments of zero
    would be corrected as if they had seen all steps, which makes the next steps of Adam more than 6 times too large. So
    a ValueError is raised then, which says how to give these parameters a group of their own. With `keep_counters`,
    such weights stay as they are.

    Raises ValueError if nothing is chosen, or if `state` is not one of `tx` for these parameters.

    >>> tx, params = gl.sgd(0.1, momentum=0.9), {"body": jnp.zeros(2), "head": jnp.zeros(2)}
    >>> _, state = tx.update({"body": jnp.ones(2), "head": jnp.ones(2)}, tx.init(params))
    >>> state = gl.reset_state(tx, state, params, "head")
    >>> print(state[0].moment["body"], state[0].moment["head"])
    [1. 1.] [0. 0.]
    """
    require_optimizer_first("reset_state(tx, state, params, where)", tx, state, params, where)
    refuse_exchanged("reset_state(tx, state, params, where)", tx, params, state)
    leaves = read_leaves(params)
    paths = [show_path(leaf.path) if leaf.path else "" for leaf in leaves]
    chosen = {path for path, on in zip(paths, as_selector(where, "where").choose(leaves), strict=True) if on}
    if not chosen:
        raise ValueError(f"reset_state: {where!r} chooses none of the parameters {', '.join(paths)}")
    names, initial = name_arrays(tx, state, params), jax.tree.leaves(tx.init(params))
    begins = [_begins_anew(leaf, names, chosen) for leaf in names]
    shared = dict.fromkeys(leaf.name for leaf, anew in zip(names, begins, strict=True) if anew is None)
    if shared and not keep_counters:
        raise ValueError(
            f"reset_state: {', '.join(shared)} belongs to parameters that are reset and to others that go on, so the "
            f"new moments would be corrected as if they had seen all steps. Give the first a group of their own, with "
            f"gl.partition((where, tx), default=tx) and gl.state_from_dict, or pass keep_counters=True"
        )
    arrays = zip(jax.tree.leaves(state), initial, begins, strict=True)
    return jax.tree.unflatten(jax.tree.structure(state), [new if anew else old for old, new, anew in arrays])


def _begins_anew(leaf: NamedLeaf, names: list[NamedLeaf], chosen: set[str]) -> bool | None:
    """Return whether an array starts anew, or None for a weight that belongs to some parameters which do not."""
    if leaf.parameter:
        return leaf.parameter in chosen
    if not is_weight(leaf):
        return "" in chosen and leaf.field != SCHEDULE_STEP  # the parameters are a single array
    holder = leaf.link.rpartition("/")[0]
    beside = {other.parameter for other in names if other.link.startswith(f"{holder}/" if holder else "")} - {""}
    if beside.isdisjoint(chosen):
        return "" in chosen
    return True if beside <= chosen else None
