"""Names on the command line stand for things, with arguments or without."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("adam:b1=0.8,learning_rate=0.5", "adam(learning_rate=0.5, b1=0.8, b2="),
        ("sgd_momentum:nesterov=True", "sgd(learning_rate=0.01, momentum=0.9, nesterov=True)"),
        ("lookahead:k=7", "k=7"),
        ("scale_by_momentum:decay=0.5", "scale_by_momentum(decay=0.5"),
        ("optax:adam:b1=0.8", "b1=0.8"),
    ],
)
def test_arguments_stand_behind_a_name(gradlab: Callable[..., Any], name: str, call: str) -> None:
    code, out, err = gradlab("explain", name, "--json")
    assert (code, err) == (0, "")
    description = json.loads(out)
    assert description["name"] == name
    assert call in description["call"]
    assert any(row["argument"] == name.rpartition(":")[2].partition("=")[0] for row in description["hyperparameters"])
