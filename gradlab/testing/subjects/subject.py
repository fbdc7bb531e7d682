"""The transformation under examination, small inputs to run it on, and the comparison of results."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import numpy as np
import optax

from ...compilation.fast_compilation import jit_fast
from ...core.base import Transformation
from ...core.transformation_calls import signals_of
from ..inputs.trees import TREES, list_shapes, map_shapes, move, sample, samples, select_leaves
from ..verdicts.exceptions import describe
from ..verdicts.law import NotApplicable
from .gaps import describe_gap, describe_mismatch, find_largest_gap
from .surroundings import Snapshot

DTYPES = ("float32", "bfloat16", "float16", "float64", "complex64")  # of the parameters to try by default

# Why laws of declared hyperparameters do not apply to a plain factory or pair.
UNDECLARED = "only transformations of gradlab declare the ranges of their hyperparameters, and take schedules for them"


class Subject:
    """A transformation under examination.

    `tx` is any `(init, update)` pair. `remake`, if it is known, makes it again from a dictionary of numeric
    hyperparameters: the leaves of a gradlab value, or the numeric arguments of a factory.

    `arguments` are all arguments of the `factory`, a plain function that returned `tx`: those that were given, and the
    defaults of the others. Without such a factory they are those of a gradlab value. It is empty if they are not known.
    `factory` takes those arguments that are to be changed.

    `trees` are the trees of parameters to examine it on, by name. `network`, the last of them, has leaves of all kinds,
    and `small` is one vector. If its domain is "matrices", other leaves are left out, and `small` is one matrix.
    `pair` is a dict of two leaves like `small`, whose keys are not in alphabetical order. Uncompiled calls are made on
    these two only, because JAX compiles every operation for each new shape. `long` is one leaf of more numbers.

    `link` says why it is a link of a chain, and need not descend by itself. `unknown_numbers` says why no numeric
    hyperparameter is known. `failures` are the exceptions that the trial saw, by the kind of leaves: such leaves, and
    dtypes that are refused, are not among those to examine it on.
    """

    def __init__(
        self,
        tx: optax.GradientTransformation,
        *,
        label: str,
        hyperparameters: Mapping[str, Any] | None = None,
        remake: Callable[[dict[str, Any]], optax.GradientTransformation] | None = None,
        dtypes: tuple[str, ...] = ("float32",),
        claims: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        factory: Callable[..., Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
        link: str | None = None,
        unknown_numbers: str = "pass a factory and its arguments (--arg on the command line)",
    ):
        self.tx = optax.with_extra_args_support(tx)
        self.value = tx if isinstance(tx, Transformation) else None
        self.label, self.link, self.unknown_numbers = label, link, unknown_numbers
        self.dtypes = dtypes
        self.claims = dict(claims or {})
        signals = signals_of(tx)
        self.extra = {name: value for name, value in _SIGNALS.items() if name in signals} | dict(extra or {})
        self.hyperparameters = dict(hyperparameters or {})
        self.remake, self.factory = remake, factory
        self.arguments = dict(arguments or {}) if self.value is None or factory else self.value.arguments
        if self.value is not None and remake is None:
            paths, structure = jax.tree_util.tree_flatten_with_path(tx)
            self.hyperparameters = {jax.tree_util.keystr(path).lstrip("."): leaf for path, leaf in paths}
            names = tuple(self.hyperparameters)  # a compiled program receives a dictionary in the order of its keys
            self.remake = lambda values: jax.tree.unflatten(structure, [values[name] for name in names])
        self.domain: tuple[str, ...] = tuple(self.claims.get("domain", ()))
        self.failures: dict[str, Exception] = {}
        self.broken_laws: set[str] = set()  # those that make another one say nothing
        self.trees = dict(TREES)
        self.surroundings: Snapshot | None = None  # those before it was made, if known
        self.takes: Callable[[tuple[int, ...]], bool] = lambda shape: True  # whether leaves of a shape are examined
        if "matrices" in self.domain:
            self.leave_out(lambda shape: len(shape) == 2)
        if "stacked" in self.domain:
            self.trees = {name: map_shapes(lambda shape: (2, *shape), tree) for name, tree in self.trees.items()}
            self.takes = bool
        if "real" in self.domain:
            self.dtypes = tuple(dtype for dtype in dtypes if "complex" not in dtype)
        self.first_trace: tuple[Any, Any] | None = None  # the program of its first call, and the arguments
        self.traces = 0
        self._jitted = jit_fast(self._counted)
        self._jitted_init = jit_fast(lambda params: self.tx.init(params))
        self._is_init_compiled = True  # unless it cannot be

    @property
    def network(self) -> Any:
        """The tree of shapes with leaves of all kinds."""
        return self.trees["a network"]

    @property
    def small(self) -> Any:
        """The smallest tree of shapes that has an axis."""
        return next(self.trees[name] for name in ("one vector", "one matrix", "a network") if name in self.trees)

    @property
    def pair(self) -> dict[str, Any]:
        """Two leaves like `small`, with keys that are not in alphabetical order."""
        return {"second": self.small, "first": self.small}

    @property
    def scalar_shapes(self) -> set[tuple[int, ...]]:
        """The shapes of a number that belongs to no element, such as a count: one, or one for each layer of a stack."""
        return {(), (2,)} if "stacked" in self.domain else {()}

    @property
    def long(self) -> tuple[int, ...]:
        """The shape of one leaf of more numbers."""
        return (64, *self.small[1:])

    @functools.cached_property
    def parameter_rounding(self) -> float:
        """The rounding of four steps of the parameters in float32; 0 if the updates do not depend on the parameters.

        An update that is the difference of two points is exact only up to the rounding of these points.
        """
        points = [sample(self.pair), sample(self.pair, seed=5)]
        runs = [self.run(self.jitted, samples(self.pair), point) for point in points]
        if all(find_largest_gap(left, right)[0] == 0 for left, right in zip(*runs, strict=True)):
            return 0.0
        largest = max(float(np.max(np.abs(leaf))) for leaf in jax.tree.leaves(sample(self.network)) if leaf.size)
        return 4 * float(np.finfo(np.float32).eps) * largest

    @functools.cached_property
    def has_stable_state(self) -> bool:
        """True if update returns a state like that of init, for float32 leaves. One law alone is about this."""
        try:
            with jax.enable_x64(False):
                params = sample(self.small)
                state = jax.eval_shape(self.tx.init, params)
                return describe_mismatch(jax.eval_shape(self.update, params, state, params)[1], state) is None
        except Exception:
            return True

    def describe_state_mismatch(self, after: Any, before: Any) -> str | None:
        """Return where the state from update differs from that of init; None if it does so for all leaves."""
        return describe_mismatch(after, before) if self.has_stable_state else None

    def describe_gap(self, left: Any, right: Any, factor: float = 1.0) -> str | None:
        """Return where two trees of float32 updates differ by more than rounding explains, as text, or None."""
        if describe_gap(left, right, "float32", factor) is None:
            return None
        return describe_gap(left, right, "float32", factor, self.parameter_rounding)

    def require_complex(self) -> None:
        """Raise `NotApplicable` if complex leaves are refused, or not among the dtypes to examine."""
        if "complex64 leaves" in self.failures:
            raise NotApplicable(f"it refuses complex leaves: {describe(self.failures['complex64 leaves'])}")
        if "complex64" not in self.dtypes:
            raise NotApplicable("complex64 is not among the dtypes examined")

    def leave_out(self, is_kept: Callable[[tuple[int, ...]], bool]) -> None:
        """Keep only those leaves of the trees whose shape meets a condition."""
        before = self.takes
        self.trees = select_leaves(self.trees, is_kept)
        self.takes = lambda shape: before(shape) and is_kept(shape)

    def _counted(self, updates: Any, state: Any, params: Any) -> Any:
        self.traces += 1
        return self.update(updates, state, params)

    def update(self, updates: Any, state: Any, params: Any) -> Any:
        """Call `update` uncompiled."""
        return self.tx.update(updates, state, params, **self.extra)

    def jitted(self, updates: Any, state: Any, params: Any) -> Any:
        """Call `update` compiled. All laws share the program."""
        return self._jitted(updates, state, params)

    def start(self, params: Any) -> Any:
        """Return the state from `init`, compiled where an uncompiled call would compile it operation by operation."""
        is_new = {np.shape(leaf) for leaf in jax.tree.leaves(params)} - set(list_shapes(self.small))
        return self.jitted_init(params) if is_new else self.tx.init(params)

    def jitted_init(self, params: Any) -> Any:
        """Call `init` compiled, or uncompiled if it cannot be compiled. All laws share the program."""
        if self._is_init_compiled:
            try:
                return self._jitted_init(params)
            except Exception:  # another law says what is wrong with it
                self._is_init_compiled = False
        return self.tx.init(params)

    def run(
        self, update: Callable[..., Any], gradients: list[Any], params: Any, init: Callable[..., Any] | None = None
    ) -> list[Any]:
        """Return the updates for a sequence of gradients, from a fresh state, applying each to the parameters.

        The state is that of `init`, by default of `start` or, for an uncompiled run, of the transformation's own.
        """
        init = init or (self.start if update == self.jitted else self.tx.init)
        state, results = init(params), []
        for gradient in gradients:
            updates, state = update(gradient, state, params)
            params = move(params, updates)
            results.append(updates)
        return results

    @contextlib.contextmanager
    def precision(self, dtype: str) -> Iterator[None]:
        """Switch double precision on if the dtype needs it."""
        if dtype in ("float64", "complex128"):
            with jax.enable_x64(True):
                yield
        else:
            yield

    def make_again(self, **changes: Any) -> optax.GradientTransformationExtraArgs:
        """Return another instance, with some hyperparameters changed. Raise `NotApplicable` if it cannot be made."""
        if self.remake is None:
            raise NotApplicable("it cannot be made again: pass a factory and its arguments instead")
        return optax.with_extra_args_support(self.remake(self.hyperparameters | changes))

    def require_remake(self) -> Callable[[dict[str, Any]], optax.GradientTransformation]:
        """Return `remake`, or raise `NotApplicable` if the hyperparameters are not known."""
        if self.remake is None or not self.hyperparameters:
            raise NotApplicable(f"no numeric hyperparameter is known: {self.unknown_numbers}")
        return self.remake


def _find_gradient_of_a_bowl(params: Any) -> Any:
    """Return the gradient of half the sum of all squares, which is the parameters."""
    return params


# What a training loop passes beside the gradient, where the author gives nothing else.
_SIGNALS: dict[str, Any] = {
    "gradient_fn": _find_gradient_of_a_bowl,
    "value": 1.0,
    "loss_scale": 1.0,
    "distance": 0.5,
    "rates": 0.5,
    "sampled_gradient": 0.5,
}
