"""Rows are divided between training, validation and test, and no row is in two of them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.lab.problems.real_data.data_splits import Sample, measure_held_out, split_rows

ROWS = np.arange(200)
CLASSES = (ROWS % 10 == 0).astype(np.int32)  # a tenth of the rows


@pytest.mark.parametrize("stratify", [True, False])
def test_each_row_is_in_one_part_with_its_target(stratify: bool) -> None:
    parts = split_rows(ROWS[:, None], 1000 * ROWS + CLASSES if not stratify else CLASSES, 0.2, stratify)
    assert [len(part.targets) for part in parts] == [120, 40, 40]  # a fifth, and a quarter of the rest
    assert sorted(np.concatenate([part.inputs[:, 0] for part in parts])) == list(ROWS)
    for part in parts:
        rows = part.inputs[:, 0]
        np.testing.assert_array_equal(part.targets, CLASSES[rows] if stratify else 1000 * rows + CLASSES[rows])


def test_a_stratified_split_keeps_the_shares_of_the_classes() -> None:
    parts = split_rows(ROWS[:, None], CLASSES, 0.2, stratify=True)
    assert [int(part.targets.sum()) for part in parts] == [12, 4, 4]


def test_a_split_is_the_same_each_time() -> None:
    first, second = (split_rows(ROWS[:, None], CLASSES, 0.25, stratify=False) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.inputs, other.inputs)
    assert not np.array_equal(np.sort(first.test.inputs[:, 0]), ROWS[-50:])  # the rows are shuffled


def test_metrics_are_named_by_the_part_they_are_measured_on() -> None:
    def measure(sample: Sample) -> dict[str, Any]:
        return {"mean": jnp.mean(jnp.asarray(sample.inputs)), "rows": jnp.asarray(len(sample.targets))}

    validation, test = Sample(np.array([1.0, 2.0]), np.zeros(2)), Sample(np.array([5.0]), np.zeros(1))
    metrics = measure_held_out(measure, validation, test)
    assert {name: float(value) for name, value in metrics.items()} == {
        "validation_mean": 1.5, "validation_rows": 2, "test_mean": 5, "test_rows": 1,
    }  # fmt: skip
