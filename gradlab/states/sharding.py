"""Where the arrays of a state belong on a mesh of devices: beside the parameters, or spread over a further axis."""

from __future__ import annotations

import math
from typing import Any

import jax

from .origins import StateArray, find_origins

Entries = tuple[tuple[str, ...], ...]  # the mesh axes that shard each axis of an array


def state_sharding(
    tx: Any,
    params: Any,
    mesh: jax.sharding.Mesh | jax.sharding.AbstractMesh,
    spread: str | tuple[str, ...] | None = None,
) -> Any:
    """Return the `NamedSharding` of each array in the state of an optimizer, as a tree like `tx.init(params)`.

    Pass it to `jax.jit(tx.init, out_shardings=...)`, which creates each shard on its device and never the whole array,
    to the `in_shardings` and `out_shardings` of a training step, and to Orbax, which restores into it. No array is
    computed here.

    `params` are arrays or `jax.ShapeDtypeStruct`s. An array with a `NamedSharding` is sharded as that says, and any
    other counts as replicated. `mesh` has all axes that occur in these shardings.

    By default the state follows the parameters: an axis of a moment, of a factored moment or of a row of blocks is
    sharded like the axis of the parameter that it comes from. Counters, keys and whatever does not grow with the
    parameters are replicated.

    With `spread`, the name of a mesh axis or a tuple of them, each array of the state is cut further over that axis,
    along which the parameters are replicated (ZeRO-1). All arrays of one parameter are cut along the same axis of it,
    the largest one that divides in all of them, so that a moment, the codes of its blocks and their scales are cut at
    the same places, and a block is on one device. An array that lacks this axis, such as a factored moment, is cut
    along the next one. An array without such an axis stays as it is. So do arrays that are already sharded over an
    axis of `spread`.

    Raises TypeError for what is no mesh, and ValueError for a mesh that lacks an axis, and for a parameter with another
    kind of sharding that is not replicated.

    Source: Rajbhandari et al. (2020), ZeRO, stage 1.

    >>> mesh = jax.sharding.Mesh(jax.devices()[:1], "data")
    >>> shardings = gl.state_sharding(gl.sgd(0.1, momentum=0.9), jnp.zeros(8), mesh, spread="data")
    >>> tuple(shardings[0].moment.spec)
    ('data',)
    """
    if not isinstance(mesh, jax.sharding.Mesh | jax.sharding.AbstractMesh):
        raise TypeError(f"state_sharding: mesh must be a jax.sharding.Mesh, got {type(mesh).__name__}: {mesh!r}")
    spread_axes = () if spread is None else (spread,) if isinstance(spread, str) else tuple(spread)
    if missing := [name for name in spread_axes if name not in mesh.axis_names]:
        raise ValueError(
            f"spread names {', '.join(map(repr, missing))}, but the axes of the mesh are {mesh.axis_names}"
        )
    leaves = jax.tree_util.tree_leaves_with_path(params)
    entries = [_read_sharding(path, leaf, mesh) for path, leaf in leaves]
    arrays, structure = find_origins(tx, params)
    places = [_follow(array, entries, mesh) for array in arrays]
    if spread_axes:
        places = _spread(arrays, places, [leaf.shape for _, leaf in leaves], spread_axes, mesh)
    return jax.tree.unflatten(structure, [_as_sharding(place, mesh) for place in places])


def _read_sharding(path: Any, leaf: Any, mesh: Any) -> Entries:
    """Return the mesh axes that shard each axis of a parameter."""
    sharding = getattr(leaf, "sharding", None)
    where = jax.tree_util.keystr(path) or "the root"
    if not isinstance(sharding, jax.sharding.NamedSharding):
        if sharding is not None and not sharding.is_fully_replicated:
            raise ValueError(
                f"the parameter at {where} has a {type(sharding).__name__}, whose mesh axes have no names; move it to "
                f"a jax.NamedSharding with jax.device_put"
            )
        return ((),) * len(leaf.shape)
    entries = tuple(
        tuple(entry) if isinstance(entry, tuple) else (entry,) if isinstance(entry, str) else ()
        for entry in sharding.spec
    )
    unknown = sorted({name for entry in entries for name in entry} - set(mesh.axis_names))
    if unknown:
        raise ValueError(
            f"the parameter at {where} is sharded over {', '.join(map(repr, unknown))}, but the axes of the mesh are "
            f"{mesh.axis_names}; pass the mesh of the parameters"
        )
    return entries + ((),) * (len(leaf.shape) - len(entries))


