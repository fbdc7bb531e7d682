"""The committed results of the race of eight Muons are those of the race that the script describes."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(EXTENSIONS)
    return importlib.import_module("muon_race")


def test_the_race_that_was_run_is_the_one_that_the_script_describes(module: Any) -> None:
    race = module.read()
    assert module.FILE.stat().st_size < 60 * 1024
    described = module.describe()
    if module.sklearn.__version__ != race["scikit-learn"]:  # which has the text
        del described["text"]
    for name, value in described.items():
        assert race[name] == value, f"{name} has changed: run {module.COMMAND} again"


def test_the_results_follow_from_the_scores_of_the_runs(module: Any) -> None:
    race = module.read()
    choosing, reporting = (np.array(race["roles"]) == role for role in ("choose", "report"))
    assert choosing.sum() == reporting.sum() == race["seeds"] / 2
    scores = {}
    for row in race["leaderboard"]:
        bits = {part: np.array(values) for part, values in race["bits"][row["optimizer"]].items()}
        assert bits["test"].shape == (len(race["rates"]), race["seeds"])
        best = bits["validation"][:, choosing].mean(1).argmin()
        assert row["best_rate"] == race["rates"][best]
        assert 0 < best < len(race["rates"]) - 1  # a better rate may lie beyond an end
        np.testing.assert_allclose(row["score"], bits["test"][best, reporting].mean(), atol=1e-4)
        np.testing.assert_allclose(row["spread"], bits["test"][best, reporting].std(ddof=1), atol=2e-4)
        scores[row["optimizer"]] = row["score"]
    assert set(scores) == set(module.contestants())
    assert list(scores.values()) == sorted(scores.values())
    # What the page says of them.
    assert max(scores, key=lambda name: scores[name]) == "adamw"
    muons = [score for name, score in scores.items() if name != "adamw"]
    assert scores["adamw"] - max(muons) > 0.2
    rates = {row["optimizer"]: row["best_rate"] for row in race["leaderboard"]}
    assert rates["adamw"] == module.REST_RATE


def test_the_page_states_the_command_the_budget_and_the_versions(module: Any) -> None:
    race, said = module.read(), module.show_budget()
    runs = 9 * len(race["rates"]) * race["seeds"]
    for text in (race["command"], race["problem"], f"{runs} runs of {race['steps']} steps", f"jax {race['jax']}"):
        assert text in said
    table = module.show_results().splitlines()
    assert len(table) == 2 + 9
    assert all(
        f"| {row['best_rate']:g} | {row['score']:.2f} " in line for row, line in zip(race["leaderboard"], table[2:])
    )
    page = (EXTENSIONS.parent / "muon.md").read_text(encoding="utf-8")
    assert "muon_race.show_results()" in page
    assert "muon_race.show_budget()" in page
