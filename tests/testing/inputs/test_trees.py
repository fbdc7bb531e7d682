from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.testing.inputs.trees import NETWORK, is_shape, map_shapes, sample, select_leaves

SHAPES = jax.tree.leaves(NETWORK, is_leaf=is_shape)


def test_the_network_has_leaves_of_every_kind() -> None:
    matrices = [shape for shape in SHAPES if len(shape) == 2]
    assert any(rows > columns for rows, columns in matrices)
    assert any(rows < columns for rows, columns in matrices)
    assert any(rows == columns for rows, columns in matrices)
    assert any(min(shape) >= 48 for shape in matrices)
    assert {len(shape) for shape in SHAPES} == {0, 1, 2, 3}
    assert (0,) in SHAPES
    assert max(Counter(SHAPES).values()) == 2


def test_the_keys_are_not_in_alphabetical_order_and_stay_as_they_are() -> None:
    drawn = sample(NETWORK)
    for here, there in ((drawn, NETWORK), (drawn["output"], NETWORK["output"])):
        assert list(here) == list(there) != sorted(here)


def test_samples_are_seeded_trees_of_a_dtype() -> None:
    tree = sample({"a": (2, 3), "b": ()}, "complex64", seed=3)
    assert tree["a"].shape == (2, 3)
    assert tree["b"].dtype == jnp.complex64
    assert np.array_equal(tree["a"], sample({"a": (2, 3), "b": ()}, "complex64", seed=3)["a"])


def test_leaves_are_selected_by_their_shape() -> None:
    tree = {"b": {"scalar": ()}, "a": [(2, 2), (3,)], "c": (1, 2)}
    assert select_leaves(tree, lambda shape: len(shape) == 2) == {"a": [(2, 2)], "c": (1, 2)}


def test_shapes_are_mapped_in_any_container() -> None:
    assert map_shapes(len, {"b": [(2,), ((), (1, 2))], "a": None}) == {"b": [1, (0, 2)], "a": None}
