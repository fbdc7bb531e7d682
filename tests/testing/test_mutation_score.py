"""The mutation score counts what a kit kills, and on which law."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradlab.testing import Report, Result
from gradlab.testing.mutants import MUTANTS
from gradlab.testing.mutants.__main__ import main
from gradlab.testing.mutation_score import Outcome, measure_mutation_score

FEW = [MUTANTS[name] for name in ("hidden_counter", "writes_into_the_state", "sgd_ascends")]


def seeing(*laws: str) -> Any:
    """A kit that finds these laws broken in every transformation."""

    def kit(tx: Any, *, reference: Any, claims: Any, dtypes: Any) -> Report:
        return Report("anything", tuple(Result(law, law, "broken") for law in laws))

    return kit


def test_a_blind_kit_kills_nothing() -> None:
    score = measure_mutation_score(seeing(), mutants=FEW)
    assert (score.fraction, score.own_law_fraction, score.killed) == (0, 0, ())
    assert score.survivors == ("hidden_counter", "writes_into_the_state", "sgd_ascends")
    assert "survived: hidden_counter, writes_into_the_state, sgd_ascends" in str(score)


def test_a_kill_counts_on_the_right_law() -> None:
    score = measure_mutation_score(seeing("pure", "compiled once"), mutants=FEW)
    assert score.fraction == 1
    assert score.own_law_fraction == pytest.approx(1 / 3)
    assert score.killed_by_other_laws == ("writes_into_the_state", "sgd_ascends")
    assert "3 of 3 mutants killed (100%), 33% by their own law" in str(score)


def test_the_kit_itself_is_the_default() -> None:
    seen: list[str] = []
    score = measure_mutation_score(mutants=FEW[:1], on_outcome=lambda outcome: seen.append(str(outcome)))
    assert score.own_law_fraction == score.fraction == 1
    assert len(seen) == 1
    assert seen[0].startswith("killed    hidden_counter")
    assert 0 < score.seconds < 60


def test_a_released_mistake_shows_its_source() -> None:
    released = replace(FEW[0], source="optax, issue 1, 2024")
    assert str(Outcome(released, ("pure",), 1.0)).endswith("pure  (released: optax, issue 1, 2024)")
    assert "released" not in str(Outcome(FEW[0], ("pure",), 1.0))


def test_the_command_line_examines_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zips_leaves"]) == 0
    assert "1 of 1 mutants killed (100%), 100% by their own law" in capsys.readouterr().out
    assert main(["no such"]) == 2
    assert "no mutant's name contains no such" in capsys.readouterr().err
