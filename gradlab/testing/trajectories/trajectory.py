"""The trajectory of a transformation, compared with that of an independent reference in double precision."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np
import optax

from ...core.base import Transformation
from ...schedules.base import as_schedule
from ...schedules.decay import exponential
from ...user_code_time_limit import OutOfTimeError, extend_limit
from ...values.numeric_arguments import is_schedule
from .. import references
from ..inputs.gradient_sequences import SEQUENCES, VECTOR, draw
from ..inputs.trees import NETWORK, VECTOR_AND_MATRIX, by_path, select_ranks
from ..references.runner import displacements
from ..references.step_functions import FORM, StepFunctionError, describe_typed
from ..subjects.double_precision_runs import draw_start, run, run_each
from .argument_names import list_hyperparameters, match_arguments, match_hyperparameters
from .search_limits import WAIT, describe_end, is_end, search_seconds
from .smallest_input import find_smallest_input
from .trajectory_difference import Difference, Paths, compare_paths

if TYPE_CHECKING:
    from .mistake_identification import Version

STEPS = 120
_DECAYING_STEPS = 40  # those of a run with a decaying learning rate that are compared
LONG = 3000  # steps of the one long run, in which counters saturate and corrections end
TOLERANCE = 1e-11  # of the distance travelled


class Case(NamedTuple):
    """One way of running a transformation and its reference: the same hyperparameters for both."""

    tx: optax.GradientTransformation
    arguments: Mapping[str, Any]  # of the reference: numbers, or functions of the step
    sequences: tuple[str, ...]  # of gradients
    label: str = ""  # such as "with a decaying learning rate"; empty for the transformation as it was given
    steps: int | None = None  # that are compared, if not all


def assert_same_trajectory(
    tx: optax.GradientTransformation,
    reference: str | Callable[..., Any],
    *,
    steps: int = STEPS,
    long: int = LONG,
    tolerance: float = TOLERANCE,
    sequences: tuple[str, ...] = tuple(SEQUENCES),
    shapes: Any = NETWORK,
    extra: Mapping[str, Any] | None = None,
    **hyperparameters: Any,
) -> None:
    """Require that a transformation moves exactly as an independent step function does.

    Both run for `steps` steps on each of the gradient `sequences`, for a network of unlike leaves
    (`gradlab.testing.inputs.trees`), and for `long` steps (0 for none) on a small tree. All is in double precision.

    `reference` is a step function as in `gradlab.testing.references`, or the name of one there. It is called with the
    `hyperparameters`; those of a gradlab value need not be given. If `tx` is a gradlab value whose `learning_rate` is a
    number, the comparison is repeated with a learning rate that decays to a tenth. `shapes` is the tree of shapes of
    the parameters. `extra` holds extra arguments for `update`.

    A gap counts if it exceeds `tolerance` times the distance that the leaf has travelled so far, plus 100 times the
    effect that rounding has on the reference itself. Raises AssertionError that says where the first difference is, and
    which known mistake or convention of another framework gives exactly these numbers, if one does. Else it names the
    smallest input that shows a difference.

    >>> from gradlab import testing
    >>> testing.assert_same_trajectory(gl.sgd(0.1), "sgd", steps=20, long=0, sequences=("ordinary",))
    """
    step = find_reference(reference)
    difference = find_difference(
        tx, step, steps, tolerance, sequences, hyperparameters, long=long, shapes=shapes, extra=extra
    )
    if difference is None:
        return
    text = f"not the trajectory of {step.__name__}: {difference}"
    from .first_steps import find_cause

    cause = find_cause(tx, step, make_plain(step, _complete(tx, step, hyperparameters)), shapes, extra)
    if cause:
        raise AssertionError(f"{text}\n{cause}")
    explanation = []
    if not extra and not getattr(step, "is_whole_tree", False):
        versions = _list_versions(tx, step, _complete(tx, step, hyperparameters), steps)
        from .mistake_identification import explain  # which imports all mutants

        is_partial = len(difference.leaves) < difference.leaf_count
        explanation = explain(step, versions, sequences, steps, shapes=shapes if is_partial else None)
    if not any(sentence for sentence in explanation if not is_end(sentence)):
        explanation = [*_describe_smallest_input(tx, step, hyperparameters, shapes, extra, difference), *explanation]
    raise AssertionError("\n".join([text, *explanation]))


def _describe_smallest_input(
    tx: Any,
    step: Callable[..., Any],
    hyperparameters: Mapping[str, Any],
    shapes: Any,
    extra: Any,
    difference: Difference,
) -> list[str]:
    """Return a sentence about the smallest input on which a difference shows, or that it takes too long to find."""
    arguments, seconds = make_plain(step, _complete(tx, step, hyperparameters)), search_seconds()
    try:
        with extend_limit(WAIT * seconds):
            found = find_smallest_input(tx, step, arguments, shapes=shapes, extra=extra, late=difference.step + 1)
    except OutOfTimeError:  # the gap is found all the same
        return [describe_end("the smallest input that shows it", WAIT * seconds)]
    return [] if found is None else [str(found)]


def list_references() -> list[str]:
    """Return the names of the step functions in `gradlab.testing.references`, sorted."""
    functions = [name for name, item in vars(references).items() if inspect.isfunction(item)]
    return sorted(name for name in functions if name not in ("trajectory", "whole_tree"))


def find_reference(reference: str | Callable[..., Any]) -> Callable[..., Any]:
    """Return the step function of that name; a function is returned as it is.

    Raises ValueError for an unknown name, and StepFunctionError for what is neither a name nor a function.
    """
    if callable(reference):
        return reference
    if not isinstance(reference, str):
        kind = "a transformation" if isinstance(reference, tuple) else f"of type {type(reference).__name__}"
        raise StepFunctionError(f"the reference is {kind}, expected a function of NumPy for one leaf: {FORM}")
    if ":" in reference:
        raise ValueError(describe_typed(reference))
    if reference not in list_references():
        names = ", ".join(list_references())
        raise ValueError(f"unknown reference {reference!r}; there are: {names}; or pass a step function")
    return getattr(references, reference)


def find_difference(
    tx: optax.GradientTransformation,
    step: Callable[..., Any],
    steps: int,
    tolerance: float,
    sequences: tuple[str, ...],
    hyperparameters: Mapping[str, Any],
    *,
    long: int = 0,
    shapes: Any = VECTOR,
    extra: Mapping[str, Any] | None = None,
) -> Difference | None:
    """Return the first difference between a transformation and a step function, or None."""
    hyperparameters = _complete(tx, step, hyperparameters)
    arguments = make_plain(step, hyperparameters)
    cases = [Case(tx, arguments, sequences)]
    decaying = _decay_learning_rate(tx, hyperparameters, _decay_per_step(steps))
    if decaying is not None:
        initial, decay = hyperparameters["learning_rate"], _decay_per_step(steps)
        # The reference gets a plain Python function, so that a wrong schedule of gradlab's would show as a difference.
        changes = {"learning_rate": lambda t: initial * decay**t}
        if "initial_rate" in list_hyperparameters(step):
            changes["initial_rate"] = initial
        label = "with a decaying learning rate"
        cases.append(Case(decaying, arguments | changes, sequences, label, _DECAYING_STEPS))
        if long:  # A constant schedule shares the program of the decaying one, and the long run has the number itself.
            cases[0] = cases[0]._replace(tx=_decay_learning_rate(tx, hyperparameters, 1.0))
    difference = _compare(cases, step, steps, tolerance, shapes, extra)
    if difference is not None or not long:
        return difference
    small = select_ranks(VECTOR_AND_MATRIX, shapes)
    return _compare([Case(tx, arguments, ("long",))], step, long, tolerance, small, extra)


def _decay_per_step(steps: int) -> float:
    """The factor by which a learning rate that falls to a tenth is multiplied at each step."""
    return 0.1 ** (1 / steps)


def _decay_learning_rate(tx: Any, hyperparameters: Mapping[str, Any], decay: float) -> Transformation | None:
    """Return a gradlab value whose learning rate is multiplied by `decay` at each step.

    None if its learning rate is no number.
    """
    rate = hyperparameters.get("learning_rate")
    if not isinstance(tx, Transformation) or not isinstance(rate, float) or "learning_rate" not in tx.arguments:
        return None
    return tx.replace(learning_rate=exponential(rate, 1.0, decay))


def _list_versions(tx: Any, step: Callable[..., Any], hyperparameters: dict[str, Any], steps: int) -> list[Version]:
    """Return a transformation and, if it can be made, the one with a decaying learning rate, with hyperparameters."""
    decaying = _decay_learning_rate(tx, hyperparameters, _decay_per_step(steps))
    versions = [(tx, hyperparameters)]
    if decaying is not None:
        versions.append((decaying, hyperparameters | {"learning_rate": decaying.learning_rate}))
    from .mistake_identification import Version

    return [Version(tx, values, make_plain(step, values)) for tx, values in versions]


def _complete(tx: Any, step: Callable[..., Any], hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters for a step function, with those of a gradlab value where none are given."""
    given = match_hyperparameters(step, hyperparameters)
    return (match_arguments(step, tx.arguments).values if isinstance(tx, Transformation) else {}) | given


