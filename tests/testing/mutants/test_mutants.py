"""Every mutant is killed by its own law, and the right version passes the same examination."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from typing import Any

import pytest

import gradlab as gl
from gradlab import registry
from gradlab.testing import CLAIMS, CONTRACTS, SCHEDULE_CLAIMS, SCHEDULE_LAWS, check, references
from gradlab.testing.mutants import (
    MUTANTS,
    Mutant,
    accumulation,
    arguments,
    averages,
    dtypes,
    released,
    released_wrappers,
    right_heavy_ball,
    right_matrix_methods,
    right_versions,
    skipping,
)
from gradlab.testing.verdicts.law import TRAJECTORIES, TRAJECTORY

OF_SCHEDULES = (*SCHEDULE_LAWS, *SCHEDULE_CLAIMS, "formula", "end points")
LAWFUL = [mutant for mutant in MUTANTS.values() if mutant.law != TRAJECTORY]
RIGHT: dict[str, Any] = {
    "bias_correction": gl.bias_correction(0.9, 0.999),
    "accumulate_on_schedule": accumulation.accumulate(accumulation.scheduled()),
    "accumulate_by_size": accumulation.accumulate_by_size(gl.sgd(0.1, momentum=0.9)),
    "align": released.align(),
    "accumulate_clipped": released_wrappers.accumulate_clipped(),
    "accumulate": accumulation.accumulate(gl.sgd(0.1, momentum=0.9)),
    "keep_average": averages.keep_average(),
    "keep_last": averages.keep_last(),
    "look_ahead": averages.look_ahead(),
    "follow_slowly": averages.follow_slowly(),
    "clip_by_global_norm": gl.clip_by_global_norm(1.0),
    "clip_by_norm": gl.clip_by_norm(1.0),
    "scale_by_sign": gl.scale_by_sign(),
    "sgd": gl.sgd(0.1, momentum=0.9),
    "skip": skipping.skip(),
    "sgd_warmup": arguments.right_sgd_warmup,
    "newton_schulz": right_matrix_methods.matrix_link(),
    "muon": right_matrix_methods.muon(),
    "muon_for_the_rates_of_adam": right_matrix_methods.muon(factor=right_matrix_methods.factor_of_adam),
    "whitening": right_matrix_methods.matrix_link(right_matrix_methods.whiten),
    "stacked_newton_schulz": right_matrix_methods.matrix_link(require=right_matrix_methods.require_stacks),
    "flattened_muon": right_matrix_methods.flattened_muon(),
    "row_normalized": right_matrix_methods.matrix_link(right_matrix_methods.row_normalized),
}


def verdict(tx: Any, mutant: Mutant) -> str:
    """The verdict of the law of a mutant on a transformation, or on the mutant itself."""
    is_claimed = mutant.law in mutant.claims
    needed = (mutant.law, "domain", "link", "shape factor")
    claims = {name: value for name, value in mutant.claims.items() if is_claimed and name in needed}
    if mutant.law not in OF_SCHEDULES:
        # A mutant must move as the reference does at the values that were given, or its own law says nothing.
        kept = (mutant.law, TRAJECTORY) if tx is None and mutant.law in TRAJECTORIES else (mutant.law,)
        claims["except"] = tuple(law for law in TRAJECTORIES if law not in kept)
    laws = () if is_claimed or mutant.law in TRAJECTORIES else (mutant.law,)
    options: dict[str, Any] = {"laws": laws, "claims": claims, "dtypes": mutant.dtypes, "reference": mutant.reference}
    report = mutant.examine(check, **options) if tx is None else check(tx, **options)
    return report[mutant.law].verdict


@pytest.mark.parametrize("mutant", LAWFUL, ids=lambda mutant: mutant.name)
def test_a_mutant_is_killed_on_its_law(mutant: Mutant) -> None:
    assert verdict(None, mutant) == "broken"


@pytest.mark.parametrize(
    "mutant", {(mutant.of, mutant.law): mutant for mutant in LAWFUL}.values(), ids=lambda m: f"{m.of}, {m.law}"
)
def test_the_right_version_keeps_the_law(mutant: Mutant) -> None:
    schedules = registry.of_kind("schedule")
    if mutant.of in schedules:
        right = schedules[mutant.of].example
    else:
        right = RIGHT[mutant.of] if mutant.of in RIGHT else getattr(gl, mutant.of)()
    assert verdict(right, mutant) == "holds"


@pytest.mark.parametrize(
    ("right", "reference"),
    [
        (arguments.right_adam, "adam"),
        (arguments.right_sgd, "sgd"),
        (arguments.right_sgd_warmup, arguments.sgd_warmup),
    ],
)
def test_a_right_factory_keeps_the_laws_of_arguments(right: Any, reference: Any) -> None:
    laws = ("every argument matters", "factory remembers nothing")
    report = check(right, laws=laws, reference=reference, dtypes=("float32",))
    assert [result.verdict for result in report.results[:4]] == ["holds"] * 4, str(report)


@pytest.mark.parametrize(
    ("right", "claims"),
    [
        (
            right_heavy_ball.heavy_ball(),
            {"elementwise": True, "contained": True, "sign symmetric": True, "descends": True},
        ),
        (dtypes.root_mean_square(), {"elementwise": True, "contained": True, "permutation equivariant": True}),
        (averages.follow_slowly(), {"elementwise": True}),
        (RIGHT["accumulate"], {"accumulates": (4, gl.sgd(0.1, momentum=0.9)), "still between steps": 4}),
    ],
    ids=["heavy_ball", "root_mean_square", "follow_slowly", "accumulate"],
)
def test_a_right_version_by_hand_keeps_every_law(right: Any, claims: Any) -> None:
    report = check(right, claims=claims)
    assert report.ok, str(report)


def test_there_are_enough_of_every_kind() -> None:
    assert len(MUTANTS) >= 70
    arithmetic = Counter(mutant.of for mutant in MUTANTS.values() if mutant.law == TRAJECTORY)
    assert set(arithmetic) == set(right_versions.RIGHT)
    assert min(arithmetic[name] for name in right_versions.OPTIMIZERS | right_versions.LINKS) >= 2
    laws = {mutant.law for mutant in MUTANTS.values()}
    unreachable = {"sharded equals unsharded"}  # with one device
    declared_only = {"ranges", "new values compile nothing"}  # gradlab's decorator keeps them, whatever it decorates
    assert set(CONTRACTS) - laws == unreachable | declared_only


def test_every_law_of_schedules_has_a_mutant() -> None:
    laws = {mutant.law for mutant in MUTANTS.values()}
    assert set(OF_SCHEDULES) - laws == {"a value"}  # gradlab's decorator keeps it, whatever it decorates


def test_every_mistake_is_told_apart_in_words() -> None:
    mistakes = Counter((mutant.of, mutant.mistake) for mutant in MUTANTS.values())
    assert not [mistake for mistake, count in mistakes.items() if count > 1]
    for mutant in MUTANTS.values():
        assert mutant.law in (*CONTRACTS, *CLAIMS, *TRAJECTORIES, *OF_SCHEDULES), mutant.name
        assert mutant.mistake[0].islower() or mutant.mistake.split()[0] in ("NumPy",), mutant.mistake
        assert not mutant.mistake.endswith("."), mutant.mistake


def test_at_least_ten_mutants_were_released_elsewhere_in_the_last_three_years() -> None:
    sources = [mutant.source for mutant in MUTANTS.values() if mutant.source]
    assert len(sources) >= 10
    for source in sources:
        assert re.search(r"(issue|pull request)s? \d+.*\b202[3-6]\)?$", source), source


def test_a_mutant_takes_the_hyperparameters_of_its_reference() -> None:
    for mutant in MUTANTS.values():
        if mutant.law == TRAJECTORY:
            step: Any = mutant.reference if callable(mutant.reference) else getattr(references, mutant.of)
            assert set(inspect.signature(mutant.make).parameters) <= set(inspect.signature(step).parameters), (
                mutant.name
            )


@pytest.mark.parametrize(
    "name",
    [
        # the nine Adams of the issue
        "adam_first_moment_uncorrected",
        "adam_second_moment_uncorrected",
        "adam_uncorrected",
        "adam_count_too_high",
        "adam_eps_inside_the_root",
        "adam_another_b2",
        "adam_half_the_step",
        "adam_swapped_decays",
        "adam_stale_second_moment",
        # what other libraries have released
        "adam_squared_twice",
        "adam_stale_first_moment",
        "adam_first_correction_written_back",
        "adam_schedule_starts_at_one",
        "sgd_one_step_late",
        "amsgrad_maximum_before_correction",
        "conjugation_forgotten",
        "state_takes_the_gradients_dtype",
        "clip_norm_divides_by_zero",
        "no_eps",
        "accumulate_multiplies_by_zero",
    ],
)
def test_a_released_mistake_is_among_them(name: str) -> None:
    assert name in MUTANTS


def test_two_mutants_cannot_share_a_name() -> None:
    from gradlab.testing.mutants.mutant import breaks

    def hidden_counter() -> Any:
        raise NotImplementedError

    with pytest.raises(ValueError, match="two mutants named 'hidden_counter'"):
        breaks("pure", of="sgd", mistake="it is there already")(hidden_counter)
