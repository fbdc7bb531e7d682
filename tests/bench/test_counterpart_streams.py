"""No recipe moves more memory in a step than optax's, as XLA compiles both with its own options.

A sum in slices writes a sixteenth of an array and reads it again, and is faster than one that does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradlab.update_forms.sums import SLICES


@pytest.mark.slow
def test_no_step_moves_more_memory_than_that_of_optax() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.counterpart_streams"],
        env={**os.environ, "XLA_FLAGS": "", "JAX_PLATFORMS": "cpu"},
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert {"dog", "dowg", "prodigy", "dadapt_adam", "lamb", "momo_adam", "adafactor"} <= found.keys()
    slices = 2 * 2 / SLICES  # of two sums
    assert {name: each for name, each in found.items() if each["gradlab"][0] > each["optax"][0] + slices} == {}
    assert {name: each["gradlab"][1] for name, each in found.items() if each["gradlab"][1]} == {}
