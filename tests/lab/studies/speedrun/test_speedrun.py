"""A speed run under its rules: its score, its certificate, what confirms it, and the ladder."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._baselines.baseline_file import read_baseline
from gradlab.lab._baselines.catalog import SHIPPED, list_baselines, locate
from gradlab.lab._baselines.expansion import expand_alone
from gradlab.lab._storage.files import digest_json
from gradlab.lab._studies.speedrun import rules
from gradlab.lab._studies.speedrun.certificate import compare, read_certificate
from gradlab.lab._studies.speedrun.ladder import list_baseline_rungs, read_rungs
from gradlab.lab._studies.speedrun.rules import NEVER, TARGETS, RulesError, make_problems
from gradlab.lab._studies.speedrun.score import compute_results
from gradlab.lab.analysis.comparison import default_target

EVALUATIONS = [0, 50, 100, 200]


def make_race(curves: list[list[float]]) -> xr.Dataset:
    """A race on the ravine of one optimizer, with a loss at each evaluation for each of two reporting seeds.

    The choosing seeds have the curve of the second one.
    """
    runs = ("optimizer", "rate", "seed")
    losses = np.array([[[curves[1], curves[1], *curves]]])
    return xr.Dataset(
        {
            "final_loss": ((*runs, "evaluation"), losses),
            "diverged": (runs, np.isnan(losses[..., -1])),
            "run_seconds": ("optimizer", [1.0]),
        },
        {
            "optimizer": ["mine"], "seed": range(4), "role": ("seed", ["choose", "choose", "report", "report"]),
            "evaluation": EVALUATIONS, "step": range(200), "learning_rate": (("optimizer", "rate"), [[0.1]]),
        },
        {"score": "final_loss", "higher_is_better": 0, "logarithmic": 1, "tolerance": 10.0, "problem": "ravine"},
    )  # fmt: skip


@pytest.fixture
def one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules with the ravine alone, at the settings of the tests."""
    for name in list(TARGETS):
        if name != "ravine":
            monkeypatch.delitem(TARGETS, name)
    monkeypatch.setitem(rules.SETTINGS, "jax_enable_x64", "True")


@pytest.mark.parametrize(
    ("first", "second", "updates", "speed"),
    [
        ([1.0, 1e-5, 1e-6, 1e-7], [1.0, 1e-5, 1e-6, 1e-7], [50, 50], 4.0),
        ([1.0, 1e-5, 1e-6, 1e-7], [1.0, 1.0, 1e-6, 1e-7], [50, 100], math.sqrt(4 * 2)),
        ([1.0, 1e-5, 1.0, 1e-7], [1.0, 1e-5, 1.0, 1e-7], [200, 200], 1.0),  # it passed through the target
        ([1.0, 1e-5, 1e-6, 1.0], [1.0, 1.0, 1.0, 1.0], [None, None], 1 / NEVER),
        ([1.0, 1e-5, 1e-6, np.nan], [1.0, 1e-5, 1e-6, 1e-7], [None, 50], math.sqrt(4 / NEVER)),
        ([1e-9, 1e-9, 1e-9, 1e-9], [1e-9, 1e-9, 1e-9, 1e-9], [0, 0], 200.0),  # counts as one update
    ],
)
def test_the_score_counts_the_updates_to_the_target_for_good(
    one_problem: None, first: list[float], second: list[float], updates: list[Any], speed: float
) -> None:
    result = compute_results({"ravine": make_race([first, second])})["mine"]
    assert result.problems["ravine"].updates == updates
    assert result.score == pytest.approx(speed)


def test_the_rules_are_those_of_the_problems_and_baselines_that_are_shipped() -> None:
    assert [problem.name for problem in make_problems()] == list(TARGETS)
    rungs = list_baseline_rungs()
    assert len(rungs) == 53
    assert min(rung.score for rung in rungs) >= 1 / NEVER
    for name, target in TARGETS.items():
        baseline = read_baseline(list_baselines(locate(SHIPPED))[name])
        assert baseline.definition == target.definition
        assert rules.RATES in baseline.origin["command"]
        assert baseline.dataset.sizes["seed"] == rules.SEEDS
        half = default_target(expand_alone(baseline.dataset))
        assert half <= target.score <= 1.1 * half, name  # as the comment on the targets says


@pytest.mark.usefixtures("one_problem")
def test_a_problem_or_a_setting_that_is_not_of_the_rules_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "ravine", TARGETS["ravine"]._replace(definition="0" * 16))
    with pytest.raises(RulesError, match="ravine is not that of the rules"):
        make_problems()
    monkeypatch.setitem(rules.SETTINGS, "jax_enable_x64", "False")
    with pytest.raises(RulesError, match="jax_enable_x64 is True, and the rules say False"):
        rules.require_settings()


def test_what_confirms_a_certificate() -> None:
    own = {"results": "a", "score": 2.0, "machine": "one", "problems": {"ravine": {"updates": [50]}}}
    assert compare(own, own)[0]
    moved = own | {"results": "b", "problems": {"ravine": {"updates": [51]}}, "score": 1.99}
    agrees, how = compare(own, moved)
    assert (agrees, how.startswith("not confirmed"), "ravine" in how) == (False, True, True)
    agrees, how = compare(own, moved | {"machine": "other"})
    assert (agrees, how.startswith("confirmed within 5 %"), "machine" in how) == (True, True, True)
    agrees, how = compare(own, moved | {"machine": "other", "score": 1.5})
    assert (agrees, "more than 5 % apart" in how) == (False, True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no certificate"),
        ("[]", "is no certificate"),
        ("{}", "expected format gradlab-certificate-1, found none"),
    ],
)
def test_what_is_no_certificate_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(RulesError, match=message):
        read_certificate(path)
    assert message in read_rungs(tmp_path)[1][0]


def test_a_certificate_of_other_rules_is_refused(tmp_path: Path) -> None:
    body = {"format": "gradlab-certificate-1", "rules": {"version": 0, "digest": "f" * 64}}
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**body, "digest": digest_json(body)}))
    with pytest.raises(RulesError, match="rules of version 0"):
        read_certificate(path)
