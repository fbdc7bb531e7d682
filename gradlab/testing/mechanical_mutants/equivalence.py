"""Equivalent edits, recognized numerically: no difference beyond rounding on ten thousand random inputs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...core.transformation_calls import reads_gradient
from ..subjects.programs import write_program
from .inputs import Inputs, draw_inputs, find_ordinary_runs

# The dtypes of the leaves, with the number of runs and of steps in each. The first alone are ten thousand inputs.
RUNS: dict[str, tuple[int, int]] = {
    "float64": (2016, 5),
    "complex64": (252, 5),
    "bfloat16": (252, 5),
    "float32": (252, 5),
    "mixed": (126, 3),
}
OTHER_FORMS = ("float64", "complex64")  # for forms of a transformation whose first form was compared in all dtypes
_LATE = (0, 0, 0, 300, 70_001)  # what is added to the counters of the runs in turn
_ROUNDING = {"float64": 1e-10, "float32": 1e-4, "bfloat16": 1.6e-2, "complex64": 1e-4, "mixed": 1e-4}


class Observation(NamedTuple):
    """The results of a transformation in the runs of one dtype."""

    text: str  # the shapes and dtypes of the results, or the error that it raises
    numbers: list[np.ndarray]  # [runs, ...] updates, states and derivatives


def find_difference(original: Any, mutant: Any, dtypes: tuple[str, ...] = tuple(RUNS)) -> str | None:
    """Return the dtype in which two transformations differ beyond rounding, with the place, or None.

    They are compared alone, with a direction beside the gradient if they read both, and in whether their derivatives
    are finite, because no law promises more of a derivative. Where JAX traces both to the same operations, nothing is
    run.
    """
    for dtype in dtypes:
        parts: tuple[Callable[..., Any], ...] = ()
        if not _have_same_program(original, mutant, dtype, _step):
            parts += (_run_alone, _run_with_direction) if reads_gradient(original) else (_run_alone,)
        if dtype == "float64" and not _have_same_program(original, mutant, dtype, _step_derivative):
            parts += (_run_derivatives,)
        for part in parts:
            expected, perturbed = _observe_original(original, dtype, part)
            (got,) = observe(mutant, dtype, part, draw_inputs(dtype, *RUNS[dtype]))
            if got.text != expected.text:
                return f"{dtype}: {got.text[:100]} instead of {expected.text[:100]}"
            if part is _run_derivatives:
                got, expected, perturbed = (_keep_ordinary(seen, RUNS[dtype][0]) for seen in (got, expected, perturbed))
            for position, (a, b, nearby) in enumerate(zip(got.numbers, expected.numbers, perturbed.numbers)):
                if differ(a, b, nearby, _ROUNDING[dtype]):
                    return f"{dtype}{part.__name__.replace('_', ' ').removeprefix(' run')}, array {position}"
    return None


def _keep_ordinary(seen: Observation, runs: int) -> Observation:
    """Return whether each derivative is finite, in the runs in which none overflows."""
    ordinary = find_ordinary_runs(runs)
    return seen._replace(numbers=[np.isfinite(array[ordinary]).astype(float) for array in seen.numbers])


def differ(got: np.ndarray, expected: np.ndarray, perturbed: np.ndarray, rounding: float) -> bool:
    """Return whether arrays of the same runs differ by more than rounding explains.

    In each run, rounding may change a number by `rounding` times the largest number, and by a hundred times of what a
    change in the last digits of the inputs does.
    """
    runs = len(expected)
    got, expected, perturbed = (array.reshape(runs, -1) for array in (got, expected, perturbed))
    if not got.size:
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        gap, sensitivity = (np.abs(array - expected) for array in (got, perturbed))
        largest = np.max(np.where(np.isfinite(expected), np.abs(expected), 0), axis=1, keepdims=True)
        allowed = rounding * largest + 100 * np.nan_to_num(sensitivity, nan=0.0, posinf=0.0) + 1e-300
        same = (got == expected) | (np.isnan(got) & np.isnan(expected)) | (gap <= allowed)
    return not bool(np.all(same))


def have_same_programs(original: Any, mutant: Any, dtypes: tuple[str, ...] = tuple(RUNS)) -> bool:
    """Return whether JAX traces two transformations, and their derivatives, to the same operations in some dtypes."""
    values = all(_have_same_program(original, mutant, dtype, _step) for dtype in dtypes)
    return values and _have_same_program(original, mutant, "float64", _step_derivative)


def _have_same_program(original: Any, mutant: Any, dtype: str, step: Callable[..., Any]) -> bool:
    programs = _trace_original(original, dtype, step), _trace(mutant, dtype, step)
    return programs[0] == programs[1] != ""


@functools.lru_cache(maxsize=1024)
def _trace_original(original: Any, dtype: str, step: Callable[..., Any]) -> str:
    return _trace(original, dtype, step)


def _trace(tx: Any, dtype: str, step: Callable[..., Any]) -> str:
    """Return the program of a step with its constants as text, and "" if it cannot be traced."""
    inputs = draw_inputs(dtype, *RUNS[dtype])
    gradients, params, directions = (jax.tree.map(lambda leaf: leaf[0], tree) for tree in inputs)
    with jax.enable_x64(dtype in ("float64", "mixed")):
        try:
            program = jax.make_jaxpr(functools.partial(step, tx))(gradients, params, directions)
        except Exception:
            return ""
    return write_program(program)


def _step(tx: Any, gradients: Any, params: Any, directions: Any) -> Any:
    """Compute one update, alone and where the gradient of a chain is another signal."""
    gradient, state = jax.tree.map(lambda leaf: leaf[0], gradients), tx.init(params)
    split = tx.update(directions, state, params, grads=gradient) if reads_gradient(tx) else ()
    return tx.update(gradient, state, params), split


def _step_derivative(tx: Any, gradients: Any, params: Any, directions: Any) -> Any:
    """Differentiate one update."""
    return _derive(tx)(jax.tree.map(lambda leaf: leaf[0], gradients), tx.init(params), params, directions)


@functools.lru_cache(maxsize=128)
def _observe_original(original: Any, dtype: str, part: Callable[..., Any]) -> list[Observation]:
    inputs = draw_inputs(dtype, *RUNS[dtype])
    return observe(original, dtype, part, inputs, inputs.perturb())


def observe(tx: Any, dtype: str, part: Callable[..., Any], *runs: Inputs) -> list[Observation]:
    """Return what a part of the comparison computes with each of some inputs."""
    with jax.enable_x64(dtype in ("float64", "mixed")):
        results = []
        program: Any = None
        for inputs in runs:
            try:
                program = part(tx) if program is None else program
                leaves = jax.tree_util.tree_leaves_with_path(program(*jax.tree.map(jnp.asarray, tuple(inputs))))
            except Exception as error:
                results.append(Observation(f"it raised {type(error).__name__}", []))
                continue
            text = ", ".join(f"{jax.tree_util.keystr(path)} {leaf.dtype}{leaf.shape[1:]}" for path, leaf in leaves)
            results.append(Observation(text, [_to_wide(leaf) for _, leaf in leaves]))
        return results


def _run_alone(tx: Any) -> Callable[..., Any]:
    return _loop(tx, lambda gradient, state, params, directions: tx.update(gradient, state, params))


def _run_with_direction(tx: Any) -> Callable[..., Any]:
    """Hand the same direction to each step, beside the gradient of the chain."""
    return _loop(tx, lambda gradient, state, params, directions: tx.update(directions, state, params, grads=gradient))


def _run_derivatives(tx: Any) -> Callable[..., Any]:
    """Differentiate the update of the first step, and of one with a state, with respect to the gradient."""
    return _loop(tx, _derive(tx))


def _derive(tx: Any) -> Callable[..., Any]:
    def derive(gradient: Any, state: Any, params: Any, directions: Any) -> Any:
        def total(gradient: Any) -> Any:
            updates, after = tx.update(gradient, state, params)
            weighted = [jnp.sum(jnp.cos(jnp.arange(u.size)) * u.ravel()) for u in jax.tree.leaves(updates)]
            return sum(weighted, jnp.zeros(())), after

        return jax.grad(total, has_aux=True)(gradient)

    return derive


def _loop(tx: Any, step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs steps side by side, and returns their results and the last states.

    Nothing is compiled: all transformations run the same operations on the same shapes.
    """
    together = jax.vmap(step)

    def loop(gradients: Any, params: Any, directions: Any) -> Any:
        state, results = _advance_counters(jax.vmap(tx.init)(params)), []
        for at in range(jax.tree.leaves(gradients)[0].shape[1]):
            gradient = jax.tree.map(lambda leaf, at=at: leaf[:, at], gradients)
            result, state = together(gradient, state, params, directions)
            results.append(result)
        return results, list(jax.tree.leaves(state))

    return loop


def _advance_counters(state: Any) -> Any:
    """Return states in which the counters of some runs are late, as after thousands of steps."""

    def advance(leaf: jax.Array) -> jax.Array:
        if not jnp.issubdtype(leaf.dtype, jnp.signedinteger):
            return leaf
        late = jnp.asarray(_LATE, leaf.dtype)[jnp.arange(len(leaf)) % len(_LATE)]
        return leaf + late.reshape(-1, *[1] * (leaf.ndim - 1))

    return jax.tree.map(advance, state)


def _to_wide(leaf: jax.Array) -> np.ndarray:
    array = np.asarray(leaf)
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
