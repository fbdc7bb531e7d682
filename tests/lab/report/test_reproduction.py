"""The report says how to run a study again."""

from __future__ import annotations

import xarray as xr

from gradlab.lab._report.reproduction import describe_reproduction


def test_command_versions_and_seeds(race: dict[str, xr.Dataset], attributes: dict[str, str]) -> None:
    commands, facts = describe_reproduction(race, attributes)
    assert commands == "pip install jax==0.10\ngradlab race --out 'a & b'"
    assert ("gradlab", "1.2.3") in facts
    runs = dict(facts)["images"]
    assert "3 optimizers × 4 rates × 8 seeds = 96 runs of 40 updates" in runs  # noqa: RUF001
    assert "rates chosen on seeds 0 to 3, reported on seeds 4 to 7" in runs
    assert "Machine" not in dict(facts)  # not recorded, so not claimed


def test_what_was_not_recorded_is_not_there(race: dict[str, xr.Dataset]) -> None:
    commands, facts = describe_reproduction(race, {})
    assert commands == ""
    assert [title for title, _ in facts] == ["Unknown", "images", "ravine"]
    assert "provenance.json is missing, or damaged" in facts[0][1]


def test_seeds_that_are_not_consecutive_are_listed(race: dict[str, xr.Dataset]) -> None:
    _, facts = describe_reproduction({"images": race["images"].isel(seed=[0, 2, 4, 7])}, {})
    assert "rates chosen on seeds 0, 2, reported on seeds 4, 7" in dict(facts)["images"]
