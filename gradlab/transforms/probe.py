"""`probe`, which records measures of the direction and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..arithmetic.mesh_axes import AxisName, count_elements, max_over, read_axis_names, sum_over
from ..arithmetic.safe_arithmetic import divide, magnitude, square_root, squared_magnitude
from ..core.claims import ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of
from ..selectors.base import Selector, as_selector
from ..selectors.leaves import read_leaves


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
    gradient: Any  # the gradient of the chain
    params: Any
    last: Any  # the direction of the step before
    axes: tuple[str, ...] = ()  # the mesh axes over which leaves are sharded


# No argument of a probe changes an update.
@transformation(claims=dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True) | {"except": ("every argument matters",)})
def probe(name: str, *measures, per_leaf: bool = False, groups=None, axis_name: AxisName = None):
    r"""Record measures of the direction at this place of a chain, and change nothing, $d' = d$.

    `gl.metrics(state)` returns them under `name/measure`, such as `update/norm`; before the first step they are 0.
    `name` is any text. `measures` are names from this list, by default `"norm"` alone:

    - `"norm"`: the Euclidean norm.
    - `"rms"`: the root of the mean square of the elements.
    - `"mean"`: the mean of the elements, of complex ones of their real parts.
    - `"max"`: the largest magnitude.
    - `"zeros"`: the share of the elements that are zero.
    - `"nonfinite"`: the share of the elements that are infinite or NaN.
    - `"effective_rate"`: the norm of the direction in units of that of the chain's gradient.
    - `"relative_size"`: the norm of the direction in units of that of the parameters. Needs `params`.
    - `"cosine"`: the cosine of the angle to the direction of the last step, which it keeps, so the state grows by one
      copy of the parameters; 0 at the first step.
    - `"gradient_cosine"`: the cosine of the angle to the gradient of the chain.

    A measure may also be a function of the tree of the direction that returns a real scalar; its name is that of the
    function. Quotients are 0 where the denominator is 0.

    With `per_leaf`, each leaf is measured by itself, under `name/path of the leaf/measure`. `groups` is a dictionary of
    selectors by name, such as `{"kernels": gl.ndim(2)}`, and each group is measured by itself, under
    `name/name of the group/measure`. Inside `jax.shard_map`, `axis_name` names the mesh axis, or the tuple of axes,
    over which leaves are sharded, as in `clip_by_global_norm`. Without it, the measures are those of the shard.
    Functions of yours always see the shard.

    Raises ValueError for a measure that is not known, or for two of one name. Raises TypeError for a function that
    returns no real scalar, or for groups that are no selectors. `update` raises ValueError where no axis has the name.

    >>> tx, gradient = gl.chain(gl.probe("gradient", "norm", "max"), gl.sgd(0.1)), jnp.array([3.0, -4.0])
    >>> _, state = tx.update(gradient, tx.init(gradient))
    >>> print({name: float(value) for name, value in gl.metrics(state).items()})
    {'gradient/max': 4.0, 'gradient/norm': 5.0}
    """
    axes = read_axis_names("probe", axis_name)
    selectors = {key: as_selector(value, f"probe: group {key}") for key, value in (groups or {}).items()}
    names = [_name(measure) for measure in measures or ("norm",)]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise ValueError(f"probe: two measures have the name {repeated[0]}; give each function a name of its own")
    chosen = {name: _find_measure(measure) for name, measure in zip(names, measures or ("norm",), strict=True)}
    remembers, reads_params = "cosine" in chosen, "relative_size" in chosen
    reads_gradient = bool({"effective_rate", "gradient_cosine"} & set(chosen))

    def measure_all(signals):
        taken = {}
        for place, part in _take_apart(signals, per_leaf, selectors).items():
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
    if isinstance(measure, str) and measure in _MEASURES:
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


def _take_apart(signals: Signals, per_leaf: bool, groups: Mapping[str, Selector]) -> dict[str, Signals]:
    """Return the signals of each part that is measured by itself, by its name."""
    if not per_leaf and not groups:
        return {"": signals}
    leaves = read_leaves(signals.direction)
    parts = {str(leaf): [other is leaf for other in leaves] for leaf in leaves} if per_leaf else {}
    for name, selector in groups.items():
        if name in parts:
            raise ValueError(f"probe: the group {name!r} has the name of a leaf, and per_leaf is set; rename the group")
        parts[name] = selector.choose(leaves)
    return {name: _select(signals, on) for name, on in parts.items()}


def _select(signals: Signals, on: Sequence[bool]) -> Signals:
    """Return the signals of some leaves alone. A tree that is not needed has no leaves."""
    trees: list[Any] = [
        [leaf for leaf, chosen in zip(jax.tree.leaves(tree), on, strict=False) if chosen] for tree in signals[:4]
    ]
    return Signals(*trees)._replace(axes=signals.axes)


def _dtype_of(leaves: list[jax.Array]) -> Any:
    """Return the widest real dtype of some leaves, which are at least float32."""
    return max([jnp.dtype("float32"), *(leaf.real.dtype for leaf in leaves)], key=lambda dtype: dtype.itemsize)


def _add_up(function: Callable[[jax.Array], jax.Array], tree: Any, axes: tuple[str, ...]) -> jax.Array:
    """Return the sum over all elements of a real function of them."""
    leaves = jax.tree.leaves(tree)
    dtype = _dtype_of(leaves)
    sums = (sum_over(axes, function(leaf).astype(dtype).sum(), like=leaf) for leaf in leaves)
    return sum(sums, jnp.zeros((), dtype))


def _mean(function: Callable[[jax.Array], jax.Array], signals: Signals) -> jax.Array:
    """Return the mean over all elements of the direction of a real function of them, and 0 for a tree without any."""
    count = sum(count_elements(signals.axes, leaf) for leaf in jax.tree.leaves(signals.direction))
    return _add_up(function, signals.direction, signals.axes) / (count or 1)


def _largest(tree: Any, axes: tuple[str, ...]) -> jax.Array:
    leaves = jax.tree.leaves(tree)
    dtype = _dtype_of(leaves)
    maxima = [magnitude(leaf).max().astype(dtype) for leaf in leaves if leaf.size]
    return max_over(axes, jnp.stack([jnp.zeros((), dtype), *maxima]).max())


def _relative(tree: Any, axes: tuple[str, ...]) -> tuple[jax.Array, Any]:
    """Return the largest magnitude, or 1 where that is no scale, and the tree in this unit, without huge squares."""
    largest = _largest(tree, axes)
    unit = jax.lax.stop_gradient(jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1))
    return unit, jax.tree.map(lambda leaf: leaf / unit.astype(leaf.dtype), tree)


def _norm(tree: Any, axes: tuple[str, ...]) -> jax.Array:
    unit, relative = _relative(tree, axes)
    return unit * square_root(_add_up(squared_magnitude, relative, axes))


def _cosine(left: Any, right: Any, axes: tuple[str, ...]) -> jax.Array:
    (_, left), (_, right) = _relative(left, axes), _relative(right, axes)
    products = jax.tree.map(lambda a, b: (a.conj() * b).real, left, right)
    return divide(divide(_add_up(lambda x: x, products, axes), _norm(left, axes)), _norm(right, axes))


def _root_mean_square(signals: Signals) -> jax.Array:
    unit, relative = _relative(signals.direction, signals.axes)
    return unit * square_root(_mean(squared_magnitude, signals._replace(direction=relative)))


_MEASURES: dict[str, Callable[[Signals], jax.Array]] = {
    "norm": lambda s: _norm(s.direction, s.axes),
    "rms": _root_mean_square,
    "mean": lambda s: _mean(jnp.real, s),
    "max": lambda s: _largest(s.direction, s.axes),
    "zeros": lambda s: _mean(lambda x: x == 0, s),
    "nonfinite": lambda s: _mean(lambda x: ~jnp.isfinite(x), s),
    "effective_rate": lambda s: divide(_norm(s.direction, s.axes), _norm(s.gradient, s.axes)),
    "relative_size": lambda s: divide(_norm(s.direction, s.axes), _norm(s.params, s.axes)),
    "cosine": lambda s: _cosine(s.direction, s.last, s.axes),
    "gradient_cosine": lambda s: _cosine(s.direction, s.gradient, s.axes),
}


@equation_of(probe)
def _(write: Writer, name: str, **options: Any) -> Expression:
    return write.whole()
