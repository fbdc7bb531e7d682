"""The trajectory of a transformation beside that of its reference, first for a few steps and then for many.

The first steps are not compiled, and find most mutants. The law "same trajectory" does the same on a larger tree.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import references
from ..inputs.gradient_sequences import SEQUENCES, draw
from ..references.runner import displacements
from ..subjects.double_precision_runs import draw_start
from ..trajectories.argument_names import match_arguments
from ..trajectories.trajectory import LONG, STEPS, TOLERANCE, find_difference, make_plain
from ..trajectories.trajectory_difference import Paths, compare_paths
from .forms import Form
from .sources import Edited

_FIRST = 5  # the number of steps that are compared
TREE: dict[str, tuple[int, ...]] = {"b": (2, 3), "a": (6,), "c": (2, 3)}
_followers: dict[str, bool] = {}
_remembered: dict[str, list[Paths]] = {}


def leaves_reference(form: Form, factories: Edited) -> bool:
    """Return whether a form differs from its reference in its first steps, after an edit.

    False if there is no reference, and for a transformation that raises an error, for which another law is better.
    """
    if not follows_reference(form):
        return False
    try:
        return _leaves(form, form.make_edited(factories))
    except Exception:
        return False


def follows_reference(form: Form) -> bool:
    """Return whether a form as it is has a reference and follows it."""
    if str(form) not in _followers:
        _followers[str(form)] = form.reference is not None and not _leaves(form, form.make_original())
    return _followers[str(form)]


def _leaves(form: Form, tx: Any) -> bool:
    return any(_differs(sums, form) for sums in _run(tx))


def leaves_reference_later(form: Form, factories: Edited) -> bool:
    """Return whether a form differs from its reference at any step, also while the learning rate decays.

    True for a transformation that raises an error there, which `check` reports as a breach of that law.
    """
    if not follows_reference(form):
        return False
    step, tx = vars(references)[form.reference or ""], form.make_edited(factories)
    try:
        return find_difference(tx, step, STEPS, TOLERANCE, tuple(SEQUENCES), {}, long=LONG, shapes=TREE) is not None
    except Exception:
        return True


def _differs(sums: dict[str, np.ndarray], form: Form) -> bool:
    """Return whether the first steps of a run differ from those of the reference."""
    count = len(next(iter(sums.values()))[0])
    for index, (name, expected) in enumerate(zip(SEQUENCES, _run_reference(form), strict=True)):

        def follow(index: int = index) -> Paths:
            return _cut(_follow(form, index), count)

        own = {path: leaf[index] for path, leaf in sums.items()}
        if compare_paths(own, _cut(expected, count), follow, TOLERANCE, name) is not None:
            return True
    return False


def _cut(paths: Paths, count: int) -> Paths:
    return {path: leaf[:count] for path, leaf in paths.items()}


@functools.cache
def _draw_gradients() -> dict[str, np.ndarray]:
    """Return the gradients of all sequences, [sequences, steps, *shape] for each leaf."""
    drawn = draw(tuple(SEQUENCES), STEPS, TREE)
    return {path: drawn[path][:, :_FIRST] for path in sorted(TREE)}


def _run(tx: Any) -> Iterator[dict[str, np.ndarray]]:
    """Yield the sums of the updates so far, [sequences, steps + 1, *shape] for each leaf, after each step."""
    update, gradients = jax.vmap(tx.update), _draw_gradients()
    with jax.enable_x64(True):
        start = {p: jnp.broadcast_to(x, (len(SEQUENCES), *x.shape)) for p, x in draw_start(TREE).items()}
        point, state = start, jax.vmap(tx.init)(start)
        sums = [{path: np.zeros(leaf.shape) for path, leaf in start.items()}]
        for step in range(_FIRST):
            gradient = {path: jnp.asarray(leaf[:, step]) for path, leaf in gradients.items()}
            updates, state = update(gradient, state, point)
            point = {path: point[path] + updates[path] for path in point}
            sums.append({path: sums[-1][path] + np.asarray(updates[path]) for path in point})
            yield {path: np.stack([total[path] for total in sums], 1) for path in start}


def _run_reference(form: Form) -> list[Paths]:
    """Return the sums of a reference on each sequence."""
    if str(form) not in _remembered:
        _remembered[str(form)] = [_follow(form, index) for index in range(len(SEQUENCES))]
    return _remembered[str(form)]


def _follow(form: Form, index: int) -> Paths:
    """Run the reference on one sequence."""
    step = vars(references)[form.reference or ""]
    arguments = make_plain(step, match_arguments(step, form.make_original().arguments).values)
    start = {path: draw_start(TREE)[path] for path in sorted(TREE)}
    with np.errstate(all="ignore"):
        lane = {path: leaf[index] for path, leaf in _draw_gradients().items()}
        return displacements(step, start, lane, **arguments)
