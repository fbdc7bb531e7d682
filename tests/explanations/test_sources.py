"""The sources that docstrings state are found wherever a line breaks."""

from __future__ import annotations

import pytest

from gradlab import registry
from gradlab.core.decorators import transformation
from gradlab.explanations.sources import find_sources


@pytest.mark.parametrize("space", [" ", "\n    ", "\n        "])
def test_a_source_is_found_on_the_next_line_too(space: str) -> None:
    def halve():
        return (lambda params: (), lambda updates, state: (updates, state))

    halve.__doc__ = (
        f"Halve.\n\n    It needs `params`. Source:{space}Somebody (2024),\n    algorithm 1.\n\n    >>> 1\n    1"
    )
    assert find_sources(transformation(halve)()) == {"halve": "Somebody (2024), algorithm 1"}


@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_every_recipe_has_a_source(name: str) -> None:
    assert find_sources(registry.of_kind("recipe")[name].example)[name]