def _compare(
    cases: list[Case], step: Callable[..., Any], steps: int, tolerance: float, shapes: Any, extra: Any
) -> Difference | None:
    """Return the first difference in any of the cases."""
    start, runs = draw_start(shapes), [draw(case.sequences, steps, shapes) for case in cases]
    for case, gradients, sums in zip(cases, runs, _run_cases(cases, start, runs, extra), strict=True):
        for index, name in enumerate(case.sequences):

            def follow(index: int = index, case: Case = case, gradients: Any = gradients) -> Paths:
                lane = jax.tree.map(lambda leaf: leaf[index, : case.steps], gradients)
                return displacements(step, by_path(start), by_path(lane), **case.arguments)

            end = None if case.steps is None else case.steps + 1
            own = by_path(jax.tree.map(lambda leaf, index=index, end=end: leaf[index, :end], sums))
            difference = compare_paths(own, follow(), follow, tolerance, name, case.label)
            if difference is not None:
                return difference
    return None


def _run_cases(cases: list[Case], start: Any, runs: list[Any], extra: Any) -> list[Any]:
    """Return the sums of the updates of each case. Values of the same structure share one program."""
    values = [case.tx for case in cases if isinstance(case.tx, Transformation)]
    if len(cases) == 1 or len(values) < len(cases) or len({jax.tree.structure(tx) for tx in values}) > 1:
        return [run(case.tx, start, gradients, extra) for case, gradients in zip(cases, runs, strict=True)]
    lanes = [case.tx for case in cases for _ in case.sequences]
    sums = run_each(lanes, start, jax.tree.map(lambda *leaves: np.concatenate(leaves), *runs), extra)
    ends = np.cumsum([len(case.sequences) for case in cases])[:-1]
    structure: Any
    leaves, structure = jax.tree.flatten(sums)
    return [structure.unflatten(parts) for parts in zip(*(np.split(leaf, ends) for leaf in leaves), strict=True)]


def make_plain(step: Callable[..., Any], hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters for a step function as numbers and functions of the step.

    Where it needs the next or the first value of a schedule, such as `next_b1` or `initial_rate`, that is added.
    """
    plain = {name: to_plain(value) for name, value in hyperparameters.items()}
    known = list_hyperparameters(step)
    for name, value in hyperparameters.items():
        if is_schedule(value) and f"next_{name}" in known:
            plain.setdefault(f"next_{name}", lambda t, schedule=plain[name]: schedule(t + 1))
    if is_schedule(hyperparameters.get("learning_rate")) and "initial_rate" in known:
        plain.setdefault("initial_rate", plain["learning_rate"](0))
    return plain


def to_plain(value: Any) -> Any:
    """Return a hyperparameter as a Python number, or as a function of the step that returns one in double precision."""
    if isinstance(value, jax.Array):
        return float(value)
    if not is_schedule(value):
        return value
    # Outside of jit, a power of the step would be compiled anew for each step. All sequences ask for the same steps,
    # so the values are remembered.
    schedule = jax.jit(as_schedule(value))

    @functools.cache
    def evaluate(step: float) -> float:
        with jax.enable_x64(True):
            return float(schedule(int(step)))

    return evaluate
