"""`gradlab list` names everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab import registry
from gradlab.lab.entrants import entrants
from gradlab.lab.problems import PROBLEMS


def test_everything_is_listed_under_its_kind(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("list")
    assert (code, err) == (0, "")
    titles = ["optimizers", "variants that race", "links", "combinators", "schedules", "problems"]
    lines = [line.rstrip() for line in out.splitlines()]
    places = [lines.index(title) for title in titles]
    assert places == sorted(places)
    first_words = {line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "}
    assert first_words == set(registry.entries()) | set(entrants()) | set(PROBLEMS)
    assert "Adam: momentum, plus RMSProp, plus bias correction" in out
    assert "$" not in out
