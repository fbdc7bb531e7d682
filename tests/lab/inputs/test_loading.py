"""Problems, contestants and factories are found by the names that users type."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.training_loop import stack_optimizers
from gradlab.lab._inputs.importing import LoadError
from gradlab.lab._inputs.loading import find_contestant, find_factory, find_own_problem, find_problem
from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab._inputs.source_files import digest_own_file
from gradlab.lab.problems import Ravine
from tests.lab.training import train

MODULE = '''
import jax, jax.numpy as jnp, optax, gradlab as gl
from gradlab.lab.problems import Problem

class Bowl(Problem):
    name, summary = "my_bowl", "A bowl."
    def init(self, key): return jnp.ones(3, jnp.float32)
    def loss(self, params, batch): return jnp.sum(params**2)

class Plain:
    """No base class.

    And more."""
    def init(self, key): return jnp.ones(3, jnp.float32)
    def loss(self, params, batch): return jnp.sum(params**2)

def steep(factor=10.0):
    bowl = Bowl()
    bowl.loss = lambda params, batch: factor * jnp.sum(params**2)
    return bowl

class Vector(Plain):
    def loss(self, params, batch): return params

class Broken(Plain):
    def loss(self, params, batch): return missing

class Unranked(Bowl):
    def metrics(self, params): return {"other": jnp.sum(params)}

class Demanding(Bowl):
    def __init__(self, size): pass

class Sign:
    def __init__(self, lr, decay=0.5): self.lr, self.decay = lr, decay
    def init(self, params): return jax.tree.map(jnp.zeros_like, params)
    def update(self, grads, state, params=None):
        state = jax.tree.map(lambda m, g: self.decay * m + g, state, grads)
        return jax.tree.map(lambda m: -self.lr * jnp.sign(m), state), state

def descent(step_size=0.3): return optax.sgd(step_size)
def recipe(learning_rate=0.1): return gl.adam(learning_rate)
made = optax.sgd(0.1)
@gl.transformation
def value(learning_rate=0.2): return gl.sgd(learning_rate)
class NoOptimizer:
    pass
def nothing(): return optax.sgd(0.1)
def decays(b1=0.9, b2=0.99): return optax.adam(0.1, b1, b2)
def later(b1=0.9, peak_lr=0.2): return optax.chain(optax.trace(b1), optax.scale(-peak_lr))
def greek(eta, beta=0.0): return optax.sgd(eta, beta)
'''


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "mine_of_loading.py").write_text(MODULE)
    (tmp_path / "fails_of_loading.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("mine_of_loading", None)


def test_names_without_a_colon_are_those_of_gradlab() -> None:
    assert find_problem("ravine") == Ravine()
    assert find_contestant("sgd_momentum").name == "sgd_momentum"
    assert find_factory("adam")(0.1) == gl.adam(0.1)
    for find in (find_problem, find_contestant, find_factory):
        with pytest.raises(UnknownNameError):
            find("nothing_like_it")


def test_a_problem_of_a_finished_study_is_found_with_its_arguments() -> None:
    assert find_own_problem("ravine", repr(Ravine())) == Ravine()
    made = find_problem("matrix_factorization:rows=4")
    assert find_own_problem("matrix_factorization", repr(made)) == made
    for name, setup in (
        ("ravine", "mine.Ravine()"),
        ("ravine", "MatrixFactorization(rows=4)"),
        ("os:name", ""),
        ("ravine", "<1"),
    ):
        assert find_own_problem(name, setup) is None


@pytest.mark.parametrize(("name", "called"), [("Bowl", "my_bowl"), ("Plain", "plain"), ("steep", "my_bowl")])
def test_a_problem_is_a_class_or_what_makes_one(name: str, called: str) -> None:
    problem = find_problem(f"mine_of_loading:{name}")
    assert problem.name == called
    loss = train(problem, [gl.sgd(0.01)], [0], 3).loss[0, 0]
    assert loss[0] == (30 if name == "steep" else 3)
    assert loss[2] < loss[0]


def test_a_class_of_the_users_gets_the_defaults() -> None:
    problem = find_problem("mine_of_loading:Plain")
    assert problem.summary == "No base class."
    assert problem.steps == 200


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Zzz", "mine_of_loading has no 'Zzz'; it has .*Bowl"),
        ("Bwl", r"mine_of_loading has no 'Bwl'; did you mean Bowl\?"),
        ("Sign", "is not a problem: it lacks init.key. and loss"),
        ("Vector", "loss must return a real scalar"),
        ("Broken", r"Broken.loss fails when it is tried at .*mine_of_loading.py:\d+ .*: NameError"),
        ("Unranked", "metrics has no 'final_loss'"),
        ("Demanding", "cannot be called without arguments .*; expected a class with .* give its arguments defaults"),
        ("made", r"is an optimizer, expected a problem; pass it as --optimizer"),
    ],
)
def test_anything_but_a_problem_is_refused(name: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        find_problem(f"mine_of_loading:{name}")


def test_modules_that_cannot_be_imported_are_named() -> None:
    with pytest.raises(LoadError, match="cannot import nowhere of nowhere:x"):
        find_problem("nowhere:x")
    with pytest.raises(LoadError, match=r"^the import of fails_of_loading fails at .*loading.py:1 \(1 / 0\): Zero"):
        find_factory("fails_of_loading:x")


CENTERS = [("Sign", 0.01), ("descent", 0.3), ("recipe", 0.1), ("value", 0.2), ("later", 0.2), ("greek", 0.01)]


@pytest.mark.parametrize(("name", "center"), CENTERS)
def test_an_optimizer_is_a_function_or_a_class_of_its_rate(name: str, center: float) -> None:
    contestant = find_contestant(f"mine_of_loading:{name}")
    assert (contestant.name, contestant.default_rate) == (name, center)
    stacked = stack_optimizers([contestant.make(rate) for rate in (0.1, 0.2)])
    assert any(leaf.shape == (2,) for leaf in jax.tree.leaves(stacked))
    params = jnp.ones(3, jnp.float32)
    moves = [contestant.make(rate).update(params, contestant.make(rate).init(params), params)[0] for rate in (0.1, 0.2)]
    np.testing.assert_allclose(moves[1], 2 * moves[0], rtol=1e-6)
    assert np.isfinite(train(Ravine(), [contestant.make(0.001), contestant.make(0.002)], [0], 3).loss).all()


def test_an_optimizer_of_optax_runs_like_one_of_gradlab() -> None:
    grid = find_contestant("optax:sgd")
    np.testing.assert_allclose(
        train(Ravine(), [grid.make(0.01)], [0], 5).loss, train(Ravine(), [gl.sgd(0.01)], [0], 5).loss, rtol=1e-6
    )
    assert find_factory("optax:adamw")(0.1, b1=0.8).b1 == 0.8


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("made", "an optimizer that is made already, and runs need one for each rate"),
        ("nothing", "takes no arguments, expected a learning rate"),
        (
            "decays",
            r":decays has no learning rate to vary among b1, b2; name it one of .* --set b1=\.\.\.$",
        ),
    ],
)
def test_anything_but_an_optimizer_is_refused(name: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        find_contestant(f"mine_of_loading:{name}")


def test_an_edit_changes_the_digest_and_gradlab_has_none(tmp_path: Path) -> None:
    contestant, problem = find_contestant("mine_of_loading:descent"), find_problem("mine_of_loading:Plain")
    before = digest_own_file(contestant.make)
    assert before == digest_own_file(problem) != ""
    (tmp_path / "mine_of_loading.py").write_text(MODULE + "# edited")
    assert digest_own_file(contestant.make) != before
    assert digest_own_file(gl.adam) == digest_own_file(Ravine()) == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sgd_momentum", "only races; here it is --optimizer sgd --set momentum=0.9$"),
        ("sgd_nesterov", "--optimizer sgd --set momentum=0.9 --set nesterov=yes"),
        ("optax.adam", "typed with a colon, optax:adam"),
    ],
)
def test_a_refused_name_is_answered_with_what_to_type(name: str, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        find_factory(name)


def test_a_near_name_of_a_module_comes_first() -> None:
    with pytest.raises(LoadError, match=r"optax has no 'adamx'; did you mean adam"):
        find_factory("optax:adamx")
