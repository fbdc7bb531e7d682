"""Samples: what a model is trained on, what chooses its learning rate, and what it is tested on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np


class Sample(NamedTuple):
    """Rows of inputs, (rows, ...), and the target of each, (rows,)."""

    inputs: np.ndarray
    targets: np.ndarray


class Split(NamedTuple):
    """Three samples that have no row in common."""

    train: Sample
    validation: Sample
    test: Sample


def split_rows(inputs: np.ndarray, targets: np.ndarray, test_share: float, stratify: bool) -> Split:
    """Hold out a share of the rows for the test, and a quarter of the others for validation, by fixed seeds.

    With `stratify`, each part has the same shares of the classes in `targets`.
    """
    from sklearn.model_selection import train_test_split  # here, because it takes a second, and few commands need it

    def part(sample: Sample, share: float) -> tuple[Sample, Sample]:
        classes = sample.targets if stratify else None
        found = train_test_split(*sample, test_size=share, stratify=classes, random_state=0)
        return Sample(found[0], found[2]), Sample(found[1], found[3])

    rest, test = part(Sample(inputs, targets), test_share)
    train, validation = part(rest, 0.25)
    return Split(train, validation, test)


def measure_held_out(
    measure: Callable[[Any], dict[str, jax.Array]], validation: Any, test: Any
) -> dict[str, jax.Array]:
    """The metrics that `measure` gives of the validation and of the test sample: `validation_loss`, `test_loss`, ..."""
    parts = {"validation": validation, "test": test}
    return {f"{part}_{name}": value for part, sample in parts.items() for name, value in measure(sample).items()}
