import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing.inputs.trees import TREES, is_shape
from gradlab.testing.subjects.subject import Subject, describe_array, describe_gap, describe_mismatch, find_largest_gap
from gradlab.testing.verdicts.law import NotApplicable


def test_largest_gap_names_the_place_and_treats_nan_as_itself() -> None:
    left = {"a": jnp.asarray([1.0, jnp.nan]), "b": jnp.asarray([[2.0, 5.0]])}
    right = {"a": jnp.asarray([1.0, jnp.nan]), "b": jnp.asarray([[2.0, 4.0]])}
    gap, scale, place = find_largest_gap(left, right)
    assert (gap, scale) == (1.0, 4.0)
    assert place == "['b'][0, 1]: 5 against 4"
    assert find_largest_gap(jnp.nan, 1.0)[0] == np.inf
    assert find_largest_gap(jnp.inf, jnp.inf)[0] == 0


def test_describe_gap_allows_rounding_of_the_dtype() -> None:
    assert describe_gap(jnp.float32(1.0), jnp.float32(1.00001), "float32") is None
    assert describe_gap(jnp.float32(1.0), jnp.float32(1.0001), "float32") is not None


def test_first_unlike_sees_weak_types_and_structure() -> None:
    weak, strong = jax.eval_shape(lambda: (1.0, jnp.ones(()))), jax.eval_shape(lambda: (jnp.ones(()), jnp.ones(())))
    assert "weakly typed" in str(describe_mismatch(weak, strong))
    assert "nothing" in str(describe_mismatch({"a": 1.0}, {"a": 1.0, "b": 1.0}))
    assert "structure" in str(describe_mismatch((), []))
    assert describe_mismatch(strong, strong) is None
    assert describe_array(jnp.ones((2, 3), jnp.bfloat16)) == "bfloat16[2,3]"


def test_hyperparameters_of_a_value_are_its_leaves() -> None:
    subject = Subject(gl.adam(0.1), label="adam")
    assert list(subject.hyperparameters) == ["learning_rate", "b1", "b2", "eps"]
    assert subject.require_remake()(subject.hyperparameters | {"b1": 0.5}) == gl.adam(0.1, b1=0.5)
    with pytest.raises(NotApplicable, match="pass a factory"):
        Subject(optax.sgd(0.1), label="sgd").require_remake()


def test_the_domain_decides_on_which_leaves_it_is_examined() -> None:
    anything = Subject(gl.adam(), label="adam")
    assert anything.small == (3,)
    assert anything.network == TREES["a network"]
    matrices = Subject(gl.adam(), label="adam", claims={"domain": ("matrices",)})
    assert list(matrices.trees) == ["one matrix", "a network"]
    assert matrices.small == (3, 2)
    assert {len(shape) for shape in jax.tree.leaves(matrices.network, is_leaf=is_shape)} == {2}