def _follow(array: StateArray, entries: list[Entries], mesh: Any) -> Entries:
    """Return the mesh axes for each axis of an array, those of the axis of the parameter that it comes from."""
    used: set[str] = set()
    place: list[tuple[str, ...]] = []
    for size, origin, is_even in zip(array.shape, array.origin, array.is_even, strict=True):
        names: tuple[str, ...] = ()
        if array.parameter is not None and len(origin) == 1:
            (axis,) = origin
            parameter = entries[array.parameter]
            names = parameter[axis] if axis < len(parameter) else ()
        if used.intersection(names) or size % _count(names, mesh) or not is_even:
            names = ()
        used.update(names)
        place.append(names)
    return tuple(place)


def _spread(
    arrays: list[StateArray], places: list[Entries], shapes: list[Any], names: tuple[str, ...], mesh: Any
) -> list[Entries]:
    """Return the places with further mesh axes, each for one axis of an array."""
    members: dict[int, list[tuple[StateArray, Entries]]] = {}
    for array, place in zip(arrays, places, strict=True):
        if array.parameter is not None:
            members.setdefault(array.parameter, []).append((array, place))
    rankings = {index: _rank_axes(shapes[index], parts, names, mesh) for index, parts in members.items()}
    spread = []
    for array, place in zip(arrays, places, strict=True):
        axis = None
        if not {name for entry in place for name in entry}.intersection(names):
            ranking = [] if array.parameter is None else rankings[array.parameter]
            found = (_find_axis(array, axis) for axis in ranking)
            axis = next((at for at in found if at is not None), None)
            axis = _choose_mixed_axis(array, place, names, mesh) if axis is None else axis
        spread.append(tuple((*entry, *names) if i == axis else entry for i, entry in enumerate(place)))
    return spread


def _rank_axes(
    shape: tuple[int, ...], members: list[tuple[StateArray, Entries]], names: tuple[str, ...], mesh: Any
) -> list[int]:
    """Return the axes of a parameter along which all arrays of its state that have them can be cut, the best first.

    Those that are not sharded yet come first, and of these the largest.
    """

    def divides(axis: int) -> bool:
        found = [(array, place, _find_axis(array, axis)) for array, place in members]
        return all(_can_cut(array, place, at, names, mesh) for array, place, at in found if at is not None)

    def rank(axis: int) -> tuple[bool, int, int]:
        is_sharded = any(place[at] for array, place in members if (at := _find_axis(array, axis)) is not None)
        return is_sharded, -shape[axis], axis

    return sorted(filter(divides, range(len(shape))), key=rank)


def _find_axis(array: StateArray, axis: int) -> int | None:
    """Return the first axis of an array that comes from one axis of its parameter."""
    return next((place for place, origin in enumerate(array.origin) if origin == {axis}), None)


def _choose_mixed_axis(array: StateArray, place: Entries, names: tuple[str, ...], mesh: Any) -> int | None:
    """Return the largest axis that can be cut of those that come from several axes, or from no known parameter."""
    mixed = (i for i, origin in enumerate(array.origin) if len(origin) > 1 or (origin and array.parameter is None))
    axes = (axis for axis in mixed if _can_cut(array, place, axis, names, mesh))
    return max(axes, key=lambda axis: (not place[axis], array.shape[axis], -axis), default=None)


def _can_cut(array: StateArray, place: Entries, axis: int, names: tuple[str, ...], mesh: Any) -> bool:
    size = array.shape[axis]
    return array.is_even[axis] and size > 0 and size % _count((*place[axis], *names), mesh) == 0


def _count(names: tuple[str, ...], mesh: Any) -> int:
    return math.prod(mesh.shape[name] for name in names)


def _as_sharding(place: Entries, mesh: Any) -> jax.sharding.NamedSharding:
    entries = [None if not entry else entry[0] if len(entry) == 1 else entry for entry in place]
    while entries and entries[-1] is None:
        entries.pop()
    return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*entries))
