"""Comparison of a transformation with an independent step function, in double precision."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..base import Transformation
from ..hyperparameters import is_schedule
from ..schedules.base import as_schedule
from ..schedules.decay import exponential
from . import references
from .law import Broken
from .sequences import SEQUENCES, WIDTH, draw

STEPS = 120
TOLERANCE = 1e-11  # of the distance travelled


class Difference(NamedTuple):
    """The first step at which a trajectory leaves its reference."""

    sequence: str
    rate: str  # "constant" or "decaying"
    step: int  # counted from 0
    element: int
    got: float  # the update there
    expected: float
    gap: float  # over the distance travelled

    def __str__(self) -> str:
        when = "" if self.rate == "constant" else " under a decaying rate"
        return (
            f"on {self.sequence} gradients{when}, at step {self.step} (counted from 0), element {self.element}: "
            f"the update is {self.got:.9g}, the reference's {self.expected:.9g}; "
            f"the gap is {self.gap:.2g} of the distance travelled"
        )


def assert_same_trajectory(
    tx: optax.GradientTransformation,
    reference: str | Callable[..., Any],
    *,
    steps: int = STEPS,
    tolerance: float = TOLERANCE,
    sequences: tuple[str, ...] = tuple(SEQUENCES),
    **hyperparameters: Any,
) -> None:
    """Require that a transformation moves as an independent step function does, over all `sequences` of gradients.

    `reference` is a step function as in `gradlab.testing.references`, or the name of one there. It is called with the
    `hyperparameters`; of a gradlab value, those that are not given are its own. If `tx` has an argument
    `learning_rate` that is a number, the comparison is repeated with a rate that decays to a tenth.

    A gap counts if it exceeds `tolerance` of the distance travelled so far, and also what the last digit of the
    gradients does to the reference itself (a variance that cancels is known no better). Raises AssertionError that
    says where the first difference is, and which known mistake gives exactly these numbers, if one does.
    """
    difference, named = compare(tx, reference, steps, tolerance, sequences, hyperparameters)
    if difference is not None:
        raise AssertionError(explain(tx, named, difference, hyperparameters, steps, sequences))


def require_same_trajectory(
    tx: optax.GradientTransformation, reference: Any, hyperparameters: Mapping[str, Any]
) -> None:
    """`assert_same_trajectory` with its defaults, as a law."""
    try:
        assert_same_trajectory(tx, reference, **hyperparameters)
    except AssertionError as error:
        raise Broken(str(error)) from None


def compare(
    tx: optax.GradientTransformation,
    reference: str | Callable[..., Any],
    steps: int,
    tolerance: float,
    sequences: tuple[str, ...],
    hyperparameters: Mapping[str, Any],
) -> tuple[Difference | None, Callable[..., Any]]:
    """The first difference, or None; and the step function that a name stands for."""
    step = _reference(reference)
    given = _own_hyperparameters(tx, step) | dict(hyperparameters)
    gradients = draw(sequences, steps)
    difference = _compare_once(tx, step, gradients, given, tolerance, sequences, "constant")
    falling = None if difference else _under_a_decaying_rate(tx, given, steps)
    if falling is not None:
        scheduled, rates = falling
        if "initial_rate" in inspect.signature(step).parameters:
            rates["initial_rate"] = given["learning_rate"]
        difference = _compare_once(scheduled, step, gradients, rates, tolerance, sequences, "decaying")
    return difference, step


def _under_a_decaying_rate(
    tx: Any, hyperparameters: Mapping[str, Any], steps: int
) -> tuple[Transformation, dict[str, Any]] | None:
    """A transformation whose rate is a number, and its hyperparameters, with a rate that decays to a tenth."""
    rate = hyperparameters.get("learning_rate")
    if not isinstance(tx, Transformation) or not isinstance(rate, float) or "learning_rate" not in tx.arguments:
        return None
    decay = 0.1 ** (1 / steps)
    scheduled = tx.replace(learning_rate=exponential(rate, 1.0, decay))
    return scheduled, dict(hyperparameters) | {"learning_rate": lambda t: rate * decay**t}


def _reference(reference: str | Callable[..., Any]) -> Callable[..., Any]:
    if callable(reference):
        return reference
    found = getattr(references, reference, None)
    if found is None or reference == "trajectory":
        names = sorted(
            name for name, item in vars(references).items() if inspect.isfunction(item) and name != "trajectory"
        )
        raise ValueError(f"there is no reference {reference!r}; there are {', '.join(names)}, or pass a step function")
    return found


def _own_hyperparameters(tx: Any, step: Callable[..., Any]) -> dict[str, Any]:
    if not isinstance(tx, Transformation):
        return {}
    wanted = inspect.signature(step).parameters
    renamed = {"initial_accumulator_value": "initial_accumulator"}
    given = {renamed.get(name, name): value for name, value in tx.arguments.items()}
    return {name: value for name, value in given.items() if name in wanted}


def _compare_once(
    tx: optax.GradientTransformation,
    step: Callable[..., Any],
    gradients: np.ndarray,
    hyperparameters: Mapping[str, Any],
    tolerance: float,
    names: tuple[str, ...],
    rate: str,
) -> Difference | None:
    start, nudged = _start(), _nudged(gradients)
    got = _points(tx, names, gradients.shape[1])[0]
    given = {name: _plain(value) for name, value in hyperparameters.items()}
    for index, name in enumerate(names):
        expected = references.trajectory(step, start, gradients[index], **given)
        doubt = np.abs(references.trajectory(step, start, nudged[index], **given) - expected)
        travelled = np.maximum.accumulate(np.abs(expected - start), axis=0)
        allowed = tolerance * travelled.max(axis=1, keepdims=True) + 100 * np.maximum.accumulate(doubt, axis=0) + 1e-15
        gaps = np.abs(got[index] - expected)
        wrong = ~(gaps <= allowed)  # NaN is wrong too
        if wrong.any():
            at = int(wrong.any(axis=1).argmax())
            element = int(wrong[at].argmax())
            distance = float(travelled[at].max()) or 1.0
            update, reference = (float(path[at, element] - path[at - 1, element]) for path in (got[index], expected))
            return Difference(name, rate, at - 1, element, update, reference, float(gaps[at, element]) / distance)
    return None


def _once_a_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """Remember the results for values, which are wholly known by what they are; a pair may hide anything."""
    remembered = functools.lru_cache(maxsize=256)(function)

    @functools.wraps(function)
    def call(tx: Any, *arguments: Any) -> Any:
        try:
            hash(tx)
        except TypeError:
            return function(tx, *arguments)
        return (remembered if isinstance(tx, Transformation) else function)(tx, *arguments)

    return call


@_once_a_value
def _points(tx: Any, names: tuple[str, ...], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The points of `run` on named sequences, and on these with a change in the last digit."""
    gradients = draw(names, steps)
    plain, nudged = np.split(run(tx, _start(), np.concatenate([gradients, _nudged(gradients)])), 2)
    return plain, nudged


