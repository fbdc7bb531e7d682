"""Short runs of a subject at many settings of its arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ...compilation.fast_compilation import jit_fast
from ..inputs.gradient_sequences import SEQUENCES, draw, spread_over_steps
from ..inputs.trees import map_shapes, move, sample, select_ranks, to_array
from ..verdicts.exceptions import summarize
from ..verdicts.law import NotApplicable
from . import double_precision_runs
from .programs import write_program
from .settings import UNCHANGED, Argument, Setting, change, list_arguments, make, show_number
from .subject import Subject

STEPS = 6
LONG = 300  # steps of the runs in which an argument may matter that did not in a few steps
# The shapes of two leaves of the network, so that eager calls run what other laws have compiled.
_SHAPES: dict[str, Any] = {"kernel": (7, 3), "bias": (3,)}
_LOOPS = ("while", "scan", "cond")  # an eager call compiles them again each time


class SettingRuns:
    """The runs of a subject at settings, each of which is computed once.

    A run is the list of the updates, or the exception that was raised. All runs see the same start and gradients: of
    ordinary and of other sizes, some exactly zero, and a bias that starts at zero.
    """

    def __init__(self, subject: Subject):
        self.subject = subject
        self.arguments = list_arguments(subject)
        shapes = fit_shapes(subject)
        self.start = draw_start(shapes)
        self.gradients = draw_gradients(shapes)
        self._runs: dict[Any, Any] = {}
        self._long_runs: dict[Any, Any] = {}

    def get(self, setting: Setting) -> Any:
        """Return the run at a setting, or the exception that was raised there.

        If the transformation has loops, which take long to compile, it is the text of the traced program instead. If
        two texts are equal, so are the runs.
        """
        key = _identify(setting)
        if key not in self._runs:
            self._runs[key] = self.compute(setting, self.trace if self.has_loops else self.run)
        return self._runs[key]

    def get_long(self, setting: Setting) -> Any:
        """Return a run of hundreds of steps on all gradient sequences at a setting, or the exception."""
        key = _identify(setting)
        if key not in self._long_runs:
            shapes = fit_shapes(self.subject)
            start, gradients = double_precision_runs.draw_start(shapes), draw(tuple(SEQUENCES), LONG, shapes)
            try:
                tx = make(self.subject, setting)
                self._long_runs[key] = double_precision_runs.run(tx, start, gradients, self.subject.extra)
            except Exception as error:
                self._long_runs[key] = error
        return self._long_runs[key]

    def compute(self, setting: Setting, run: Callable[[Any], Any] | None = None) -> Any:
        """Call the factory at a setting, and return the run of its transformation, or the exception that was raised."""
        try:
            return (run or self.run)(make(self.subject, setting))
        except Exception as error:
            return error

    def is_accepted(self, setting: Setting) -> bool:
        """Call the factory, and return whether it accepts these values."""
        try:
            make(self.subject, setting)
        except Exception:
            return False
        return True

    def get_state(self, setting: Setting) -> Any:
        """Return the floating-point numbers in the state after a run at a setting, or the exception."""
        try:
            state = self._run(make(self.subject, setting))[1]
        except Exception as error:
            return error
        return [np.asarray(leaf) for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.inexact)]

    def run(self, tx: Any) -> list[Any]:
        """Return the updates of a transformation: uncompiled, which is faster for a few steps without loops."""
        return self._run(tx)[0]

    def _run(self, tx: Any) -> tuple[list[Any], Any]:
        tx = optax.with_extra_args_support(tx)

        def update(*arguments: Any) -> Any:
            return tx.update(*arguments, **self.subject.extra)

        update = jit_fast(update) if self.has_loops else update
        params, results = self.start, []
        state = tx.init(params)
        for gradient in self.gradients:
            updates, state = update(gradient, state, params)
            params = move(params, updates)
            results.append(jax.tree.map(np.asarray, updates))
        return results, state

    def trace(self, tx: Any) -> str:
        """Return the program of one step of a transformation, with its constants, as text."""
        tx = optax.with_extra_args_support(tx)

        def step(gradient: Any, params: Any) -> Any:
            return tx.update(gradient, tx.init(params), params, **self.subject.extra)

        program = jax.make_jaxpr(step)(self.gradients[0], self.start)
        return write_program(program)

    @functools.cached_property
    def has_loops(self) -> bool:
        """True if an uncompiled call would compile a loop each time."""
        try:
            text = self.trace(self.subject.tx)
        except Exception:  # what cannot be traced may run uncompiled
            return False
        return any(f"{loop}[" in text for loop in _LOOPS)

    def require(self) -> None:
        """Raise NotApplicable if no argument is known, or if the subject cannot run as it was given."""
        if not self.arguments:
            raise NotApplicable("no numeric argument is known: pass a factory and its arguments (--arg)")
        result = self.get(UNCHANGED)
        if isinstance(result, Exception):
            raise NotApplicable(f"it does not run on a matrix and a vector: {summarize(result)}")


@functools.lru_cache(maxsize=2)
def runs_of(subject: Subject) -> SettingRuns:
    """Return the runs of a subject. All laws use the same ones."""
    return SettingRuns(subject)


def fit_shapes(subject: Subject) -> Any:
    """Return the shapes of a matrix and a vector, without those that the subject's domain excludes."""
    return select_ranks(_SHAPES, subject.network)


