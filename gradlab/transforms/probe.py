"""`probe`, which records measures of the direction and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..base import transformation
from ..claims import ELEMENTWISE_AND_SYMMETRIC
from ..equations import Expression, Writer, equation_of
from ..mesh_axes import AxisName, count_elements, max_over, read_axis_names, sum_over
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
    axes: tuple[str, ...] = ()  # the mesh axes over which leaves are sharded


# No argument of a probe changes an update.
@transformation(claims={**dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True), "except": ("every argument matters",)})
def probe(name: str, *measures, per_leaf: bool = False, axis_name: AxisName = None):
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

    Inside `jax.shard_map`, `axis_name` names the mesh axis, or the tuple of axes, over which leaves are sharded, as in
    `clip_by_global_norm`. Without it, the measures are those of the shard. Functions of yours always see the shard.

    Raises ValueError for a measure that is not known, and TypeError for a function that returns no real scalar and for
    an `axis_name` that is no name. `update` raises ValueError where no axis has that name.
    """
    axes = read_axis_names("probe", axis_name)
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
        measured = measure_all(Signals(updates, grads, params, state.last, axes))
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
    leaves = [jax.tree.leaves(tree) or [()] * len(names) for tree in signals[:-1]]
    return {name: Signals(*part, signals.axes) for name, part in zip(names, zip(*leaves, strict=True), strict=True)}


def _dtype_of(leaves: list[jax.Array]) -> Any:
    """Return the widest real dtype of some leaves, which are at least float32."""
    return max([jnp.dtype("float32"), *(leaf.real.dtype for leaf in leaves)], key=lambda dtype: dtype.itemsize)


def _add_up(function: Callable[[jax.Array], jax.Array], tree: Any, axes: tuple[str, ...]) -> jax.Array:
    """Return the sum over all elements of a real function of them."""
    leaves = jax.tree.leaves(tree)
    dtype = _dtype_of(leaves)
    sums = (sum_over(axes, function(leaf).astype(dtype).sum(), like=leaf) for leaf in leaves)
    return sum(sums, jnp.zeros((), dtype))


def _average(function: Callable[[jax.Array], jax.Array], signals: Signals) -> jax.Array:
    return _add_up(function, signals.direction, signals.axes) / _count(signals)


def _count(signals: Signals) -> int:
    """Return the number of elements, and 1 for a tree without any, whose means are 0."""
    return sum(count_elements(signals.axes, leaf) for leaf in jax.tree.leaves(signals.direction)) or 1


def _largest(tree: Any, axes: tuple[str, ...]) -> jax.Array:
    leaves = jax.tree.leaves(tree)
    dtype = _dtype_of(leaves)
    maxima = [magnitude(leaf).max().astype(dtype) for leaf in leaves if leaf.size]
    return max_over(axes, jnp.stack([jnp.zeros((), dtype), *maxima]).max())


def _unit(tree: Any, axes: tuple[str, ...]) -> jax.Array:
    """Return the largest magnitude, or 1 where that is no scale; no square overflows or vanishes in these units."""
    largest = _largest(tree, axes)
    return jax.lax.stop_gradient(jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1))


def _relative(tree: Any, axes: tuple[str, ...]) -> Any:
    unit = _unit(tree, axes)
    return jax.tree.map(lambda leaf: leaf / unit.astype(leaf.dtype), tree)


def _norm(tree: Any, axes: tuple[str, ...]) -> jax.Array:
    return _unit(tree, axes) * square_root(_add_up(squared_magnitude, _relative(tree, axes), axes))


def _cosine(left: Any, right: Any, axes: tuple[str, ...]) -> jax.Array:
    left, right = _relative(left, axes), _relative(right, axes)
    products = jax.tree.map(lambda a, b: (a.conj() * b).real, left, right)
    return divide(divide(_add_up(lambda x: x, products, axes), _norm(left, axes)), _norm(right, axes))


_MEASURES: dict[str, Callable[[Signals], jax.Array]] = {
    "norm": lambda s: _norm(s.direction, s.axes),
    "rms": lambda s: _norm(s.direction, s.axes) / _count(s) ** 0.5,
    "mean": lambda s: _average(jnp.real, s),
    "max": lambda s: _largest(s.direction, s.axes),
    "zeros": lambda s: _average(lambda x: x == 0, s),
    "nonfinite": lambda s: _average(lambda x: ~jnp.isfinite(x), s),
    "effective_rate": lambda s: divide(_norm(s.direction, s.axes), _norm(s.gradient, s.axes)),
    "relative_size": lambda s: divide(_norm(s.direction, s.axes), _norm(s.params, s.axes)),
    "cosine": lambda s: _cosine(s.direction, s.last, s.axes),
    "gradient_cosine": lambda s: _cosine(s.direction, s.gradient, s.axes),
}


@equation_of(probe)
def _(write: Writer, name: str, measures: Any, per_leaf: bool, axis_name: Any) -> Expression:
    return write.whole()
