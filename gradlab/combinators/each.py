"""`each`, which applies a transformation to every layer of a stack."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..core.base import Transformation
from ..core.claims import claims_of, leave_out, shared_claims
from ..core.composites import Composite, Place, define_points, move_to_point, walk
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update, signals_of
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import SEED_RANGE
from .splits import find_split

_OF_ALL_LAYERS = ("grad", "value_fn", "gradient_fn", "loss_scale")


@transformation(splits_gradient="tx", claims=lambda mapped: _claims(mapped.tx))
def each(tx: optax.GradientTransformation):
    """Apply a transformation to each layer of stacked layers, as if the layers were separate.

    Every leaf has the layers along its first axis, as in a model that scans over its layers. So norms and means are
    those of one layer, which `clip_by_norm` alone, for instance, would mix. The state is stacked like the parameters.
    In a model that has other leaves as well, send only the stacked ones here:
    `partition((path("layers/**"), each(tx)), default=tx)`.

    Raises ValueError where it is called for a transformation that draws random numbers, since all layers would draw the
    same, and for one that reads `grad`, `value_fn`, `gradient_fn` or `loss_scale`, which belong to all layers at once.
    `init` and `update` raise ValueError if leaves have no first axis, or first axes of different sizes.

    >>> layers = jnp.array([[3.0, 4.0], [0.3, 0.4]])  # two layers
    >>> tx = gl.each(gl.clip_by_norm(1.0))
    >>> print(tx.update(layers, tx.init(layers))[0])
    [[0.6 0.8]
     [0.3 0.4]]
    """
    if any(map(_draws_random_numbers, walk(tx))):
        raise ValueError(
            f"each({tx!r}) would draw the same random numbers for every layer; put what draws them outside of each, as "
            f"in chain(add_noise(...), each(tx)) or store(each(tx), codec, key=0)"
        )
    refused = sorted(signals_of(tx).intersection(_OF_ALL_LAYERS))
    if refused:
        raise ValueError(
            f"each: {tx!r} reads {' and '.join(refused)}, made for all layers at once, and not for one. Put "
            f"what reads this outside of each, as in sam(each(tx)) or dynamic_loss_scale(each(tx))"
        )

    def init(params):
        _require_stacked(params)
        if not jax.tree.leaves(params):
            return raw_init(tx, params)
        return jax.vmap(lambda layer: raw_init(tx, layer))(params)

    def update(updates, state, params=None, *, grads=None, **extra):
        _require_stacked(updates)

        def one(updates, state, params, grads):
            signals = hand_on(extra, grads)
            return raw_update(tx, updates, state, params, signals)

        if not jax.tree.leaves(updates):
            return one(updates, state, params, grads)
        return jax.vmap(one)(updates, state, params, grads)

    def find_points(kind, state, params):
        def one(state, layer):
            return move_to_point(tx, state, kind, layer)

        return jax.vmap(one)(state, params) if jax.tree.leaves(params) else one(state, params)

    def splits(tree):
        return find_split(tx, jax.tree.map(lambda stack: stack[0], tree))

    points = define_points([tx], find_points)
    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state}, splits=splits, **points)


def _claims(tx: Any) -> dict[str, Any]:
    claims = leave_out(shared_claims(tx), "permutation equivariant")
    if "elementwise" in claims:
        claims["permutation equivariant"] = True
    return {**claims, "domain": (*claims.get("domain", ()), "stacked")}


def _draws_random_numbers(place: Place) -> bool:
    """Return whether a transformation has a seed, or declares that it draws random numbers."""
    if not isinstance(place.tx, Transformation):
        return False
    seeds = [name for name, parameter in place.tx.factory.parameters.items() if parameter.range == SEED_RANGE]
    has_seed = any(place.tx.arguments[name] is not None for name in seeds)
    return has_seed or "stochastic" in claims_of(place.tx).get("domain", ())


def _require_stacked(tree: Any) -> None:
    sizes: dict[int, str] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name = jax.tree_util.keystr(path) or "the root"
        if not jnp.ndim(leaf):
            raise ValueError(
                f"each maps over the first axis of every leaf, but {name} is a scalar. Send only stacked leaves here: "
                f'partition((path("layers/**"), each(tx)), default=tx)'
            )
        sizes.setdefault(leaf.shape[0], name)
    if len(sizes) > 1:
        (one, first), (other, second), *_ = sizes.items()
        raise ValueError(
            f"each maps over the first axis of every leaf, but {first} has {one} layers and {second} has {other}. Send "
            f'leaves of one stack here: partition((path("layers/**"), each(tx)), default=tx)'
        )


@equation_of(each)
def _(write: Writer, tx: Any) -> Expression:  # that of one layer
    return write.through(tx)
