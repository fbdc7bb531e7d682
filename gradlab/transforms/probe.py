"""`probe`, which records measures of the direction and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..base import transformation
from ..claims import ELEMENTWISE_AND_SYMMETRIC
from ..equations import Expression, Writer, equation_of
from ..safe_arithmetic import divide, magnitude, square_root, squared_magnitude


class ProbeState(NamedTuple):
    """The state of `probe`."""

    measured: Any  # what was measured at the last step, by name: real scalars, zeros before the first step
    last: Any  # the direction of the last step, like the parameters, or () if no measure compares with it

    def metrics(self) -> Mapping[str, jax.Array]:
        """Return the measures by name."""
        return self.measured


class Signals(NamedTuple):
    """The trees of which measures are taken. One that is not needed may be None."""

    direction: Any
    gradient: Any  # that of the chain
    params: Any
    last: Any  # the direction of the step before


# No argument of a probe changes an update.
@transformation(claims={**dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True), "except": ("every argument matters",)})
def probe(name: str, *measures, per_leaf: bool = False):
    r"""Record measures of the direction at this place of a chain, and change nothing, $d' = d$.

    `gl.metrics(state)` returns them under `name/measure`, such as `update/norm`; before the first step they are 0.
    `name` is any text. `measures` are names from this list, by default `"norm"` alone:

    - `"norm"`: the Euclidean norm. `"rms"`: the root of the mean square of the elements.
    - `"mean"`: the mean of the elements, of complex ones of their real parts. `"max"`: the largest magnitude.
    - `"zeros"`, `"nonfinite"`: the share of the elements that are zero, and that are infinite or NaN.
    - `"effective_rate"`: the norm of the direction in units of that of the chain's gradient.
    - `"relative_size"`: the norm of the direction in units of that of the parameters. Needs `params`.
    - `"cosine"`: the cosine of the angle to the direction of the last step, which it keeps, so the state grows by one
      copy of the parameters; 0 at the first step.
    - `"gradient_cosine"`: the cosine of the angle to the gradient of the chain.

    A measure may also be a function of the tree of the direction that returns a real scalar; its name is that of the
    function. Quotients are 0 where the denominator is 0. With `per_leaf`, each leaf is measured by itself, under
    `name/path of the leaf/measure`.

    Raises ValueError for a measure that is not known, and TypeError for a function that returns no real scalar.
    """
    chosen = {_name(measure): _find_measure(measure) for measure in measures or ("norm",)}
    remembers, reads_params = "cosine" in chosen, "relative_size" in chosen
    reads_gradient = bool({"effective_rate", "gradient_cosine"} & set(chosen))

    def measure_all(signals):
        taken = {}
        for place, part in _take_apart(signals, per_leaf).items():
            for measure, take in chosen.items():
                taken["/".join(filter(None, (name, place, measure)))] = _require_scalar(measure, take(part))
        return taken

    def init(params):
        shapes = jax.eval_shape(measure_all, Signals(params, params, params, params))
        last = jax.tree.map(jnp.zeros_like, params) if remembers else ()
        return ProbeState(jax.tree.map(lambda shape: jnp.zeros((), shape.dtype), shapes), last)

    def record(updates, state, params, grads):
        if reads_params and params is None:
            raise ValueError(
                "probe: relative_size compares with the parameters; call update(updates, state, params), or leave "
                "that measure out"
            )
        measured = measure_all(Signals(updates, grads, params, state.last))
        return updates, ProbeState(measured, updates if remembers else ())

    def update(updates, state, params=None):
        return record(updates, state, params, updates)

    def update_with_gradient(updates, state, params=None, *, grads=None):
        return record(updates, state, params, updates if grads is None else grads)

    # A link that names `grads` cannot stand in every wrapper of another library, so a probe does so only if it must.
    return init, update_with_gradient if reads_gradient else update


def _name(measure: Any) -> str:
    return measure if isinstance(measure, str) else getattr(measure, "__name__", repr(measure))


def _find_measure(measure: Any) -> Callable[[Signals], Any]:
    """Return the function of a measure. Raises ValueError for an unknown name."""
    if callable(measure):
        return lambda signals: measure(signals.direction)
    if measure in _MEASURES:
        return _MEASURES[measure]
    raise ValueError(
        f"probe: a measure is a function of the direction, or one of {', '.join(_MEASURES)}; got {measure!r}"
    )


def _require_scalar(name: str, value: Any) -> jax.Array:
    """Return what a measure gave, as an array. Raises TypeError unless it is a real scalar."""
    array = jnp.asarray(value)
    if array.ndim or jnp.iscomplexobj(array):
        raise TypeError(f"probe: the measure {name} must return a real scalar; got {array.dtype}{list(array.shape)}")
    return array


def _take_apart(signals: Signals, per_leaf: bool) -> dict[str, Signals]:
    """Return the signals of each part that is measured by itself, by the path of the part."""
    if not per_leaf:
        return {"": signals}
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(signals.direction)[0]]
    names = [jax.tree_util.keystr(path, simple=True, separator="/") for path in paths]
    leaves = [jax.tree.leaves(tree) or [()] * len(names) for tree in signals]
    return {name: Signals(*part) for name, part in zip(names, zip(*leaves, strict=True), strict=True)}


def _dtype_of(leaves: list[jax.Array]) -> Any:
    """Return the widest real dtype of some leaves, which are at least float32."""
    return max([jnp.dtype("float32"), *(leaf.real.dtype for leaf in leaves)], key=lambda dtype: dtype.itemsize)


def _add_up(function: Callable[[jax.Array], jax.Array], tree: Any) -> jax.Array:
    """Return the sum over all elements of a real function of them."""
    leaves = jax.tree.leaves(tree)
    dtype = _dtype_of(leaves)
    return sum((function(leaf).astype(dtype).sum() for leaf in leaves), jnp.zeros((), dtype))


def _count(tree: Any) -> int:
    """Return the number of elements, and 1 for a tree without any, whose means are 0."""
    return sum(leaf.size for leaf in jax.tree.leaves(tree)) or 1


def _largest(tree: Any) -> jax.Array:
    leaves = jax.tree.leaves(tree)
    dtype = _dtype_of(leaves)
    maxima = [magnitude(leaf).max().astype(dtype) for leaf in leaves if leaf.size]
    return jnp.stack([jnp.zeros((), dtype), *maxima]).max()


def _unit(tree: Any) -> jax.Array:
    """Return the largest magnitude, or 1 where that is no scale; no square overflows or vanishes in these units."""
    largest = _largest(tree)
    return jax.lax.stop_gradient(jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1))


def _relative(tree: Any) -> Any:
    unit = _unit(tree)
    return jax.tree.map(lambda leaf: leaf / unit.astype(leaf.dtype), tree)


def _norm(tree: Any) -> jax.Array:
    return _unit(tree) * square_root(_add_up(squared_magnitude, _relative(tree)))


def _cosine(left: Any, right: Any) -> jax.Array:
    left, right = _relative(left), _relative(right)
    products = jax.tree.map(lambda a, b: (a.conj() * b).real, left, right)
    return divide(divide(_add_up(lambda x: x, products), _norm(left)), _norm(right))


_MEASURES: dict[str, Callable[[Signals], jax.Array]] = {
    "norm": lambda signals: _norm(signals.direction),
    "rms": lambda signals: _norm(signals.direction) / _count(signals.direction) ** 0.5,
    "mean": lambda signals: _add_up(jnp.real, signals.direction) / _count(signals.direction),
    "max": lambda signals: _largest(signals.direction),
    "zeros": lambda signals: _add_up(lambda x: x == 0, signals.direction) / _count(signals.direction),
    "nonfinite": lambda signals: _add_up(lambda x: ~jnp.isfinite(x), signals.direction) / _count(signals.direction),
    "effective_rate": lambda signals: divide(_norm(signals.direction), _norm(signals.gradient)),
    "relative_size": lambda signals: divide(_norm(signals.direction), _norm(signals.params)),
    "cosine": lambda signals: _cosine(signals.direction, signals.last),
    "gradient_cosine": lambda signals: _cosine(signals.direction, signals.gradient),
}


@equation_of(probe)
def _(write: Writer, name: str, measures: Any, per_leaf: bool) -> Expression:
    return write.whole()
