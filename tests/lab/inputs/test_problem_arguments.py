"""Arguments of problems that are typed behind a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradlab.cli.race import make_study
from gradlab.lab._inputs.importing import LoadError
from gradlab.lab._inputs.loading import find_problem
from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab._inputs.problem_arguments import parse_arguments, split_arguments
from gradlab.lab._studies.study_arguments import problems_by_name
from gradlab.lab.problems import Quadratic, Ravine, Transformer

MODULE = '''
import jax.numpy as jnp

class Bowl:
    """A bowl."""
    def __init__(self, size=3, kind="round", *, flat=False): self.size, self.kind, self.flat = size, kind, flat
    def init(self, key): return jnp.ones(self.size, jnp.float32)
    def loss(self, params, batch): return jnp.sum(params**2)

def make(**settings): return Bowl(**settings)
made = Bowl()
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_of_arguments.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("transformer:width=8,depth=1, heads=2", Transformer(width=8, depth=1, heads=2)),
        ("transformer:is_tied=True,context=4", Transformer(is_tied=True, context=4)),
        ("quadratic:noise=1,degrees_of_freedom=2.5", Quadratic(noise=1.0, degrees_of_freedom=2.5)),
        ("quadratic:degrees_of_freedom=None", Quadratic()),
        ("gradlab.lab.problems:Ravine:steepness=30", Ravine(steepness=30.0)),
    ],
)
def test_arguments_make_the_problem(name: str, problem: Any) -> None:
    found = find_problem(name)
    assert found == problem
    assert repr(found) == repr(problem)  # in which an integer is none of the floats


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("transformer:widht=8", "transformer has no argument 'widht'; did you mean width"),
        (
            "transformer:q=8",
            "transformer has no argument 'q'; it has width, depth, heads, context, batch_size, is_tied",
        ),
        ("transformer:steps=8", "is_tied; the number of updates is an option, --steps"),
        ("transformer:width=wide", "transformer: width must be a whole number, got 'wide'"),
        ("transformer:width=8.0", "transformer: width must be a whole number, got '8.0'; 64 is the default"),
        ("transformer:width=True", "transformer: width must be a whole number, got 'True'"),
        ("transformer:width=", "transformer: width must be a whole number, got ''"),
        ("transformer:is_tied=yes", "transformer: is_tied must be True or False, got 'yes'"),
        ("transformer:width=8,16", "transformer:width=8,16 has '16' behind the colon, expected NAME=VALUE"),
        ("transformer:width=8,width=4", "transformer:width=8,width=4 gives width twice"),
        ("transformer:width=10", "transformer: width must be a multiple of heads, got width=10 and heads=4"),
        ("transformer:width", "arguments of the problem transformer are typed transformer:NAME=VALUE"),
        ("quadratic:noise=1e999", "quadratic: noise must be a finite number, got '1e999'"),
        ("quadratic:degrees_of_freedom=x", "quadratic: degrees_of_freedom must be a Python literal"),
        ("digits:hidden=-1", "digits: hidden must be a whole number of at least 1, got -1"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(name: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        find_problem(name)


def test_an_unknown_problem_is_named_without_its_arguments() -> None:
    with pytest.raises(UnknownNameError, match="no problem is named 'transfomer'; did you mean transformer"):
        find_problem("transfomer:width=8")


def test_a_problem_without_arguments_says_so() -> None:
    with pytest.raises(LoadError, match="plain has no argument 'size'; it has none; type plain alone"):
        parse_arguments("plain", lambda: None, "size=3")


def test_a_name_without_arguments_is_left_alone() -> None:
    assert split_arguments("mine:Bowl") == ("mine:Bowl", "")
    assert split_arguments("mine:Bowl:size=3") == ("mine:Bowl", "size=3")
    assert split_arguments("=3") == ("=3", "")
    assert split_arguments("adam:b1=rates:falling") == ("adam", "b1=rates:falling")
    assert split_arguments("mine:adam:b1=rates:falling,b2=0.9") == ("mine:adam", "b1=rates:falling,b2=0.9")


@pytest.mark.usefixtures("module")
def test_a_users_class_and_function_take_arguments() -> None:
    found: Any = find_problem("mine_of_arguments:Bowl:size=5,kind=flat out,flat=True")
    assert (found.size, found.kind, found.flat, found.name) == (5, "flat out", True, "bowl")
    # The text tells settings apart, because a folder of results is resumed by it.
    assert repr(found) == "mine_of_arguments:Bowl(size=5, kind='flat out', flat=True)"
    assert find_problem("mine_of_arguments:make:size=4").init(None).shape == (4,)  # type: ignore[arg-type]
    assert repr(find_problem("mine_of_arguments:Bowl")) == "mine_of_arguments.Bowl()"


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine_of_arguments:made:size=5", "mine_of_arguments:made is a problem already and takes no arguments"),
        ("mine_of_arguments:Bowl:kind=3", "mine_of_arguments:Bowl: kind must be a text, got '3'; put it in quotes"),
        ("mine_of_arguments:make:sise=4", "mine_of_arguments:make .*unexpected keyword argument 'sise'"),
    ],
)
def test_arguments_that_a_users_problem_lacks_are_refused(name: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        find_problem(name)


def test_several_values_are_one_problem_each_under_a_name_of_its_own() -> None:
    found = problems_by_name("transformer:width=8|16,depth=1,is_tied=False|True")
    assert [problem.name for problem in found] == [
        "transformer_width8_is_tiedFalse",
        "transformer_width8_is_tiedTrue",
        "transformer_width16_is_tiedFalse",
        "transformer_width16_is_tiedTrue",
    ]
    assert repr(found[1]) == repr(Transformer(width=8, depth=1, is_tied=True))
    steep = problems_by_name("ravine:steepness=1e-1|20")
    assert [problem.name for problem in steep] == ["ravine_steepness1e_1", "ravine_steepness20"]
    assert len(problems_by_name("ravine:steepness=20")) == 1


@pytest.mark.parametrize("text", ["ravine:steepness=1|", "ravine:steepness=1|1", "ravine:steepness=|"])
def test_values_that_are_missing_or_equal_are_refused(text: str) -> None:
    with pytest.raises(LoadError, match=r"steepness must have different values between the bars"):
        problems_by_name(text)


def test_a_renamed_problem_races_over_the_rates_of_its_own_name(tmp_path: Path) -> None:
    study = make_study(["ravine:steepness=10|20"], ["sgd"], "3", "1", 2)
    plain = make_study(["ravine:steepness=10"], ["sgd"], "3", "1", 2)
    (first, second), (task,) = study.plan()["tasks"], plain.plan()["tasks"]
    assert first["points"] == second["points"] == task["points"]
    assert (first["problem"], first["setup"]) == ("ravine_steepness10", task["setup"])
