"""`gradlab list` names everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gradlab import registry
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab.problems import PROBLEMS


def test_everything_is_listed_under_its_kind(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("list")
    assert (code, err) == (0, "")
    titles = ["optimizers", "variants that race", "links", "combinators", "schedules", "problems"]
    lines = [line.rstrip() for line in out.splitlines()]
    places = [lines.index(title) for title in titles]
    assert places == sorted(places)
    first_words = {line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "}
    assert first_words == set(registry.entries()) | set(collect_contestants()) | set(PROBLEMS)
    assert "Adam: momentum, plus RMSProp, plus bias correction" in out
    assert "$" not in out
    assert all(line == line.rstrip() for line in out.splitlines())


def test_json_has_all_names(gradlab: Callable[..., Any]) -> None:
    found = json.loads(gradlab("list", "--json").out)
    assert {name for names in found.values() for name in names} == {
        *registry.entries(),
        *collect_contestants(),
        *PROBLEMS,
    }
    assert found["variants that race"]["sgd_momentum"] == "sgd(learning_rate=0.1, momentum=0.9)"
    assert "ravine" in found["problems"]
