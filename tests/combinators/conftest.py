"""The gradients of the tests of chains."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def gradients(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((6, 4)) * np.array([1.0, 1e-3, 10.0, 0.1])