def run(tx: optax.GradientTransformation, start: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """The points that a transformation visits in double precision, [sequences, steps + 1, width], from one program."""
    extended = optax.with_extra_args_support(tx)

    def trajectory(sequence: jax.Array) -> jax.Array:
        def step(carry: Any, gradient: jax.Array) -> Any:
            point, state = carry
            updates, state = extended.update(gradient, state, point)
            point = point + updates
            return (point, state), point

        first = jnp.asarray(start)
        _, points = jax.lax.scan(step, (first, extended.init(first)), sequence)
        return jnp.concatenate([first[None], points])

    with jax.enable_x64(True):
        return np.asarray(jax.jit(jax.vmap(trajectory))(jnp.asarray(gradients)))


def explain(
    tx: Any,
    step: Callable[..., Any],
    difference: Difference,
    hyperparameters: Mapping[str, Any],
    steps: int,
    sequences: tuple[str, ...],
) -> str:
    """What differs, and which known mistake gives exactly the numbers of this transformation, at whatever rate."""
    from .mutants import known_slips

    text = f"not the trajectory of {step.__name__}: {difference}"
    given = _own_hyperparameters(tx, step) | dict(hyperparameters)
    versions = [(tx, given)]
    falling = _under_a_decaying_rate(tx, given, steps)
    if falling is not None:
        versions.append((falling[0], given | {"learning_rate": falling[0].learning_rate}))
    suspects: set[str] | None = None
    for version, values in versions:
        got = _points(version, sequences, steps)[0]
        slips = [mutant for mutant in known_slips(step.__name__, values) if suspects is None or mutant.slip in suspects]
        suspects = {mutant.slip for mutant in slips if visits(mutant.tx, got, sequences)}
    for mutant in known_slips(step.__name__, given):
        if mutant.slip in (suspects or ()):
            return f"{text}\nIt computes exactly what {step.__name__} does with this mistake: {mutant.slip}."
    return text


def visits(tx: optax.GradientTransformation, points: np.ndarray, sequences: tuple[str, ...]) -> bool:
    """Whether a transformation visits these points, but for rounding, on these sequences. False if it cannot run."""
    steps = points.shape[1] - 1
    try:
        first = first_points(tx, sequences, steps)
        if not alike(first, points[:, : first.shape[1]]):
            return False  # which spares the compilation of most mistakes
        plain, nudged = _points(tx, sequences, steps)
    except Exception:  # a mistake that cannot run with these hyperparameters
        return False
    with np.errstate(invalid="ignore"):
        doubt = 100 * np.maximum.accumulate(np.nan_to_num(np.abs(nudged - plain)), axis=1)
    return alike(plain, points, doubt)


def alike(left: np.ndarray, right: np.ndarray, doubt: Any = 0.0) -> bool:
    """Whether two runs visit the same points, but for rounding and a doubt."""
    with np.errstate(invalid="ignore"):
        distance = np.nan_to_num(np.abs(right - right[:, :1]))
        travelled = np.maximum.accumulate(distance, axis=1).max(axis=2, keepdims=True)
        near = np.abs(left - right) <= 1e-9 * travelled + doubt + 1e-15
    return bool(np.all(near | (left == right) | (np.isnan(left) & np.isnan(right))))


@_once_a_value
def first_points(tx: Any, names: tuple[str, ...], steps: int, first: int = 4) -> np.ndarray:
    """The first points of `run`, uncompiled: for a few steps of many transformations that is faster."""
    gradients = draw(names, steps)[:, :first]
    update = jax.vmap(optax.with_extra_args_support(tx).update)
    with jax.enable_x64(True):
        points = [jnp.broadcast_to(jnp.asarray(_start()), (len(names), WIDTH))]
        state = jax.vmap(tx.init)(points[0])
        for step in range(gradients.shape[1]):
            updates, state = update(jnp.asarray(gradients[:, step]), state, points[-1])
            points.append(points[-1] + updates)
        return np.stack([np.asarray(point) for point in points], axis=1)


def _start() -> np.ndarray:
    return np.random.default_rng(99).standard_normal(WIDTH)


def _nudged(gradients: np.ndarray) -> np.ndarray:
    """The gradients with a change in the last digit."""
    return gradients * (1 + 2.0**-51 * np.sign(np.random.default_rng(98).standard_normal(gradients.shape[-2:])))


def _plain(value: Any) -> Any:
    """A hyperparameter as a Python number, or as a function of the step that gives one, in double precision."""
    if isinstance(value, jax.Array):
        return float(value)
    if not is_schedule(value):
        return value
    # Compiled, because outside of jit a power of the step is compiled anew for each step. Each sequence asks for the
    # same steps, so that the values are remembered.
    schedule = jax.jit(as_schedule(value))

    @functools.cache
    def at(step: float) -> float:
        with jax.enable_x64(True):
            return float(schedule(int(step)))

    return at
