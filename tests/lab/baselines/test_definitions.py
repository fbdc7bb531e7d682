"""A definition changes with the code of a problem, and not with comments, docstrings or layout."""

from __future__ import annotations

import pytest

from gradlab.lab._baselines import definitions
from gradlab.lab._baselines.definitions import digest_definition
from gradlab.lab.problems import Digits, Problem, Ravine, Rosenbrock
from tests.lab.conftest import Slope

_read = definitions._read_source


@pytest.mark.parametrize(
    ("edit", "is_changed"),
    [
        (lambda text: text.replace('"""', '"""More. ', 1), False),
        (lambda text: text + "\n# A remark.\n", False),
        (lambda text: text.replace(" + ", "  +  "), False),
        (lambda text: text.replace("steepness", "slope"), True),
        (lambda text: text + "\nMORE = 1\n", True),
        (lambda text: text.replace("times steeper", "times as steep"), False),  # the summary
        (lambda text: text.replace("above=0", "above=1"), False),  # which parameters are refused
        (lambda text: text.replace('require_finite(self, "angle")', 'object.__setattr__(self, "angle", 1.0)'), True),
    ],
)
def test_only_the_code_counts(monkeypatch: pytest.MonkeyPatch, edit: object, is_changed: bool) -> None:
    before = digest_definition(Ravine())
    monkeypatch.setattr(definitions, "_read_source", lambda module: edit(_read(module)))  # type: ignore[operator]
    assert (digest_definition(Ravine()) != before) == is_changed


def test_arguments_and_modules_that_are_imported_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert digest_definition(Ravine()) != digest_definition(Ravine(steepness=20.0))
    before = {name: digest_definition(make()) for name, make in (("digits", Digits), ("rosenbrock", Rosenbrock))}
    read = "gradlab.lab.problems.networks"
    monkeypatch.setattr(definitions, "_read_source", lambda module: _read(module) + "\nMORE = 1\n" * (module == read))
    assert digest_definition(Digits()) != before["digits"]
    assert digest_definition(Rosenbrock()) == before["rosenbrock"]


def test_a_users_problem_has_a_definition() -> None:
    problem: Problem = Slope()
    assert digest_definition(problem) == digest_definition(Slope())