def draw_start(shapes: Any) -> Any:
    """Draw parameters: normal numbers, but zeros for a vector that is not the only leaf."""
    start = sample(shapes, seed=5)
    vectors = [] if len(start) == 1 else [name for name, leaf in start.items() if leaf.ndim <= 1]
    return start | {name: to_array(np.zeros(start[name].shape), start[name].dtype) for name in vectors}


def draw_gradients(shapes: Any, steps: int = STEPS) -> list[Any]:
    """Draw a sequence of gradients whose rows differ in size, and of which a part vanishes at one step."""
    random = np.random.default_rng(97)

    def leaf(shape: tuple[int, ...]) -> np.ndarray:
        sizes = spread_over_steps(np.resize([1.0, 1e-3, 30.0], shape[0]), shape)
        gradients = sizes * random.standard_normal((steps, *shape))
        gradients[steps // 2] *= np.arange(shape[-1]) != 1
        return gradients.astype(np.float32)

    drawn = map_shapes(leaf, shapes)
    return [jax.tree.map(lambda leaf, step=step: to_array(leaf[step], leaf.dtype), drawn) for step in range(steps)]


def _identify(setting: Setting) -> Any:
    return tuple((name, type(value), value) for name, value in setting.changes.items())


def list_alone(argument: Argument) -> list[Setting]:
    """Return the settings in which this argument alone has one of its other values."""
    return [change((argument, other)) for other in argument.others]


def list_refused(runs: SettingRuns, arguments: list[Argument]) -> dict[str, str]:
    """Return the arguments whose other values are all refused, each with what the factory says about one of them."""
    refused: dict[str, str] = {}
    for argument in arguments:
        error = find_refusal(runs, argument)
        if error is not None:
            refused[argument.name] = (
                f"the factory refuses other values of {argument.name} than {show_number(argument.value)}, such as "
                f"{show_number(argument.others[0])}: {summarize(error)}"
            )
    return refused


def find_refusal(runs: SettingRuns, argument: Argument) -> Exception | None:
    """Return what a factory raises for another value of an argument, if it refuses all of them, or None.

    Each of them is tried alone and, because two arguments may have to fit each other, beside other values of another
    argument and of all others. So are numbers that hardly differ from the given one.
    """
    others = [other for other in runs.arguments if other is not argument]
    contexts: list[list[Argument]] = [[], others, *([other] for other in others)]
    first: Exception | None = None
    for context in contexts:
        for value in (*argument.others, *_list_near(argument.value)):
            try:
                make(runs.subject, change((argument, value), *((other, other.others[0]) for other in context)))
                return None
            except Exception as error:
                first = first or error
    return first


def _list_near(value: Any) -> tuple[float, ...]:
    if not isinstance(value, float | np.floating):
        return ()
    return (float(value) * 0.999, float(value) * 1.001) if value else (1e-6,)


def is_same_run(left: Any, right: Any) -> bool:
    """Return whether two runs are the same, to the last bit. NaN equals NaN."""
    if isinstance(left, str):
        return left == right
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return all(np.array_equal(np.asarray(a, np.float64), np.asarray(b, np.float64), equal_nan=True) for a, b in pairs)
