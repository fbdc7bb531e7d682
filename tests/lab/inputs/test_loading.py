"""Optimizers and problems by name, from anywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.lab.engine.training_loop import stack_optimizers
from gradlab.lab.inputs.importing import LoadError
from gradlab.lab.inputs.loading import as_factory, as_problem, find_contestant, find_factory, find_problem
from gradlab.lab.inputs.name_lookup import UnknownNameError
from gradlab.lab.inputs.source_files import source_digest
from gradlab.lab.problems import Ravine
from gradlab.lab.studies.sweep import sweep
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
def ours(learning_rate=0.1): return gl.adam(learning_rate)
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
    (tmp_path / "theirs.py").write_text(MODULE)
    (tmp_path / "fails.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("theirs", None)


def test_names_without_a_colon_are_our_own() -> None:
    assert find_problem("ravine") == Ravine()
    assert find_contestant("sgd_momentum").name == "sgd_momentum"
    assert find_factory("adam")(0.1) == gl.adam(0.1)
    for find in (find_problem, find_contestant, find_factory):
        with pytest.raises(UnknownNameError):
            find("nothing_like_it")


@pytest.mark.parametrize(("name", "called"), [("Bowl", "my_bowl"), ("Plain", "plain"), ("steep", "my_bowl")])
def test_a_problem_is_a_class_or_what_makes_one(name: str, called: str) -> None:
    problem = find_problem(f"theirs:{name}")
    assert problem.name == called
    loss = train(problem, [gl.sgd(0.01)], [0], 3).loss[0, 0]
    assert loss[0] == (30 if name == "steep" else 3)
    assert loss[2] < loss[0]


def test_a_class_of_their_own_is_given_the_defaults() -> None:
    problem = find_problem("theirs:Plain")
    assert problem.summary == "No base class."
    assert problem.steps == 200


class Own:
    """Not inheriting."""

    size: int = 3

    def init(self, key: Any) -> Any:
        return jnp.ones(self.size, jnp.float32)

    def loss(self, params: Any, batch: Any) -> Any:
        return jnp.sum(params**2)


def test_a_value_or_a_class_is_filled_in_as_what_a_name_finds() -> None:
    value: Any = Own()
    value.size = 5
    for problem, size in ((as_problem(Own), 3), (as_problem(value), 5), (as_problem(lambda: value), 5)):
        assert (problem.summary, problem.steps) == ("Not inheriting.", 200)
        assert problem.init(jax.random.key(0)).shape == (size,)
    assert as_problem(Own).name == as_problem(value).name == "own"
    assert not hasattr(value, "steps")  # the caller's own is left alone
    assert as_problem(Ravine()) == as_problem(Ravine) == Ravine()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (3, r"int gives a int, expected a problem: a class with init\(key\) and loss\(params, batch\)$"),
        (dict, r"dict is no problem: it lacks init\(key\) and loss\(params, batch\)$"),
        (type("Bad", (Own,), {"steps": 0}), "Bad.steps is 0"),
        (type("Slotted", (Own,), {"__slots__": ()}), None),
    ],
)
def test_values_that_are_no_problem_are_refused(found: Any, message: str | None) -> None:
    if message is None:
        assert as_problem(found()).name == "slotted"
        return
    with pytest.raises(LoadError, match=message):
        as_problem(found)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Zzz", "theirs has no 'Zzz'; it has .*Bowl"),
        ("Bwl", r"theirs has no 'Bwl'; did you mean Bowl\?"),
        ("Sign", "is no problem: it lacks init.key. and loss"),
        ("Vector", "loss must return a real scalar"),
        ("Broken", r"Broken.loss fails when it is tried at .*theirs.py:\d+ .*: NameError"),
        ("Unranked", "metrics has no 'final_loss'"),
        ("Demanding", "cannot be called without arguments .*; expected a class with .* give its arguments defaults"),
        ("made", "expected a problem: a class with"),
    ],
)
def test_what_is_no_problem_is_refused(name: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        find_problem(f"theirs:{name}")


def test_modules_that_cannot_be_imported_are_named() -> None:
    with pytest.raises(LoadError, match="cannot import nowhere of nowhere:x"):
        find_problem("nowhere:x")
    with pytest.raises(LoadError, match=r"^the import of fails fails at .*fails.py:1 \(1 / 0\): Zero"):
        find_factory("fails:x")


CENTERS = [("Sign", 0.01), ("descent", 0.3), ("ours", 0.1), ("value", 0.2), ("later", 0.2), ("greek", 0.01)]


@pytest.mark.parametrize(("name", "center"), CENTERS)
def test_an_optimizer_is_a_function_or_a_class_of_its_rate(name: str, center: float) -> None:
    contestant = find_contestant(f"theirs:{name}")
    assert (contestant.name, contestant.default_rate) == (name, center)
    stacked = stack_optimizers([contestant.make(rate) for rate in (0.1, 0.2)])
    assert any(leaf.shape == (2,) for leaf in jax.tree.leaves(stacked))
    params = jnp.ones(3, jnp.float32)
    moves = [contestant.make(rate).update(params, contestant.make(rate).init(params), params)[0] for rate in (0.1, 0.2)]
    np.testing.assert_allclose(moves[1], 2 * moves[0], rtol=1e-6)
    assert np.isfinite(train(Ravine(), [contestant.make(0.001), contestant.make(0.002)], [0], 3).loss).all()


def test_optax_is_as_good_as_ours() -> None:
    grid = find_contestant("optax:sgd")
    np.testing.assert_allclose(
        train(Ravine(), [grid.make(0.01)], [0], 5).loss, train(Ravine(), [gl.sgd(0.01)], [0], 5).loss, rtol=1e-6
    )
    assert find_factory("optax:adamw")(0.1, b1=0.8).b1 == 0.8


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("made", "expected a function or a class"),
        ("nothing", "takes no arguments, expected a learning rate"),
        ("decays", r"theirs:decays has no learning rate to vary among b1, b2; name it one of .* --set b1=\.\.\.$"),
    ],
)
def test_what_is_no_optimizer_is_refused(name: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        find_contestant(f"theirs:{name}")


def test_an_edit_changes_the_digest_and_ours_have_none(tmp_path: Path) -> None:
    contestant, problem = find_contestant("theirs:descent"), find_problem("theirs:Plain")
    before = source_digest(contestant.make)
    assert before == source_digest(problem) != ""
    (tmp_path / "theirs.py").write_text(MODULE + "# edited")
    assert source_digest(contestant.make) != before
    assert source_digest(gl.adam) == source_digest(Ravine()) == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sgd_momentum", "only races; here it is --optimizer sgd --set momentum=0.9$"),
        ("sgd_nesterov", r"nesterov is no number .* gl.sgd\(learning_rate, momentum=0.9, nesterov=True\)"),
        ("optax.adam", "typed with a colon, optax:adam"),
    ],
)
def test_what_was_nearly_typed_is_answered_with_what_to_type(name: str, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        find_factory(name)


def test_a_near_name_of_a_module_comes_first() -> None:
    with pytest.raises(LoadError, match=r"optax has no 'adamx'; did you mean adam"):
        find_factory("optax:adamx")


def counting(learning_rate: float = 0.1, power=2, layers=(1, 2), betas=(0.9, 1)):
    """Its whole numbers are the length of a loop, and shapes; one of `betas` is not."""

    def update(updates, state, params=None):
        for _ in range(power):
            updates = jax.tree.map(lambda g: g * learning_rate * betas[0], updates)
        return updates, state

    return optax.GradientTransformation(lambda params: jax.numpy.zeros(layers), update)


def test_whole_numbers_of_factories_of_ones_own_stay_whole() -> None:
    factory = as_factory("counting", counting)
    made: Any = factory(0.5)
    assert (made.power, made.layers, made.betas) == (2, (1, 2), (0.9, 1.0))
    assert [type(leaf) for leaf in jax.tree.leaves(made)] == [float] * 3
    assert float(jax.jit(lambda tx: tx.update(1.0, tx.init(1.0))[0])(made)) == pytest.approx((0.5 * 0.9) ** 2)
    assert factory(1).learning_rate == 1.0
    assert factory(0.5, power=2.5).power == 2.5  # which it refuses itself, by failing


def test_whole_numbers_are_swept_as_one_program() -> None:
    def repeated(learning_rate: float = 0.1, times=1):
        def update(updates, state, params=None):
            def body(_, tree):
                return jax.tree.map(lambda g: g * learning_rate, tree)

            return jax.lax.fori_loop(0, times, body, jax.tree.map(lambda g: -g, updates)), state

        return optax.GradientTransformation(lambda params: (), update)

    swept = sweep(Ravine(), repeated, {"learning_rate": [0.5], "times": [9, 10]}, seeds=1, steps=2)
    first, second = swept.path.sel(optimizer="repeated").values[:, 0, :, :]
    np.testing.assert_allclose((first[1] - first[0]) / (second[1] - second[0]), 2.0, rtol=1e-4)
