"""Laws of purity: the same inputs give the same outputs, at every call, and inputs stay untouched."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from ...core.tree_differences import have_same_structure
from ..inputs.trees import sample
from ..subjects.closure_variables import find_written_variable
from ..subjects.gaps import describe_gap, find_largest_gap
from ..subjects.programs import Program, as_plain, is_key, require_same_program, trace_first_step
from ..subjects.subject import Subject
from ..verdicts.law import Broken, law, require

_CALLS = 200  # enough for what happens at the hundredth call


@law(
    "the same inputs give exactly the same outputs",
    meaning="It remembers something outside its state, such as a Python counter, a list, a global variable, the clock, "
    "an unseeded random number, or an array by its id. Keep it in the state that init returns.",
)
def pure(subject: Subject) -> None:
    """It is called on two vectors, and only traced on the network, where a call would compile every operation."""
    params, gradient = sample(subject.pair), sample(subject.pair, seed=1)
    first_state, second_state = subject.tx.init(params), subject.tx.init(params)
    _require_equal(
        first_state, second_state, "init was called twice with the same parameters and returned different states"
    )
    first = subject.update(gradient, first_state, params)
    second = subject.update(gradient, first_state, params)
    _require_equal(first, second, "update was called twice with the same arguments and returned different results")
    subject.update(sample(subject.pair, seed=2), first[1], params)
    _require_same_trace(subject)
    third = subject.update(*jax.tree.map(_copy, (gradient, first_state, params)))
    _require_equal(
        first, third, "after a call with other arguments, update returned a different result for the same arguments"
    )
    if written := find_written_variable(subject):
        function, name = written
        raise Broken(
            f"{function} writes to the variable `{name}` of its factory, and what it writes is lost: the factory is "
            "called anew for each init and update"
        )


def _require_same_trace(subject: Subject) -> None:
    """Raise `Broken` if the program for the network is another one after programs for other trees were traced."""
    arguments: tuple[Any, Any] = sample(subject.network, seed=1), sample(subject.network)
    if subject.first_trace is None:
        first = trace_first_step(subject.tx, *arguments, subject.extra)
    else:
        first, arguments = subject.first_trace  # of the very first call
    for name, shapes in subject.trees.items():
        if name != "a network":
            trace_first_step(subject.tx, sample(shapes, seed=1), sample(shapes), subject.extra)
    again = trace_first_step(subject.tx, *arguments, subject.extra)
    require_same_program(
        first, again, arguments, "after calls with other trees, the same arguments give a different result"
    )


@law(
    "the two-hundredth call gives exactly what the first call gave",
    meaning="It counts its calls or collects what it has seen in a Python variable, and acts on that later. Keep the "
    "count in the state, and act on it with jnp.where.",
)
def pure_for_200_calls(subject: Subject) -> None:
    """Where a call takes long, it is traced 200 times instead, which runs its Python code and compiles nothing."""
    params, gradient = sample(subject.small), sample(subject.small, seed=1)
    state = subject.tx.init(params)
    first = subject.update(gradient, state, params)
    call, trace = (
        _time(lambda: subject.update(gradient, state, params)),
        _time(lambda: _trace(subject, gradient, params)),
    )
    if call < 2 * trace:
        bits = _read_bits(first)
        for count in range(_CALLS):
            again = subject.update(gradient, state, params)
            if _read_bits(again) != bits:
                _require_equal(first, again, f"after {count} equal calls, update returned a different result")
    else:
        program = _trace(subject, gradient, params)
        for count in range(_CALLS):
            what = f"after it was traced {count} times, update is a different function"
            require_same_program(program, _trace(subject, gradient, params), (gradient, params), what)
    _require_equal(state, subject.tx.init(params), "after many calls of update, init returns a different state")


def _trace(subject: Subject, gradient: Any, params: Any) -> Program:
    return trace_first_step(subject.tx, gradient, params, subject.extra)


def _time(call: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _read_bits(tree: Any) -> Any:
    """Return what is equal for trees that are equal in structure, dtypes and bits."""
    leaves, structure = jax.tree.flatten(tree)
    arrays = [np.asarray(jax.random.key_data(leaf) if is_key(leaf) else leaf) for leaf in leaves]
    return structure, [(array.dtype, array.tobytes()) for array in arrays]


@law(
    "init and update do not change their arguments",
    meaning="It writes into a container or a NumPy array that was passed in. Build a new one instead.",
)
def inputs_untouched(subject: Subject) -> None:
    """The arguments are NumPy arrays, which can be written to, as in a state that was restored from a file."""
    for is_read_only in (False, True):
        params, gradient = (_to_numpy(sample(subject.pair, seed=seed), is_read_only) for seed in (0, 1))
        state = _call_untouched(subject.tx.init, {"parameters": params}, "init")
        arguments = {"gradients": gradient, "state": state, "parameters": params}
        updates, _ = _call_untouched(subject.update, arguments, "update")
        restored = arguments | {"state": _to_numpy(state, is_read_only)}
        again, _ = _call_untouched(subject.update, restored, "update")
        place = describe_gap(again, updates, "float32")
        require(place is None, f"where the state is of NumPy arrays, the updates differ at {place}")


def _call_untouched(function: Callable[..., Any], arguments: dict[str, Any], name: str) -> Any:
    """Call a function with arguments in order, and raise `Broken` if it changes one of them."""
    before = jax.tree.map(lambda leaf: np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf, arguments)
    orders = {argument: _list_keys(tree) for argument, tree in arguments.items()}
    try:
        result = function(*arguments.values())
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise Broken(f"{name} writes into a NumPy array that it is given: {error}") from error
    for argument, tree in arguments.items():
        what = f"{name} changes the {argument} that it is given"
        require(have_same_structure(tree, before[argument]), f"{what}: its structure differs afterwards")
        require(_list_keys(tree) == orders[argument], f"{what}: the keys of a dict have another order afterwards")
        _require_equal(tree, before[argument], what)
    return result


def _list_keys(tree: Any) -> list[Any]:
    """Return the keys of all dicts in a tree, in the order in which they were inserted."""
    if isinstance(tree, dict):
        return [*tree, *(_list_keys(child) for child in tree.values())]
    return [_list_keys(child) for child in tree] if isinstance(tree, tuple | list) else []


def _to_numpy(tree: Any, is_read_only: bool) -> Any:
    """Return a copy of a tree with NumPy arrays, and with the order of the keys of a dict."""

    def convert(leaf: Any) -> Any:
        if is_key(leaf) or not isinstance(leaf, jax.Array):
            return leaf
        array = np.array(leaf)
        array.setflags(write=not is_read_only)
        return array

    converted = jax.tree.map(convert, tree)
    return {key: converted[key] for key in tree} if type(tree) is dict else converted


def _copy(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, jax.Array) else leaf


def _require_equal(left: Any, right: Any, what: str) -> None:
    if not have_same_structure(left, right):
        raise Broken(f"{what}: the structures differ")
    gap, _, place = find_largest_gap(as_plain(left), as_plain(right))
    if gap > 0:
        raise Broken(f"{what}, at {place}")
