"""Splits of data into a training, a validation and a test sample. Validation chooses the configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np


class Sample(NamedTuple):
    """Rows of inputs (rows, ...) and their targets (rows,)."""

    inputs: np.ndarray
    targets: np.ndarray


class Split(NamedTuple):
    """Three samples without common rows."""

    train: Sample
    validation: Sample
    test: Sample


def split_rows(inputs: np.ndarray, targets: np.ndarray, test_share: float, stratify: bool) -> Split:
    """Split rows at random, with a fixed seed: a share for the test, and a quarter of the others for validation.

    With `stratify`, the classes in `targets` have the same shares in each sample.
    """
    from sklearn.model_selection import train_test_split  # the import takes a second, and few commands need it

    def split_off(sample: Sample, share: float) -> tuple[Sample, Sample]:
        classes = sample.targets if stratify else None
        rest_inputs, part_inputs, rest_targets, part_targets = train_test_split(
            *sample, test_size=share, stratify=classes, random_state=0
        )
        return Sample(rest_inputs, rest_targets), Sample(part_inputs, part_targets)

    rest, test = split_off(Sample(inputs, targets), test_share)
    train, validation = split_off(rest, 0.25)
    return Split(train, validation, test)


def measure_held_out(
    measure: Callable[[Any], dict[str, jax.Array]], validation: Any, test: Any
) -> dict[str, jax.Array]:
    """Measure the metrics of both samples, and name them after these: `validation_loss`, `test_loss`, ..."""
    samples = {"validation": validation, "test": test}
    return {f"{kind}_{name}": value for kind, sample in samples.items() for name, value in measure(sample).items()}
