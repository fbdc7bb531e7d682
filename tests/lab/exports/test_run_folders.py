"""The names of folders of runs: readable, different, and possible on every file system."""

from __future__ import annotations

import numpy as np

from gradlab.lab._exports.run_folders import LONGEST_NAME, make_safe, name_configuration


def test_a_configuration_is_named_by_its_number_and_its_hyperparameters() -> None:
    given = {"learning_rate": np.float64(0.123456), "nesterov": "yes", "momentum": np.nan, "schedule": ""}
    assert str(name_configuration("digits", "sgd", 12, given)) == "digits/sgd/12 learning_rate=0.1235 nesterov=yes"


def test_names_are_safe_and_stay_different() -> None:
    names = ["a/b", "a%2Fb", "..", ".hidden", "con:", "end.", "new\nline", "m\u00e4de"]
    safe = [make_safe(name) for name in names]
    assert safe == ["a%2Fb", "a%252Fb", "%2E%2E", "%2Ehidden", "con%3A", "end%2E", "new%0Aline", "m\u00e4de"]
    long = make_safe("\u00e4" * 300)
    assert len(long.encode()) <= LONGEST_NAME + 3
    assert long.endswith("\u00e4\u2026")
