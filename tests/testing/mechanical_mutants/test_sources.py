"""Which functions a transformation reaches, and transformations made of an edited source."""

from __future__ import annotations

import pickle
import sys

import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.testing.mechanical_mutants import MechanicalMutant, list_mutants
from gradlab.testing.mechanical_mutants.sources import find_factories, find_functions

G = jnp.asarray([3.0, -2.0])


def find(function: str, text: str) -> MechanicalMutant:
    """Return the only mutant of a function whose source holds this text."""
    (mutant,) = [m for m in list_mutants(function) if m.function == function and text in m.edit.source]
    return mutant


def direction(tx: gl.Transformation) -> np.ndarray:
    """Return the first update for G."""
    return np.asarray(tx.update(G, tx.init(G), G)[0])


def test_a_transformation_reaches_its_helpers_and_not_other_factories() -> None:
    assert find_functions(gl.nadam) == [
        ("gradlab.optimizers.nadam", "nadam"),
        ("gradlab.optimizers.adam", "make_adam_direction"),
    ]
    names = {name for _, name in find_functions(gl.scale_by_rms)}
    assert names >= {"scale_by_rms", "square_gradient", "bounded_square", "divide", "square_root", "_square_root_jvp"}
    assert not names & {"scale_by_momentum", "_claims"}
    assert find_factories(gl.adamax) >= {"adamax", "scale_by_momentum", "scale_by_infinity_norm"}


def test_an_edit_changes_the_link_and_the_recipes_that_use_it_but_not_the_originals() -> None:
    mutant = find("scale_by_learning_rate", "lambda d: learning_rate * d")
    assert (mutant.owners, mutant.kind) == (("scale_by_learning_rate",), "sign lost")
    assert {"sgd", "adam", "sign_sgd"} <= set(mutant.users)
    with mutant.made() as factories:
        for factory in (gl.scale_by_learning_rate, gl.sgd, gl.sign_sgd):
            edited = factories.find_factory(factory)
            np.testing.assert_array_equal(direction(edited(0.1)), -direction(factory(0.1)))
            assert pickle.loads(pickle.dumps(edited(0.1))) == edited(0.1) != factory(0.1)
    assert not [name for name in sys.modules if "_edited_" in name]


def test_an_edit_of_shared_arithmetic_reaches_recipes_through_their_links() -> None:
    mutant = find("divide", "(1 / safe).astype(numerator.dtype)\n    return numerator * safe")
    assert {"scale_by_rms", "scale_by_sign"} <= set(mutant.owners)
    with mutant.made() as factories:
        tx = factories.find_factory(gl.rmsprop)(1.0, decay=0.0, eps=0.0)
        np.testing.assert_allclose(direction(tx), -np.abs(G) * G, rtol=1e-6)


def test_names_say_what_to_list() -> None:
    assert {mutant.function for mutant in list_mutants("sign_sgd")} == {"sign_sgd"}
    assert {"measure_norm", "clip_by_norm"} <= {mutant.function for mutant in list_mutants("clip_by_norm")}
    assert list_mutants("no such function") == ()
    names = [mutant.name for mutant in list_mutants("scale_by_sign", "scale")]
    assert len(names) == len(set(names))


def test_a_local_name_of_no_meaning_is_not_taken_for_an_equation() -> None:
    assert ("gradlab.transforms.probe", "_") not in find_functions(gl.probe)
