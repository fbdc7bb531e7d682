"""The runner that turns a reference step into a trajectory, of one array or of a tree of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradlab.testing.references._arithmetic import Array, State, Step
from gradlab.testing.references.random_rounding import limit_steps, perturb

Leaves = dict[str, Array]  # the leaves of a tree by their paths, such as "output/kernel"


def whole_tree(step: Callable[..., tuple[Leaves, State]]) -> Callable[..., tuple[Leaves, State]]:
    """Mark a reference that computes with the whole tree, such as one that clips by the global norm.

    The decorated function gets the gradients `g` and the parameters `x` as dicts of arrays by path ("output/kernel"),
    and returns the change as such a dict. Without the decorator a reference gets one leaf at a time, with a state of
    its own.
    """
    step.is_whole_tree = True  # type: ignore[attr-defined]
    return step


def trajectory(
    step: Callable[..., Step] | Callable[..., tuple[Leaves, State]],
    x0: ArrayLike | Mapping[str, ArrayLike],
    gradients: Any,
    *,
    steps: int | None = None,
    **hyperparameters: Any,
) -> Any:
    """Return the points that `step` visits, an array `[steps + 1, *x0.shape]`. Each is the last one plus its change.

    `step` is a reference. `gradients` is an array `[steps, *x0.shape]`, or a function of $x$, which needs the number of
    `steps`. A hyperparameter that is callable is a schedule: at step $t$ it is evaluated at $t - 1$, so that it starts
    at 0. All is float64, or complex128 if anything is complex.

    `x0` may also be a tree of parameters, as a dict of arrays by path. The gradients are then such a dict (or a
    function that returns one), and so is the result. A reference moves each leaf by itself, unless it is marked with
    `whole_tree`.

    Raises ValueError if `steps` is missing for a function or contradicts an array, and if a gradient does not have the
    shape of `x0`.
    """
    points = _run(step, x0, gradients, steps, hyperparameters)[0]
    return points if isinstance(x0, Mapping) else points[""]


def displacements(
    step: Callable[..., Any], x0: Mapping[str, ArrayLike], gradients: Mapping[str, ArrayLike], **hyperparameters: Any
) -> Leaves:
    """Return the sums of the changes so far, $x_t - x_0$, of a tree: arrays `[steps + 1, *shape]` by path.

    They are exact where the changes are far smaller than the parameters, whose rounding `trajectory` includes.
    """
    return _run(step, x0, gradients, None, hyperparameters)[1]


def _run(
    step: Callable[..., Any], x0: Any, gradients: Any, steps: int | None, hyperparameters: Mapping[str, Any]
) -> tuple[Leaves, Leaves]:
    """Return the points and the sums of the changes, by path. An array is a tree with the path ""."""
    is_tree = isinstance(x0, Mapping)
    x: Leaves = {path: _double(leaf) for path, leaf in (x0.items() if is_tree else [("", x0)])}
    d: Leaves = {path: np.zeros_like(leaf) for path, leaf in x.items()}
    points, sums = [x], [d]
    state: State = {}
    sources = limit_steps(_list_sources(gradients if callable(gradients) or is_tree else {"": gradients}, steps, x))
    for t, source in enumerate(sources, start=1):
        g = _ask(source, x, is_tree) if callable(source) else source
        change, state = advance(step, perturb(g), state, t, x, evaluate(hyperparameters, t))
        change = {path: np.asarray(leaf) for path, leaf in change.items()}
        x = {path: leaf + change[path] for path, leaf in x.items()}
        d = {path: leaf + change[path] for path, leaf in d.items()}
        points.append(x)
        sums.append(d)
    stacked = [{path: np.stack([tree[path] for tree in trees]) for path in x} for trees in (points, sums)]
    return stacked[0], stacked[1]


def _list_sources(gradients: Any, steps: int | None, x: Leaves) -> list[Any]:
    """Return the source of the gradient of each step: a function of x, or the gradient itself."""
    if callable(gradients):
        if steps is None:
            raise ValueError("got a function as gradients but no `steps`; please pass steps=100")
        return [gradients] * steps
    columns = {path: np.atleast_1d(_double(leaf)) for path, leaf in gradients.items()}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1 or steps not in (None, *lengths):
        raise ValueError(f"got steps={steps}, {' or '.join(map(str, sorted(lengths)))} gradients; please omit `steps`")
    _require_shapes({path: column.shape[1:] for path, column in columns.items()}, x)
    return [{path: column[i] for path, column in columns.items()} for i in range(lengths.pop())]


def _ask(gradient: Callable[..., Any], x: Leaves, is_tree: bool) -> Leaves:
    """Return the gradient of a function at x."""
    g = gradient(x if is_tree else x[""])
    leaves = {path: _double(leaf) for path, leaf in (g.items() if isinstance(g, Mapping) else [("", g)])}
    _require_shapes({path: leaf.shape for path, leaf in leaves.items()}, x)
    return leaves


def _require_shapes(shapes: Mapping[str, tuple[int, ...]], x: Leaves) -> None:
    for path, leaf in x.items():
        if shapes[path] != leaf.shape:
            name = f" of {path}" if path else ""
            raise ValueError(f"got a gradient{name} of shape {shapes[path]}, expected x0's shape {leaf.shape}")


def evaluate(hyperparameters: Mapping[str, Any], t: int) -> dict[str, Any]:
    """Return the values of hyperparameters at step t, counted from 1."""
    return {k: float(h(t - 1)) if callable(h) else h for k, h in hyperparameters.items()}


def advance(step: Any, g: Leaves, state: State, t: int, x: Leaves, now: Mapping[str, Any]) -> tuple[Leaves, State]:
    """Return the changes of all leaves, and the new state: of the whole tree, or of each leaf by its path."""
    if getattr(step, "is_whole_tree", False):
        return step(g, state, t, x, **now)
    changes, states = {}, {}
    for path, leaf in x.items():
        if leaf.size:
            changes[path], states[path] = step(g[path], state.get(path, {}), t, leaf, **now)
        else:
            changes[path] = leaf  # an empty leaf has nothing to move, and some sums and maxima refuse it
    return changes, states


def _double(a: ArrayLike) -> Array:
    return np.asarray(a, np.complex128 if np.iscomplexobj(a) else np.float64)
