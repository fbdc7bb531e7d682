import jax
import optax
import pytest

import gradlab as gl
from gradlab.testing.inputs.trees import TREES, is_shape
from gradlab.testing.subjects.subject import Subject
from gradlab.testing.verdicts.law import NotApplicable


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
