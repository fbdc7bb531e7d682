"""What is somebody else's is told apart, with the line of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gradlab.lab.blame import ForeignError, blamed, place
from gradlab.lab.load import find_entrant, find_problem, source_digest
from gradlab.lab.race import Plan, race

MINE = """
import jax, jax.numpy as jnp, optax

def wrong_shapes(learning_rate=0.1):
    def update(updates, state, params=None):
        return jax.tree.map(lambda g: g @ jnp.ones((5, 5), g.dtype), updates), state
    return optax.GradientTransformation(lambda params: (), update)

def other_state(learning_rate=0.1):
    return optax.GradientTransformation(lambda params: jnp.zeros(3), lambda g, s, params=None: (g, jnp.zeros(4)))
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`mine("name")`: race one of the optimizers above."""
    (tmp_path / "to_blame.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def run(name: str) -> None:
        entrant = find_entrant(f"to_blame:{name}")
        assert source_digest(entrant)  # so that an edit is seen when it goes on
        list(race(Plan((find_problem("ravine"),), (entrant,), rates=1, seeds=1, steps=1)))

    return run


def test_the_line_of_the_user_is_named(mine: Callable[[str], None]) -> None:
    with pytest.raises(
        ForeignError, match=r"wrong_shapes on ravine fails at .*to_blame.py:6 \(return jax.*: TypeError"
    ):
        mine("wrong_shapes")


def test_what_it_returns_wrong_has_no_line_but_is_theirs_too(mine: Callable[[str], None]) -> None:
    message = r"other_state on ravine fails: ValueError: the state after .*float\d+\[4\]"
    with pytest.raises(ForeignError, match=message):
        mine("other_state")


def test_our_own_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), blamed("ours", foreign=False):
        _ = 1 / 0
    with pytest.raises(ForeignError, match=r"^inner fails"), blamed("outer", True), blamed("inner", True):
        raise KeyError("a")


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert place(ValueError()) == ""
