"""The rules of claim 8: AdaMax must beat Adam with outliers, and on all sparse data."""

from __future__ import annotations

from typing import Any

import pytest

from gradlab.lab._literature_claims.adam_family.infinity_norm import NORMAL, OUTLIERS, judge


def race_of(adamax: float) -> dict[str, Any]:
    optimizers = {"adam": 1.0, "adamax": adamax, "rmsprop": 0.3, "sign_sgd": 2.0}
    own = {name: {"scores": [score] * 3} for name, score in optimizers.items()}
    return {"logarithmic": True, "higher_is_better": False, "floor": 0.0, "optimizers": own}


@pytest.mark.parametrize(
    ("outliers", "sparse", "words"),
    [
        (0.5, (0.5, 0.5), ["holds", "holds"]),
        (0.5, (0.5, 1.5), ["holds", "not reproduced"]),
        (1.5, (0.5, 1.0), ["not reproduced", "not reproduced"]),
    ],
)
def test_adamax_must_be_better_than_adam(outliers: float, sparse: tuple[float, float], words: list[str]) -> None:
    scores = {OUTLIERS: outliers, NORMAL: 1.0, "sparse_logistic": sparse[0], "characters": sparse[1]}
    verdicts = judge({"brief": False, "problems": {name: race_of(score) for name, score in scores.items()}})
    assert [verdict.word for verdict in verdicts] == words
    assert verdicts[0].evidence.endswith("better still: RMSProp")
