"""States as flat dictionaries of named arrays, which another optimizer, or other parameters, can take over."""

from __future__ import annotations

import collections
import json
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..core.base import Transformation
from .argument_order import raise_exchanged, refuse_exchanged, require_optimizer_first
from .coded_arrays import decode, find_coded, match_coded
from .compared_links import compare_links
from .counters import convert_counters, leave_out_counters, match_weights
from .inner_states import require_own_state
from .named_leaves import NamedLeaf, list_links, name_leaves
from .new_parameters import remark_on_new_parameters
from .transfer import Transfer, TransferReport, codecs_of
from .void_arrays import restore_voids

SCHEMA = 1  # the version of the names
_SCHEMA, _LINKS = "gradlab:schema", "gradlab:links"


def state_to_dict(tx: Transformation, state: Any, params: Any, *, decoded: bool = False) -> dict[str, Any]:
    """Return a state as a flat dictionary of named arrays, which any format of checkpoints can hold.

    A name has up to three parts: the transformation, the field of its state, and the path of the parameter, as in
    `scale_by_momentum:moment:dense/kernel`. `gradlab:schema` is the version of the names, and `gradlab:links` the order
    of the transformations with their numbers, as text in bytes. `params` are the parameters, or their shapes. The state
    of keys is stored as integers.

    With `decoded`, arrays that `gl.store` keeps by a codec are returned as numbers, so that an optimizer without the
    codec, or with another one, can go on from them. Raises ValueError if the state is not one of `tx` for these
    parameters.

    >>> tx, params = gl.sgd(0.1, momentum=0.9), {"bias": jnp.zeros(2)}
    >>> print(list(gl.state_to_dict(tx, tx.init(params), params)))
    ['gradlab:schema', 'gradlab:links', 'scale_by_momentum:moment:bias']
    """
    require_optimizer_first("state_to_dict(tx, state, params)", tx, state, params)
    refuse_exchanged("state_to_dict(tx, state, params)", tx, params, state)
    names = name_arrays(tx, state, params)
    links = json.dumps(list_links(tx)).encode()
    leaves = jax.tree.leaves(state)
    coded = find_coded(tx, state, params) if decoded else []
    skipped = {position for one in coded for position in jax.tree.leaves(one.positions)}
    arrays = {
        leaf.name: _store(array)
        for position, (leaf, array) in enumerate(zip(names, leaves, strict=True))
        if position not in skipped
    }
    arrays |= {one.leaf.name: decode(one, leaves) for one in coded}
    return {_SCHEMA: np.int32(SCHEMA), _LINKS: np.frombuffer(links, np.uint8), **arrays}


def state_from_dict(
    tx: Transformation, params: Any, arrays: Mapping[str, Any], *, step: Any = None, resize: bool = False
) -> tuple[Any, TransferReport]:
    """Return the state of an optimizer that goes on from named arrays, and a report of what came from where.

    `arrays` is what `state_to_dict` returned, for this optimizer or another one, and for these parameters or others. An
    array is found by its name, or else by what it is: the same field of the same kind of link for the same parameter,
    in whatever wrapper, group or place of the chain. So the moments of Adam go into AdamW, or into a chain with
    clipping. A link of another name with the same fields is found if it is the only one. Dtypes are those of the new
    state. Counters that have no counterpart are computed from the number of steps, found in `arrays` or given as
    `step`. What is not found starts as `tx.init(params)` gives it.

    With `resize`, an array whose parameter has other sizes along its axes goes on where the two overlap.

    Nothing is dropped in silence: the report lists what matched, and what was converted, missing or extra, each with
    the reason, and `report.require_complete()` raises ValueError if something is missing or left over. Raises
    ValueError for arrays of a later schema, and for bytes without a dtype, as `np.load` returns for float8 (bfloat16 is
    recognized).

    >>> params, old = {"bias": jnp.zeros(2)}, gl.adam(0.1)
    >>> _, state = old.update({"bias": jnp.array([2.0, -4.0])}, old.init(params))
    >>> new = gl.chain(gl.clip_by_global_norm(100.0), gl.adamw(0.1))
    >>> state, report = gl.state_from_dict(new, params, gl.state_to_dict(old, state, params))
    >>> print(state[1].moment["bias"])  # the momentum goes on: 0.1 times the gradient
    [ 0.2 -0.4]
    """
    call = "state_from_dict(tx, params, arrays)"
    require_optimizer_first(call, tx, params, arrays)
    if not isinstance(arrays, Mapping) or (_has_schema(params) and not _has_schema(arrays)):
        raise_exchanged(call, "params", params, "arrays", arrays)
    arrays = dict(arrays)
    schema = arrays.pop(_SCHEMA, None)
    if schema is not None and int(schema) > SCHEMA:
        raise ValueError(
            f"these arrays have version {int(schema)} of the names, and this gradlab knows up to {SCHEMA}; update it"
        )
    before = json.loads(bytes(np.asarray(arrays.pop(_LINKS, np.frombuffer(b"{}", np.uint8)), np.uint8)))
    initial = tx.init(params)
    now, wanted, leaves = list_links(tx), name_arrays(tx, initial, params), jax.tree.leaves(initial)
    dtypes = {leaf.name: array.dtype for leaf, array in zip(wanted, leaves, strict=True)}
    arrays = restore_voids(arrays, dtypes, codecs_of(before) == codecs_of(now))
    transfer = Transfer(wanted, leaves, arrays, resize)
    transfer.refuse_other_codecs(before, now)
    transfer.match_names()
    transfer.match_roles()
    match_coded(transfer, find_coded(tx, initial, params))
    match_weights(transfer)
    transfer.match_renamed()
    convert_counters(transfer, step)
    leave_out_counters(transfer, now)
    remarks = (*compare_links(transfer.moved_links, before, now), *remark_on_new_parameters(transfer))
    report = transfer.report(remarks)
    return jax.tree.unflatten(jax.tree.structure(initial), transfer.arrays_of_state()), report


def _has_schema(arrays: Any) -> bool:
    return isinstance(arrays, Mapping) and _SCHEMA in arrays


def name_arrays(tx: Transformation, state: Any, params: Any) -> list[NamedLeaf]:
    """Return the names of the arrays in a state. Raises ValueError for what is no state of `tx`."""
    require_own_state(tx, state)
    names = name_leaves(tx, state, params)
    repeated = [name for name, count in collections.Counter(leaf.name for leaf in names).items() if count > 1]
    if repeated:
        raise ValueError(f"{tx!r} has several arrays of the name {repeated[0]}; rename the keys of its parameters")
    return names


def _store(array: Any) -> Any:
    is_key = jnp.issubdtype(getattr(array, "dtype", np.float32), jax.dtypes.prng_key)
    return jax.random.key_data(array) if is_key else array
