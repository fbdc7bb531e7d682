"""Selection by a tree of labels or of booleans."""

from __future__ import annotations

from collections.abc import Sequence

import jax

from ..values.value import is_number
from .base import selector
from .leaves import Leaf, show_path


@selector(reads_names=True)
def labels(tree, label=True, /):
    """Select the leaves that have a label in a tree of labels; by default, those at True in a tree of booleans.

    `tree` has the structure of the parameters, or its leaves stand for whole subtrees of them: `{"encoder": "frozen",
    "head": "trained"}` labels every parameter. Labels are strings, booleans, or other hashable values, but not numbers,
    which would be hyperparameters. They are found by their paths, so those of a dictionary serve a `FrozenDict` of the
    same keys.

    Raises TypeError for a label that is a number or an array. When it selects, it raises ValueError for a leaf without
    a label.

    >>> labels = {"encoder": "frozen", "head": "trained"}
    >>> tx = gl.partition((gl.labels(labels, "frozen"), gl.freeze()), default=gl.sgd(0.1))
    >>> params = {"encoder": {"kernel": jnp.ones(2)}, "head": jnp.ones(2)}
    >>> step, _ = tx.update(params, tx.init(params), params)
    >>> print(step["encoder"]["kernel"], step["head"])
    [0. 0.] [-0.1 -0.1]
    """
    labeled = {}
    for keys, value in jax.tree_util.tree_flatten_with_path(tree)[0]:
        if is_number(value):
            raise TypeError(
                f"labels: a label must be a string or a boolean, got the number {value!r} at "
                f"{jax.tree_util.keystr(keys) or 'the root'}; convert it, as in str(label) or bool(label)"
            )
        labeled[keys] = value

    def is_selected(leaf: Leaf) -> bool:
        for length in range(len(leaf.keys) + 1):
            if leaf.keys[:length] in labeled:
                found = labeled[leaf.keys[:length]]
                return type(found) is type(label) and bool(found == label)
        raise ValueError(
            f"labels: the tree of labels has none for the leaf {show_path(leaf.path)}; label it, or a subtree that "
            f"holds it"
        )

    def choose(leaves: Sequence[Leaf]) -> list[bool]:
        return list(map(is_selected, leaves))

    return choose
