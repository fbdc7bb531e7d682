"""`partition`, which sends each leaf through one of several transformations."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import optax

from ..core.base import Transformation
from ..core.boundary import PyTree
from ..core.composites import Composite, define_points, move_to_point
from ..core.decorators import decorate_factory
from ..core.not_a_transformation import refuse_to_run
from ..core.transformation_calls import raw_init, raw_update
from ..equations import Expression, Writer, equation_of
from ..selectors.empty_choices import warn_of_no_choice
from ..selectors.leaves import read_leaves
from .leaf_groups import LeafGroups
from .rules import assign, claims_of_groups, name_groups, read_rule, transformations_of
from .splits import find_split


class PartitionState(NamedTuple):
    """The state of a partition."""

    groups: tuple[PyTree, ...]  # of each transformation, for its leaves alone; the default is the last


def partition(*rules: Any, default: optax.GradientTransformation | None = None) -> Transformation:
    r"""Send each leaf through exactly one transformation, $d' = \sum_i \chi_i \odot f_i(d; g)$.

    Each rule is a pair of a selector and a transformation. A leaf goes through the transformation of the first rule
    that selects it, and through `default` if none does. A selector is `path("**/bias")`, `ndim(2)` or another one, or
    what stands for one: a pattern, a tree of booleans, or a function of path and leaf.

    To a transformation, the leaves of other groups are absent, not zero. A norm is that of its group, and the state has
    its leaves alone. To clip the norm of all leaves, put `clip_by_global_norm` in front of the partition. Both signals
    of the chain, the parameters, and extra arguments that are trees like the parameters are divided alike, and
    `value_fn` and `gradient_fn` become functions of the parameters of the group. `gl.describe(tx, params)` shows which
    leaf goes where, and why.

    `init` warns of a pattern or other selector of names that selects no leaf, if it is that of the only rule. Raises
    TypeError for a rule that is not such a pair. `init` and `update` raise ValueError for a leaf that no rule
    selects, if there is no `default`.

    >>> tx = gl.partition(("**/bias", gl.sgd(0.1)), default=gl.sign_sgd(0.001))
    >>> x = {"kernel": jnp.array([3.0, -4.0]), "bias": jnp.array([3.0, -4.0])}
    >>> step, _ = tx.update(x, tx.init(x), x)
    >>> print(step["kernel"], step["bias"])
    [-0.001  0.001] [-0.3  0.4]
    """
    made: Transformation = _partition(*(read_rule(n, rule) for n, rule in enumerate(rules)), default=default)
    return made


@functools.partial(
    decorate_factory,
    name="partition",
    splits_gradient="rules default",
    claims=lambda tx: claims_of_groups(tx.rules, tx.default),
)
def _partition(*rules: Any, default: optax.GradientTransformation | None = None):
    names, txs = name_groups(rules, default), transformations_of(rules, default)

    def divide(tree):
        return LeafGroups(tree, assign(rules, default, read_leaves(tree)))

    def init(params):
        if len(rules) == 1 and default is not None:  # of several rules, some are for parts that a model may lack
            selector, tx = rules[0]
            warn_of_no_choice("partition", selector, read_leaves(params), f"nothing goes through {_name(tx)}")
        groups = divide(params)
        return PartitionState(tuple(raw_init(tx, groups.part(params, group)) for group, tx in enumerate(txs)))

    def update(updates, state, params=None, *, grads=None, **extra):
        groups = divide(updates)
        results, states = [], []
        for group, (tx, own) in enumerate(zip(txs, state.groups, strict=True)):
            direction, gradient, point = (
                None if tree is None else groups.part(tree, group) for tree in (updates, grads, params)
            )
            signals = groups.part_of_signals(extra, params, group)
            if not _are_same(gradient, direction):
                signals["grads"] = gradient
            result, own = raw_update(tx, direction, own, point, signals)
            results.append(result)
            states.append(own)
        return groups.join(results), PartitionState(tuple(states))

    def states_by_name(state):
        return dict(zip(names, state.groups, strict=True))

    def find_points(kind, state, params):
        groups = divide(params)
        pairs = enumerate(zip(txs, state.groups, strict=True))
        return groups.join([move_to_point(tx, own, kind, groups.part(params, group)) for group, (tx, own) in pairs])

    def splits(tree):
        groups = divide(tree)
        of_groups = [find_split(tx, groups.part(tree, group)) for group, tx in enumerate(txs)]
        return groups.spread(of_groups)

    inner = dict(zip(names, txs, strict=True))
    return Composite(init, update, inner, states_by_name, splits=splits, **define_points(txs, find_points))


partition.factory = _partition.factory  # type: ignore[attr-defined]
refuse_to_run(partition, "partition")


def _name(tx: Any) -> str:
    return tx.factory.name if isinstance(tx, Transformation) else "its transformation"


def _are_same(gradient: PyTree | None, direction: PyTree) -> bool:
    """Return whether the gradient of the chain still is the direction, for all leaves of a group."""
    return gradient is None or all(map(lambda g, d: g is d, jax.tree.leaves(gradient), jax.tree.leaves(direction)))


@equation_of(_partition)
def _(write: Writer, rules: Any, default: Any) -> Expression:
    direction, gradient = write.symbol(), write.gradient()
    letter, total = write.fresh(r"\chi"), None
    names = [*(repr(selector) for selector, _ in rules), "all other leaves"]
    for number, (name, tx) in enumerate(zip(names, transformations_of(rules, default), strict=False), 1):
        result = write.inside(tx, write.letter, write.role, direction, gradient)
        mask = write.mask(f"{letter}_{number}", name)
        result = write.line(write.fresh("d"), result) if result.kind == "sum" else result
        term = result.times(rf"{mask} \odot")
        total = term if total is None else total.plus(term)
    return direction if total is None else total
