"""The sentences that say when to use a recipe are computed again here, from the files of the baselines."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import rankdata, ttest_rel

import gradlab as gl
from docs._extensions.recipe_behavior import sentences
from docs._extensions.recipe_behavior.backgrounds import (
    ALONE,
    CLAIMS_ABOUT,
    LARGEST_SIDE,
    LAYER,
    MATRICES,
    MOST_PARAMETERS,
    PROBLEM_WORDS,
    REASONS,
    RIVALS,
)
from docs._extensions.recipe_behavior.findings import place_of, ranks_of, rates_of, state_sizes
from docs._extensions.recipe_behavior.measurements import measure, read
from gradlab.lab._baselines.baseline_file import read_baseline
from gradlab.lab._baselines.catalog import SHIPPED, list_baselines, locate
from gradlab.lab._baselines.expansion import expand_alone
from gradlab.lab._literature_claims.catalogue import CLAIMS
from gradlab.lab._literature_claims.record import read_record, read_verdicts
from gradlab.lab.analysis.leaderboard import leaderboard
from gradlab.lab.problems import PROBLEMS
from gradlab.registry import entries, of_kind

ROOT = Path(__file__).parents[2]
WITH_DATA = (
    "breast_cancer", "deep_sigmoid", "diabetes", "digits", "exploding_rnn", "scaled_layers", "sparse_logistic", "wine",
)  # fmt: skip


@pytest.fixture(scope="module")
def scores() -> dict[str, np.ndarray]:
    """The losses (optimizer, seed) of the reporting seeds at the chosen rates on each problem; lower is better."""
    return {problem: _score(path) for problem, path in list_baselines(locate(SHIPPED)).items()}


def _score(path: Path) -> np.ndarray:
    dataset = read_baseline(path).dataset
    choosers, reporters = (dataset.role.values == role for role in ("choose", "report"))
    choosing = _to_loss(dataset.choosing.values, dataset.attrs)
    runs = np.where(dataset.divergence_step.values >= 0, np.inf, np.nan_to_num(choosing, nan=np.inf))[..., choosers]
    mean = np.where(np.isfinite(runs).all(-1), np.where(np.isfinite(runs), runs, 0).mean(-1), np.inf)
    report = _to_loss(dataset.score.values, dataset.attrs) if "score" in dataset else choosing[..., reporters]
    chosen = np.take_along_axis(report, mean.argmin(1)[:, None, None], 1)[:, 0]
    return np.where(np.isfinite(mean.min(1))[:, None], np.nan_to_num(chosen, nan=np.inf), np.inf)


def _to_loss(values: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    values = values.astype(float)
    if attributes["logarithmic"]:
        return np.log10(np.maximum(values, max(attributes["floor"], 1.18e-38)))
    return -values if attributes["higher_is_better"] else values


def test_the_numbers_are_those_of_the_leaderboard() -> None:
    for problem in ("digits", "ravine"):
        found = read()[problem]
        kept = expand_alone(read_baseline(list_baselines(locate(SHIPPED))[problem]).dataset)
        for row in leaderboard(kept):
            at = found.names.index(row.optimizer)
            assert found.rates[found.best[at]] == row.best_rate
            assert found.widths[at] == pytest.approx(row.good_decades)
            assert abs(found.ranks[at] - row.rank) <= 1.5  # two equals share a rank
            assert found.diverged[at].mean() == pytest.approx(row.diverged / row.runs)


@pytest.mark.parametrize("name", ["adam", "adamw", "soap", "radam"])
def test_ranks_and_comparisons_are_those_of_scipy(name: str, scores: dict[str, np.ndarray]) -> None:
    names = read()["ravine"].names
    text = "\n".join(sentences.write_behavior(name))
    ranks = {problem: rankdata(values.mean(1).round(9))[names.index(name)] for problem, values in scores.items()}
    assert f"Its mean rank is {np.mean([*ranks.values()]):.1f}, the " in text
    for label, are in (("first three", {p for p, r in ranks.items() if r <= 3}),
                       ("last six", {p for p, r in ranks.items() if r > 47})):  # fmt: skip
        said = re.search(rf"It is among the {label} on (no problem)?(.*)", text)
        assert said is not None
        assert bool(said[1]) == (not are)
        if are:
            listed = set(re.findall(r"`(\w+)`", said[2]))
            assert listed <= are
            assert len(listed) == len(are) or f"{len(are) - 4} more" in said[2]
    rival = RIVALS[name]
    low, high = [], []
    for problem, values in scores.items():
        ours, theirs = values[names.index(name)], values[names.index(rival)]
        if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
            better = np.isfinite(ours).all() and not np.isfinite(theirs).all()
            worse = np.isfinite(theirs).all() and not np.isfinite(ours).all()
        elif np.array_equal(ours, theirs):
            better = worse = False
        else:
            interval = ttest_rel(theirs, ours).confidence_interval(0.95)
            better, worse = interval.low > 0, interval.high < 0
        low += [problem] * bool(better)
        high += [problem] * bool(worse)
    beside = text[text.index("**Beside") :]
    assert f"clearly better on {len(low)} problem" in beside
    assert f"clearly worse on {len(high)} problem" in beside if high else "nowhere clearly worse" in beside


def _count_good(name: str, rate: float) -> dict[bool, int]:
    """Count the problems on which a rate is good, those with matrices and the others."""
    at, counts = read()["ravine"].names.index(name), {True: 0, False: 0}
    for problem, path in list_baselines(locate(SHIPPED)).items():
        dataset = read_baseline(path).dataset.isel(optimizer=at)
        best, attributes = read()[problem].best[at], dataset.attrs
        one = int(np.argmin(np.abs(np.log(dataset.learning_rate.values / rate))))
        curve = dataset.choosing.values[:, dataset.role.values == "choose"].astype(float)
        if attributes["logarithmic"]:
            curve = np.maximum(curve, max(attributes["floor"], 1.18e-38))
            good = np.log10(curve[one]).mean() <= np.log10(curve[best]).mean() + math.log10(attributes["tolerance"])
        else:
            gap = curve[best].mean() - curve[one].mean()
            good = (gap if attributes["higher_is_better"] else -gap) <= attributes["tolerance"]
        counts[problem in MATRICES] += bool(good)
    return counts


def test_rates_and_divergence_are_those_of_the_files() -> None:
    text, at = "\n".join(sentences.write_behavior("dog")), read()["ravine"].names.index("dog")
    beyond = 0
    for problem, path in list_baselines(locate(SHIPPED)).items():
        diverged = read_baseline(path).dataset.divergence_step.isel(optimizer=at).values >= 0
        best = read()[problem].best[at]
        beyond += best + 1 < len(diverged) and diverged[best + 1].any()
    suits = sum(_count_good("dog", 1.0).values())
    assert f"The rate that suits most problems is 1: it is good on {suits} of 22." in text
    assert f"On {beyond} of 22 problems some runs diverge half a decade above the best rate." in text
    assert "It diverges at every rate on `exploding_rnn`" in "\n".join(sentences.write_behavior("sgd"))


def test_problems_on_which_the_lowest_rate_is_good_are_left_out_of_the_mean_width() -> None:
    names = read()["ravine"].names
    at, kept, low = names.index("dog"), [], []
    for problem, measured in read().items():
        if measured.best[at] < 0:
            continue
        if measured.good[at, 0]:
            low.append(problem)
        else:
            kept.append(measured.widths[at])
    found = rates_of("dog")
    assert set(found.low) == set(low)
    assert len(low) == 8
    assert found.width == pytest.approx(np.mean(kept))
    text = "\n".join(sentences.write_behavior("dog"))
    assert f"span {np.mean(kept):.1f} decades on average, less than those of all 52 others. Left out of the" in text
    assert "Left out of the average: 8 problems (among them " in text


def default_rank(name: str) -> int:
    factory: Any = entries()[name].factory
    return int(factory.factory.parameters["rank"].default)


def test_the_reasons_of_ranks_hold() -> None:
    sides = [
        min(leaf.shape)
        for name in MATRICES
        for leaf in jax.tree.leaves(jax.eval_shape(PROBLEMS[name]().init, jax.random.key(0)))
        if leaf.ndim == 2
    ]
    ranks = [default_rank(name) for name in ("galore", "dion")]
    assert max(sides) == LARGEST_SIDE < min(ranks)
    params, rng = {"x": jnp.array([1.0, -2.0])}, np.random.default_rng(0)
    shampoo, adam, momentum = gl.shampoo(100.0), gl.adam(1.0), gl.radam(0.1)
    states = [tx.init(params) for tx in (shampoo, adam, momentum)]
    mean = np.zeros(2)
    for step in range(1, 8):
        gradient = {"x": jnp.asarray(rng.normal(size=2))}
        updates = []
        for at, tx in enumerate((shampoo, adam, momentum)):
            update, states[at] = tx.update(gradient, states[at], params)
            updates.append(np.asarray(update["x"]))
        np.testing.assert_allclose(updates[0], updates[1], rtol=1e-9)
        mean = 0.9 * mean + 0.1 * np.asarray(gradient["x"])
        plain = -0.1 * mean / (1 - 0.9**step)
        assert np.allclose(updates[2], plain) == (step <= 5)
    for name, reason in REASONS.items():
        assert reason in "\n".join(sentences.write_behavior(name))


def test_docstrings_say_how_many_times_the_rates_of_others_are_good() -> None:
    for name, other in (("schedule_free_sgd", "sgd"), ("schedule_free_adamw", "adamw")):
        ratios = []
        for one in read().values():
            ours, theirs = (int(one.best[one.names.index(key)]) for key in (name, other))
            if ours >= 0 and theirs >= 0:
                ratios.append(one.rates[ours] / one.rates[theirs])
        count = sum(0.99 < ratio < 10.1 for ratio in ratios)
        said = " ".join(str(entries()[name].factory.__doc__).split())
        assert f"on {count} of {len(ratios)} problems" in said


def test_a_low_rate_is_good_for_the_reason_that_is_given() -> None:
    text = "\n".join(sentences.write_behavior("amsbound"))
    assert "is nearly as good, since the bounds lead to `final_rate`, whatever the rate is." in text
    assert "mostly because no rate gets far" in "\n".join(sentences.write_behavior("adam"))
    tx, params = gl.amsbound(1e-4), {"x": jnp.zeros(1)}
    state = tx.init(params)
    for _ in range(200):
        step, state = tx.update({"x": jnp.ones(1)}, state, params)
    assert abs(float(step["x"][0])) > 100 * 1e-4  # the lowest rate of the grid, after the shortest of the runs


def test_the_best_factors_are_far_from_the_norm_that_muon_hyperball_keeps() -> None:
    problem = PROBLEMS["matrix_factorization"]()
    start, best = problem.init(jax.random.key(0)), problem.optimum
    for side in ("left", "right"):
        assert jnp.linalg.norm(best[side]) > 10 * jnp.linalg.norm(start[side])


def test_memory_is_counted_on_a_layer_on_which_a_low_rank_saves_some() -> None:
    sizes = state_sizes()
    assert sizes["adam"] == 8
    assert sizes["muon"] == 4
    assert sizes["galore"] < 3
    assert max(default_rank(name) for name in ("galore", "dion")) < min(LAYER["kernel"])
    assert f"It keeps {sizes['adafactor']:.3g} bytes for each" in "\n".join(sentences.write_behavior("adafactor"))


def test_a_method_for_matrices_counts_the_problems_with_matrices() -> None:
    most, default = (_count_good("normuon", rate)[True] for rate in (0.01, 0.001))
    said = f"The rates that suit most problems with matrices are 0.01 and 0.032: each is good on {most} of 9"
    said += f", and the default, 0.001, on {default}."
    assert said in "\n".join(sentences.write_behavior("normuon", works_on_matrices=True))


def test_most_is_said_of_more_than_half_and_a_default_beside_the_rates_is_placed() -> None:
    suits, low, high = (sum(_count_good("mars", rate).values()) for rate in (0.1, 0.001, 0.0032))
    said = f"The rate that suits the largest number of problems is 0.1: it is good on {suits} of 22. The default, "
    said += f"0.003, is between 0.001 and 0.0032, which are good on {low} and {high}."
    assert said in "\n".join(sentences.write_behavior("mars"))
    assert suits == 11


def test_the_problems_are_as_large_as_is_said() -> None:
    assert set(PROBLEM_WORDS) == set(read())
    assert {name for name, measured in read().items() if measured.with_data} == set(WITH_DATA)
    for name in PROBLEM_WORDS:
        params = jax.tree.leaves(jax.eval_shape(PROBLEMS[name]().init, jax.random.key(0)))
        assert sum(math.prod(leaf.shape) for leaf in params) <= MOST_PARAMETERS
        assert any(leaf.ndim >= 2 and min(leaf.shape) > 1 for leaf in params) == (name in MATRICES), name


def test_every_recipe_has_a_rival_and_the_claims_have_the_parts_that_are_named() -> None:
    names = read()["ravine"].names
    assert {*RIVALS, *ALONE} == set(of_kind("recipe")) & set(names)
    assert set(RIVALS.values()) <= set(names)
    records = {claim.number: read_record(claim) for claim in CLAIMS}
    for parts in CLAIMS_ABOUT.values():
        for number, named in parts.items():
            assert set(named) <= {verdict.part for verdict in read_verdicts(records[number] or {})}


def test_a_page_quotes_a_claim_and_says_what_was_measured_on_each_part() -> None:
    text = "\n".join(sentences.write_behavior("adagrad"))
    assert "*Adagrad gives rarely seen parameters larger steps, and wins on sparse data.* “" in text
    assert "“wins on sparse data”: **holds**; its test loss is lower than that of the others, by" in text
    assert "\n- **What is claimed, and what was measured.**\n  - [Claim 3: Rare features](../claims.md#claim-3-" in text
    assert "[Claim 14: Saddles, plateaus, local minima](" in "\n".join(sentences.write_behavior("sgd"))


def test_a_mean_rank_is_not_taken_for_a_rank() -> None:
    text = "\n".join(sentences.write_behavior("nadamw"))
    assert "Over the 8 problems with data, its mean rank is the best; over the other 14, it is the " in text
    assert "It is among the first three on no problem; its best rank is" in text
    assert "A mean rank averages the ranks on single problems" in text


def test_what_has_no_baselines_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "It acts on another optimizer" in "\n".join(sentences.write_behavior("lookahead"))
    assert "[`schedule_free_sgd`](schedule_free_sgd.md)" in "\n".join(sentences.write_behavior("schedule_free"))
    baseline = read_baseline(list_baselines(locate(SHIPPED))["ravine"])
    without = measure(baseline, ["lion"])
    assert len(without.names) == 52
    monkeypatch.setattr(sentences, "read", lambda: {"ravine": without})
    assert "`gradlab\nbaselines --optimizer lion --out new` makes them." in "\n".join(sentences.write_behavior("lion"))


def test_the_page_on_choosing_has_the_ranks_of_these_baselines() -> None:
    page = (ROOT / "docs" / "how-to" / "choose-an-optimizer.md").read_text(encoding="utf-8")
    noisy = {*WITH_DATA, "matrix_sensing", "noisy_quadratic", "reddi"}
    rank = {problem: {name: ranks_of(name)[problem] for name in ("adagrad", "adam", "sgd")} for problem in WITH_DATA}
    best = min((place_of(name).mean_rank, name) for name in read()["ravine"].names)
    worst = min(max(ranks_of(name).values()) for name in read()["ravine"].names)
    data = [place_of(name, WITH_DATA).mean_rank for name in ("nadamw", "soap", "adamw")]
    exact = [place_of(name, set(read()) - noisy).mean_rank for name in ("sgd_nesterov", "nag")]
    free = [place_of(name).mean_rank for name in ("dadapt_adam", "prodigy")]
    assert f"ranks {worst:.0f}th or\nworse on at least one of the 22" in page
    assert f"the best mean rank is {best[0]:.1f}, that of `{best[1]}`" in page
    assert "{:.1f} (`nadamw`), {:.1f} (`soap`) and {:.1f} (`adamw`)".format(*data) in page
    assert "without noise and without data, {:.1f} and {:.1f};".format(*exact) in page
    assert "mean ranks are {:.1f} and {:.1f} when".format(*free) in page
    assert "first and seventh on `sparse_logistic`, where gradient descent is 45th" in page
    assert rank["sparse_logistic"] == {"adagrad": 1, "adam": 7, "sgd": 45}
    widths = [rates_of(name).width for name in ("momo_adam", "adam")]
    assert "{:.1f} on average over 20 problems, and Adam's 1.6 and {:.1f};".format(*widths) in page
    assert [len(rates_of(name).low) for name in ("momo_adam", "adam")] == [2, 2]
