"""Any object with `init` and `loss` becomes a problem, and stays what it was."""

from __future__ import annotations

import copy
import types
from dataclasses import dataclass, field
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.cli.explain import describe_problem
from gradlab.lab._engine.task import Task
from gradlab.lab._inputs.importing import BrokenUserCodeError, LoadError
from gradlab.lab._inputs.problem_adapter import AdaptedProblem, as_problem
from gradlab.lab._inputs.source_files import digest_own_file, digest_source_files
from gradlab.lab._inputs.user_code_detection import is_user_code
from gradlab.lab.plots.landscape_contours import compute_heights
from gradlab.lab.problems import Landscape, Problem, Ravine, Score
from tests.lab.training import train


class Own:
    """Not inheriting."""

    size: int = 3

    def init(self, key: Any) -> Any:
        return jnp.ones(self.size, jnp.float32)

    def loss(self, params: Any, batch: Any) -> Any:
        return jnp.sum(params**2)


def test_a_value_or_a_class_gets_the_defaults() -> None:
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
        (
            3,
            r"int gives an object of type int, expected a problem: a class with init\(key\) and loss\(params, batch\)$",
        ),
        (dict, r"dict is not a problem: it lacks init\(key\) and loss\(params, batch\)$"),
        (type("Bad", (Own,), {"steps": 0}), "Bad.steps is 0"),
        (type("Slotted", (Own,), {"__slots__": ()}), None),
    ],
)
def test_anything_but_a_problem_is_refused(found: Any, message: str | None) -> None:
    if message is None:
        assert as_problem(found()).name == "slotted"
        return
    with pytest.raises(LoadError, match=message):
        as_problem(found)


class Plane(Own):
    """Of two parameters, with a minimum that is known."""

    size = 2
    steps = 7
    minimum = 0.0
    landscape = Landscape(((-2, 2), (-1, 1)))
    score = Score("far", "distance")

    @property
    def optimum(self) -> Any:
        return jnp.zeros(2, jnp.float32)

    def metrics(self, params: Any) -> Any:
        return {"far": jnp.sqrt(jnp.sum(params**2))}


class Slotted:
    __slots__ = ("size",)

    def __init__(self, size: int = 3):
        self.size = size

    init, loss = Own.init, Own.loss


@dataclass(frozen=True)
class Frozen:
    size: int = 3

    init, loss = Own.init, Own.loss


class Inheriting(Problem):
    """Without a name."""

    init, loss = Own.init, Own.loss
    size = 3


class Linear(nn.Module):
    """A module of Flax, which has an `init` of its own."""

    size: int = 3

    @nn.compact
    def __call__(self, rows: Any) -> Any:
        return nn.Dense(1)(rows)

    def init(self, key: Any) -> Any:  # type: ignore[override]
        return super().init(key, jnp.ones((2, self.size), jnp.float32))

    def loss(self, params: Any, batch: Any) -> Any:
        outputs: Any = self.apply(params, jnp.ones((2, self.size), jnp.float32))
        return jnp.mean(outputs**2)


def namespace() -> types.SimpleNamespace:
    own = Own()
    return types.SimpleNamespace(init=own.init, loss=own.loss)


def module() -> types.ModuleType:
    made = types.ModuleType("bowl", "A module.")
    made.init, made.loss = Own().init, Own().loss  # type: ignore[attr-defined]
    return made


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class PytreeModule:
    """A module as those of Equinox are: a frozen dataclass that is a pytree of its arrays, so it has no equality."""

    size: Any = field(default_factory=lambda: jnp.zeros(3, jnp.float32))

    def init(self, key: Any) -> Any:
        return 1 + self.size

    loss = Own.loss


KINDS: dict[str, Any] = {
    "a plain value": Own,
    "all parts": Plane,
    "slots": Slotted,
    "frozen": Frozen,
    "without a name": Inheriting,
    "Flax": Linear,
    "a namespace": namespace,
    "a module": module,
    "a pytree": PytreeModule,
}


def all_about(value: Any) -> Any:
    """Return everything that could be written to: the attributes of an object, its class, and those of the class."""
    kinds = [vars(kind).copy() for kind in type(value).__mro__]
    return type(value), vars(value).copy() if hasattr(value, "__dict__") else value.size, kinds


@pytest.mark.parametrize("kind", KINDS)
def test_the_users_object_and_class_stay_as_they_were(kind: str) -> None:
    value = KINDS[kind]()
    before = all_about(value)
    problem = as_problem(value, "mine:it", "mine")
    assert isinstance(problem, AdaptedProblem)
    assert problem.__wrapped__ is value
    assert (problem.name, problem.steps) == ("it", 7 if kind == "all parts" else 200)
    losses = train(problem, [gl.sgd(0.01)], [0], 4).loss[0, 0]
    assert np.all(np.diff(losses) < 0)
    start = problem.init(jax.random.split(jax.random.key(0))[0])
    assert float(jax.jit(lambda params: problem.loss(params, None))(start)) == pytest.approx(losses[0])
    assert describe_problem("it", problem)["settings"]["steps"] == problem.steps
    repr(problem), digest_source_files(problem), digest_own_file(problem), is_user_code(problem)
    assert all_about(value) == before


