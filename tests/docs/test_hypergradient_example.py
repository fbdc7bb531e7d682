"""The script that compares searches prints a row for each number of trials."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "search_by_hypergradients.py"


@pytest.mark.slow
def test_a_study_is_compared() -> None:
    pytest.importorskip("optuna")
    environment = os.environ | {"JAX_ENABLE_X64": "0", "JAX_NUMPY_DTYPE_PROMOTION": "standard"}
    command = [sys.executable, str(SCRIPT), "1", "1", "32"]
    lines = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split("|")[1].strip() for line in lines] == ["study", "ravine, sgd", "ravine, sgd"]
    assert [line.split("|")[3].strip() for line in lines] == ["trials", "16", "32"]
    scores = [float(cell) for cell in lines[2].split("|")[4:8]]
    assert all(-8 <= score <= 4 for score in scores)
    assert min(scores[1:]) < -1
