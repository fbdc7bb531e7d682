"""Storage of the state of a transformation in fewer bytes than those of the computation."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..codecs.base import Codec, CodecOrDtype
from ..codecs.cast import cast
from ..core.boundary import PyTree
from ..core.claims import ELEMENTWISE, join_claims, leave_out, shared_claims
from ..core.composites import Composite, define_points, move_to_point
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Writer, equation_of
from ..equations.latex_expressions import Expression
from ..values.numeric_arguments import Seed, draw_keys
from .slots import Slot, find_slots


class StoredState(NamedTuple):
    """The state of `store` with a key."""

    step: jax.Array  # int32 scalar, the number of updates so far
    inner: Any  # the state of the transformation, as it is kept


@transformation(splits_gradient="tx", claims=lambda stored: _claims(stored))
def store(tx: optax.GradientTransformation, codec: CodecOrDtype = "bfloat16", key: Seed | None = None):
    r"""Store the state of a transformation in fewer bytes, such as moments in bfloat16 for half of the memory.

    `tx` is a transformation. `codec` says how arrays are kept: one of `gl.codecs`, or a floating-point dtype. It may
    also be a dictionary of these by slot, `{"second_moment": gl.codecs.dynamic_blocks()}`. A slot is the name of a
    field of the state, or of a link or combinator, and means all arrays in it; the outermost name decides. Arrays in no
    slot, and those for which None is given, stay as they are. The gradient and the direction go through `tx` as they do
    without `store`.

    Each step computes in the precision of the parameters, from the stored state, and rounds the new state once, when it
    stores it. So the update of a step comes from moments that are not rounded yet. Only arrays that grow with the
    parameters are stored in another form. Counters, weights of bias corrections and keys keep their dtypes, because a
    count in bfloat16 stops at 256.

    `key` is an integer or a `jax.random.key` for codecs that round stochastically. The random numbers follow from the
    key, the step and the place of the array in the state, so a resumed run repeats them.

    A running mean with a decay above 0.99 needs more digits than bfloat16 has, because its changes are below the
    rounding; stochastic rounding keeps them on average.

    Raises ValueError if `codec` rounds stochastically and there is no key, and from `init` if the state has no slot of
    a name in `codec`.

    >>> state = gl.store(gl.scale_by_momentum(0.9)).init(jnp.zeros(1024))
    >>> print(state.moment.dtype)
    bfloat16
    """
    named = isinstance(codec, dict)
    draws = any(isinstance(c, Codec) and c.coding.stochastic for c in _list_codecs(codec))
    if draws and key is None:
        raise ValueError("store: the codec rounds stochastically, so it needs a key: store(tx, codec, key=0)")

    def init(params):
        slots, structure = find_slots(tx, params, named)
        _require_slots(codec, slots)
        inner = encode(raw_init(tx, params), slots, structure, jnp.zeros((), jnp.int32))
        return inner if key is None else StoredState(jnp.zeros((), jnp.int32), inner)

    def update(updates, state, params=None, *, grads=None, **extra):
        slots, structure = find_slots(tx, updates if params is None else params, named)
        inner = decode(inner_state(state), slots, structure)
        extra = hand_on(extra, grads)
        updates, inner = raw_update(tx, updates, inner, params, extra)
        if key is None:
            return updates, encode(inner, slots, structure, None)
        step = optax.safe_increment(state.step)
        return updates, StoredState(step, encode(inner, slots, structure, step))

    def encode(state: PyTree, slots: list[Slot], structure: Any, step: Any) -> PyTree:
        keys = [None] * len(slots)
        if draws:
            keys = list(draw_keys(key, step, len(slots)))
        kept = [
            leaf if chosen is None else chosen.encode(leaf, leaf_key, slot.non_negative)
            for leaf, slot, chosen, leaf_key in zip(
                structure.flatten_up_to(state), slots, choose_codecs(codec, slots), keys, strict=False
            )
        ]
        return jax.tree.unflatten(structure, kept)

    def decode(state: PyTree, slots: list[Slot], structure: Any) -> PyTree:
        leaves = [
            kept if chosen is None else chosen.decode(kept, slot.leaf, slot.non_negative)
            for kept, slot, chosen in zip(
                structure.flatten_up_to(state), slots, choose_codecs(codec, slots), strict=True
            )
        ]
        return jax.tree.unflatten(structure, leaves)

    def inner_state(state):
        return state if key is None else state.inner

    def find(kind, state, params):
        slots, structure = find_slots(tx, params, named)
        return move_to_point(tx, decode(inner_state(state), slots, structure), kind, params)

    points = define_points((tx,), find)
    return Composite(init, update, {"tx": tx}, lambda state: {"tx": inner_state(state)}, **points)


@equation_of(store)
def _(write: Writer, tx: Any, codec: Any, key: Any) -> Expression:  # in exact arithmetic
    return write.through(tx)


def _as_codec(codec: Any) -> Codec:
    return codec if isinstance(codec, Codec) else cast(codec)


def _list_codecs(codec: Any) -> list[Codec]:
    values = codec.values() if isinstance(codec, dict) else (codec,)
    return [_as_codec(value) for value in values if value is not None]


def choose_codecs(codec: Any, slots: list[Slot]) -> list[Codec | None]:
    """Return the codec of each slot, or None where it stays as it is."""
    chosen = [_choose_codec(codec, slot) if slot.grows else None for slot in slots]
    return [None if one is None else _as_codec(one) for one in chosen]


def _choose_codec(codec: Any, slot: Slot) -> Any:
    if not isinstance(codec, dict):
        return codec
    return next((codec[name] for name in slot.names if name in codec), None)


def _require_slots(codec: Any, slots: list[Slot]) -> None:
    """Raise ValueError for a name that no slot has, where there are any slots."""
    names = dict.fromkeys(name for slot in slots if slot.grows for name in slot.names)
    unknown = sorted(set(codec) - set(names)) if isinstance(codec, dict) else []
    if unknown and names:
        raise ValueError(
            f"store: the state has no slot {unknown[0]!r} that grows with the parameters; it has {', '.join(names)}"
        )


def _claims(stored: Any) -> dict[str, Any]:
    """Return the claims of a transformation whose state is rounded: a block depends on all of its elements."""
    claims, codecs = shared_claims(stored.tx), _list_codecs(stored.codec)
    own: dict[str, tuple[str, ...]] = {"except": (), "domain": ()}
    if not all(codec.coding.elementwise for codec in codecs):
        claims = leave_out(claims, *ELEMENTWISE, "sign symmetric")
        own["except"] += ("turns with i",)
    if not all(codec.factory is cast.factory and jnp.finfo(codec.dtype).bits >= 32 for codec in codecs):  # type: ignore[attr-defined]
        own["except"] += ("wide accumulators",)
    if any(codec.coding.stochastic for codec in codecs):
        own["domain"] = ("stochastic",)
    return join_claims(claims, own)
