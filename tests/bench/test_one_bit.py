"""The measurement of training in one bit: what it counts, and what it trains."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from gradlab.bench.one_bit import METHODS, score, train
from gradlab.lab.problems import Digits

VOTE = next(method for method in METHODS if method.name == "majority vote of the momenta")
MEAN = METHODS[0]


@pytest.mark.slow
def test_one_worker_that_averages_trains_like_momentum_and_votes_train_too() -> None:
    problem = Digits(hidden=4)
    mean = train(problem, MEAN, [0.3], seeds=2, workers=1, steps=60)
    several = train(problem, MEAN, [0.3], seeds=2, workers=4, steps=60)
    np.testing.assert_allclose(mean["test_accuracy"], several["test_accuracy"], atol=0.01)
    votes = train(problem, VOTE, [0.0, 0.01], seeds=2, workers=4, steps=60)
    best, scores = score(problem, votes)
    assert best == 1
    assert scores.shape == (1,)
    assert scores[0] > 0.5


@pytest.mark.slow
def test_eight_workers_send_at_most_a_sixteenth() -> None:
    command = [sys.executable, "-m", "gradlab.bench.one_bit", "digits", "--bytes"]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ratios = dict(re.findall(r"^  (\S.*?) +\d+ bytes, 1/([\d.]+)$", done.stdout, re.MULTILINE))
    assert len(ratios) == len(METHODS)
    for method in METHODS:
        if not method.averages and "abstain" not in method.name:
            assert float(ratios[method.name]) >= 16, method.name
