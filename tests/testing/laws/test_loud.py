from typing import Any

import jax
import optax

import gradlab as gl
from gradlab.core.tree_differences import have_same_structure
from gradlab.testing import check
from gradlab.testing.mutants import right_matrix_methods

from .examples import trace, verdict


def test_mismatched_trees_taken_in_silence_are_found() -> None:
    found, detail = verdict(optax.trace(0.9), "mismatched trees")
    assert found == "broken"
    assert "another shape" in detail
    assert verdict(gl.adam(), "mismatched trees")[0] == "holds"


def test_an_unrelated_error_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        if not have_same_structure(updates, state):
            raise KeyError("b")
        return updates, state

    assert "KeyError instead" in verdict(trace(update=update), "mismatched trees")[1]


def test_undeclared_ranges_are_found() -> None:
    @gl.transformation
    def anything(rate: gl.Hyperparameter = 0.5, shift=0.0):
        def update(updates: Any, state: Any) -> Any:
            return jax.tree.map(lambda g: rate * g + shift, updates), state

        return lambda params: (), update

    assert verdict(anything(), "ranges")[0] == "holds"
    assert verdict(gl.adabound(), "ranges")[0] == "holds"
    assert verdict(trace(), "ranges")[0] == "not applicable"
    assert verdict(gl.scale_by_sign(), "ranges")[0] == "not applicable"


def test_a_declared_value_that_a_link_refuses_is_found() -> None:
    @gl.recipe
    def decayed(learning_rate: gl.NonNegative = 0.1, weight_decay: gl.NonNegative = 0.0):
        return gl.chain(gl.add_decayed_weights(-weight_decay), gl.scale_by_learning_rate(learning_rate))

    found, detail = verdict(decayed, "ranges")
    assert found == "broken"
    assert detail.startswith("weight_decay is declared in [0, inf), but 0.103125 and 0.020625 are refused: ")
    assert "add_decayed_weights: weight_decay must be in [0, inf), got -0.103125" in detail


def test_arguments_that_must_fit_each_other_are_no_finding() -> None:
    @gl.recipe
    def ordered(b1: gl.Decay = 0.9, b2: gl.Decay = 0.901):
        return gl.chain(gl.scale_by_momentum(b2 - b1), gl.scale_by_learning_rate(0.1))  # refuses b1 > b2

    @gl.recipe
    def alone(power: gl.NonNegative = 1.0):
        if power != 1:
            raise ValueError("power must be 1 as long as there is one layer")
        return gl.sgd(0.1)

    @gl.recipe
    def looking_ahead(momentum: gl.Decay | None = 0.9, nesterov: bool = True):
        return gl.sgd(0.1, momentum, nesterov=nesterov)

    for factory in (ordered, alone, looking_ahead):
        assert verdict(factory, "ranges") == ("holds", "")


def test_mismatched_trees_are_matrices_if_the_subject_takes_nothing_else() -> None:
    claims = {"domain": ("matrices",)}
    assert check(right_matrix_methods.muon(), claims=claims, laws=("mismatched trees",)).ok
    adding = optax.stateless(lambda updates, params: jax.tree.map(lambda g, p: g + 0 * p, updates, params))
    result = check(adding, claims=claims, laws=("mismatched trees",))["mismatched trees"]
    assert result.verdict == "broken"
    assert "{'a': (3, 2), 'b': (3, 2)}" in result.detail


def test_a_state_that_is_only_a_key_has_nothing_that_could_mismatch() -> None:
    tx = optax.GradientTransformation(lambda params: jax.random.PRNGKey(0), lambda u, s, p=None: (u, s))
    assert verdict(tx, "mismatched trees")[0] == "not applicable"