@pytest.mark.parametrize("kind", [Own, Plane, Slotted, Frozen, Inheriting, Linear])
def test_the_users_class_stays_as_it_was(kind: Any) -> None:
    before = kind, dict(vars(kind))
    assert as_problem(kind).name == kind.__name__.lower()
    assert (kind, dict(vars(kind))) == before


def test_the_summary_is_the_first_line_of_the_docstring() -> None:
    assert as_problem(Plane).summary == "Of two parameters, with a minimum that is known."
    assert as_problem(Linear).summary == "A module of Flax, which has an `init` of its own."
    assert as_problem(Frozen, "mine:Frozen").summary == "Frozen, a problem of the user's own."  # not its signature
    assert as_problem(module()).summary == "A module."


def test_two_names_for_one_class_are_two_problems() -> None:
    small, large = (as_problem(lambda size=size: Frozen(size), name) for name, size in (("small", 2), ("large", 9)))
    assert (small.name, large.name) == ("small", "large")
    assert not hasattr(Frozen, "name")


def test_all_parts_of_the_users_problem_are_used() -> None:
    own = Plane()
    problem = as_problem(own)
    for part in ("steps", "minimum", "landscape", "score", "init", "loss", "metrics"):
        assert getattr(problem, part) == getattr(own, part)
    np.testing.assert_array_equal(problem.optimum, own.optimum)
    assert problem.batches(jax.random.key(0), 3) is None  # the default
    assert jax.jit(problem.loss)(jnp.array([1.0, 2.0]), None) == 5
    assert set(train(problem, [gl.sgd(0.1)], [0], 3).metrics) == {"far"}
    np.testing.assert_allclose(compute_heights(problem)[2].min(), 0, atol=1e-3)
    own.steps = 9
    assert problem.steps == 9


def test_an_error_in_a_users_property_is_not_taken_for_a_missing_part() -> None:
    class Careless(Own):
        @property
        def steps(self) -> int:
            return self.mispelt  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="mispelt"):
        _ = as_problem(Careless).steps


def test_an_adapter_reads_as_what_it_adapts() -> None:
    problem = as_problem(Frozen(4), "it", "mine")
    assert repr(problem) == "Frozen(size=4)"
    assert repr(as_problem(Own)) == f"{__name__}.Own()"
    assert " at 0x" not in repr(as_problem(namespace()))
    assert problem.size == 4  # type: ignore[attr-defined]
    assert describe_problem("it", problem)["settings"] == {"size": 4, "steps": 200}
    task = Task(problem, "sgd", "other", gl.sgd, {"learning_rate": np.array([0.1])}, (0,), 3)
    assert task.setup == "Frozen(size=4)"
    assert digest_own_file(problem) == digest_own_file(Frozen()) != ""
    assert is_user_code(problem)
    assert copy.copy(problem) == problem
    with pytest.raises(AttributeError, match="nowhere"):
        _ = problem.nowhere  # type: ignore[attr-defined]


def test_adapters_are_equal_where_what_they_adapt_is() -> None:
    own: Any = Frozen(4)
    assert as_problem(Frozen(4)) == as_problem(Frozen(4)) == own
    assert own == as_problem(Frozen(4))
    assert hash(as_problem(Frozen(4))) == hash(own)
    assert as_problem(Frozen(4)) != as_problem(Frozen(5))
    assert as_problem(Frozen(4), "a") != as_problem(Frozen(4), "b")
    assert as_problem(Own()) != as_problem(Own())


def test_problems_of_gradlab_are_adapted_only_if_a_user_names_them() -> None:
    assert as_problem(Ravine, "gradlab.lab.problems:Ravine", "gradlab.lab.problems") == Ravine()
    steep = Ravine(steepness=200.0)
    assert as_problem(steep) is steep
    named = as_problem(steep, "mine:steep", "mine")
    assert (named.name, repr(named), named == steep) == ("ravine", repr(steep), True)
    assert is_user_code(named)
    assert not is_user_code(steep)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (3, "Named.name is 3, expected a string"),
        ("a/b", "Named.name is 'a/b', expected letters, digits and _"),
    ],
)
def test_a_name_has_to_name_files(name: Any, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        as_problem(type("Named", (Own,), {"name": name}))


def test_a_part_that_fails_is_broken_and_one_that_is_wrong_is_not() -> None:
    with pytest.raises(BrokenUserCodeError, match=r"Failing.loss fails when it is tried .*ZeroDivisionError"):
        as_problem(type("Failing", (Own,), {"loss": lambda self, params, batch: 1 / 0}))
    with pytest.raises(LoadError, match=r"Wrong.loss must return a real scalar") as caught:
        as_problem(type("Wrong", (Own,), {"loss": lambda self, params, batch: params}))
    assert not isinstance(caught.value, BrokenUserCodeError)
