"""Errors that say which argument of a failed training step is wrong, by number, order, kind or use.

A step that succeeds only has its arguments counted. All else here runs after a step has failed.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import jax
import numpy as np
import optax

from ..core.boundary import PyTree
from ..core.donated_arrays import require_kept
from ..core.tree_differences import describe_tree, find_difference, show_place
from ..remedies.optax_names import suggest_wrapped

F = TypeVar("F", bound=Callable[..., Any])

TREES = ("params", "state", "batch")
_OF_TREES = ("tx", *TREES)
_ORDINALS = ("first", "second", "third", "fourth")


def require_arguments(names: Sequence[str], arguments: Sequence[Any], options: Any) -> None:
    """Raise TypeError unless each of the named arguments of a step is given once, by place or by name."""
    call = f"step({', '.join(names)})"
    if len(arguments) > len(names):
        raise TypeError(
            f"{call} takes {len(names)} arguments, and an optimizer's own by name; got {len(arguments)}: "
            f"{_show_kinds(arguments)}. A batch of several arrays is one argument: a tuple or a dictionary of them"
        )
    if missing := [name for name in names[len(arguments) :] if name not in options]:
        others = "".join(f" and {name}=" for name in options if name not in names)
        raise TypeError(f"{call} lacks {' and '.join(missing)}; got {_show_kinds(arguments)}{others}")
    if twice := [name for name in names[: len(arguments)] if name in options]:
        raise TypeError(f"{call} got {' and '.join(twice)} twice, by place and by name; pass each once")


def require_loss_alone(make: F) -> F:
    """Return `make_step`, made to raise TypeError if more than the loss is passed by place, such as an optimizer."""

    @functools.wraps(make)
    def checked(*arguments: Any, **options: Any) -> Any:
        if len(arguments) > 1:
            raise TypeError(
                f"make_step(loss) takes the loss by place and its options by name; got {_show_kinds(arguments)}. The "
                f"optimizer is the first argument of the step: step(tx, params, state, batch)"
            )
        return make(*arguments, **options)

    return checked  # type: ignore[return-value]


def explain_first(first: Any, arguments: Sequence[Any], is_optimizer: Callable[[Any], bool]) -> str:
    """Say that the first argument of a step is no optimizer, and where one stands, if there is one."""
    if remedy := suggest_wrapped(first):
        return f"step(tx, params, state, batch) takes a transformation first; got {type(first).__name__}; {remedy}"
    text = " ".join(f"{type(first).__name__}: {getattr(first, '__qualname__', repr(first))}".split())
    text = text if len(text) < 100 else f"{text[:90]}..."
    message = (
        f"step(tx, params, state, batch) takes a transformation first, such as adam(); got {text}. It also takes "
        f"Flax's step(train_state, batch) and step(nnx_optimizer, model, batch)"
    )
    places = [place for place, argument in enumerate(arguments) if is_optimizer(argument)]
    if places:
        message += f". The {type(arguments[places[0]]).__name__} came {_ORDINALS[places[0]]}; put it first"
    return message


def explain_failure(
    tx: Any,
    trees: Sequence[PyTree],
    loss: Callable[[PyTree, PyTree], Any],
    select: Callable[[PyTree], PyTree],
) -> Exception | None:
    """Return an error that says what is wrong with (params, state, batch), or None if nothing is seen to be.

    `loss(params, batch)` returns a scalar, and `select(params)` what is trained.
    """
    try:
        require_kept("step", **dict(zip(TREES, trees, strict=True)))
    except ValueError as error:
        return error
    params, state, batch = trees
    if not _has_state(tx, select, params, state) and _has_state(tx, lambda whole: whole, params, state):
        trained, whole = (len(jax.tree.leaves(tree)) for tree in (select(params), params))
        return ValueError(
            f"step: the state is that of all {whole} leaves of params, but make_step(trainable=...) trains {trained} "
            f"of them. Initialize it with None in the place of the others: tx.init(jax.tree.map(lambda leaf, on: leaf "
            f"if on else None, params, mask)), where mask is what a selector returns for params, or a tree of booleans"
        )
    fitting = list(_find_orders(tx, trees, loss, select))
    if len(fitting) == 1 and TREES not in fitting:
        return TypeError(
            f"the arguments of step({', '.join(_OF_TREES)}) look exchanged: got step(tx, {', '.join(fitting[0])}), "
            f"that is {_show_kinds((tx, *trees))}, and the state is that of the argument taken for params"
        )
    if TREES not in fitting and _has_state(tx, select, params, state) and _returns_scalar(loss, batch, params):
        return TypeError("make_step takes loss(params, batch), but this loss looks as if it were loss(batch, params)")
    return explain_kinds({"state": state, "batch": batch})


def explain_model(tx: Any, params: PyTree, state: PyTree) -> Exception | None:
    """Return an error for a model in the place of its parameters, with the step that takes the model, or None."""
    if _is_nnx_model(params) and not _has_state(tx, lambda whole: whole, params, state):
        return TypeError(
            f"step(tx, params, state, batch) takes parameters second; got the nnx model {type(params).__name__}. Pass "
            f"step(optimizer, model, batch), where optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)"
        )
    for path, leaf in _leaves_with_path(params):
        if not _is_numeric(leaf):
            text = " ".join(f"{type(leaf).__name__} {getattr(leaf, '__qualname__', repr(leaf))}".split())[:80]
            return TypeError(
                f"step: {show_place('the parameter', path)} is not an array: {text}. For a model that holds more than "
                f"arrays, pass make_step(loss, trainable=equinox.is_inexact_array), or another function of a leaf, and "
                f"a state of what is trained: tx.init(equinox.filter(model, equinox.is_inexact_array))"
            )
    return None


def _is_nnx_model(thing: Any) -> bool:
    """Return whether something is a module of Flax nnx, which need not be installed."""
    return any((base.__module__, base.__name__) == ("flax.nnx.module", "Module") for base in type(thing).__mro__)


def _find_orders(tx: Any, trees: Sequence[PyTree], loss: Any, select: Any) -> Iterator[tuple[str, ...]]:
    """Yield the orders in which the three trees are what a step needs, as the names of the first to the third.

    The order as it came is the first. If it fits, the others are not tried, because a state without arrays fits many.
    """
    for places in itertools.permutations(range(3)):
        params, state, batch = (trees[place] for place in places)
        if _has_state(tx, select, params, state) and _returns_scalar(loss, params, batch):
            yield tuple(TREES[places.index(place)] for place in range(3))
            if places == (0, 1, 2):
                return


def _has_state(tx: Any, select: Callable[[PyTree], PyTree], params: PyTree, state: PyTree) -> bool:
    """Return whether an optimizer makes a state like this one for these parameters. Nothing is computed."""
    try:
        return find_difference(jax.eval_shape(lambda: tx.init(select(params))), state) is None
    except Exception:
        return False


def _returns_scalar(loss: Callable[[PyTree, PyTree], Any], params: PyTree, batch: PyTree) -> bool:
    """Return whether a loss can be called like this. Its arrays are traced, so nothing is computed."""
    try:
        jax.eval_shape(lambda: loss(params, batch))
    except Exception:
        return False
    return True


def explain_kinds(trees: Mapping[str, PyTree]) -> Exception | None:
    """Return an error for the first leaf of a state or a batch that no compiled program takes, or None."""
    for name, tree in trees.items():
        for path, leaf in _leaves_with_path(tree):
            if _is_numeric(leaf):
                continue
            text = " ".join(f"{type(leaf).__name__} {getattr(leaf, '__qualname__', repr(leaf))}".split())[:80]
            remedy = "the state is what tx.init(params) or the last step returned"
            if name == "batch":
                remedy = "a batch is a tree of arrays; take the next one of a loader, and leave texts out"
            return TypeError(f"step: {name}{jax.tree_util.keystr(path)} is no array of numbers: {text}; {remedy}")
    return None


def _leaves_with_path(tree: PyTree) -> list[tuple[Any, Any]]:
    """Return the leaves of a tree with their paths. An iterator is one, of which JAX warns unless it is said."""
    return jax.tree_util.tree_leaves_with_path(tree, is_leaf=lambda node: isinstance(node, Iterator))


def _is_numeric(leaf: Any) -> bool:
    """Return whether a leaf is an array of JAX or NumPy, or a number, and of a dtype that JAX has."""
    if not isinstance(leaf, jax.Array | np.ndarray | np.generic | bool | int | float | complex):
        return False
    return getattr(leaf, "dtype", np.dtype(float)).kind not in "OUSMm"


def show_call(function: Callable[..., Any]) -> str:
    """Return the name of a function and its arguments, as in "loss(params, x, y)"."""
    return f"{getattr(function, '__name__', type(function).__name__)}{inspect.signature(function)}"


def _show_kinds(arguments: Sequence[Any]) -> str:
    """Return what came, as in "(Transformation, dict, tuple, float32[4,3])"."""
    return f"({', '.join(map(describe_argument, arguments))})" if arguments else "none"


def describe_argument(argument: Any) -> str:
    """Return the dtype and shape of an array, and the type of anything else."""
    is_array = hasattr(argument, "dtype") and hasattr(argument, "shape")
    if is_array and not isinstance(argument, optax.GradientTransformation):
        return describe_tree(argument)
    return type(argument).__name__
