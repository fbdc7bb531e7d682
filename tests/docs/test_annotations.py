"""The annotations of numeric arguments, as a tutorial lists them and as the reference describes them."""

from __future__ import annotations

import importlib
import re
import typing
from pathlib import Path
from typing import Annotated

import pytest

import gradlab as gl

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_has_all_annotations_and_their_ranges() -> None:
    page = DOCS / "tutorials" / "your-own-link.md"
    rows = dict(re.findall(r"^\| `gl\.(\w+)` \| (.*?) \|", page.read_text(encoding="utf-8"), re.MULTILINE))
    values = {name: getattr(gl, name) for name in dir(gl)}
    aliases = {name: value for name, value in values.items() if typing.get_origin(value) is Annotated}
    assert aliases.keys() == rows.keys()
    for name, alias in aliases.items():
        note = alias.__metadata__[0]
        if isinstance(note, gl.Range) and not note.integer:
            assert rows[name] == str(note), name


def test_the_reference_says_what_is_counted_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    page = importlib.import_module("pages").module_page("gradlab.values.numeric_arguments", [])
    for name, low in (("Steps", "[0"), ("PositiveSteps", "(0")):
        description = page.split(f":: {name}\n", 1)[1].split("\n\n", 2)[1]
        assert description.startswith(f"   Counted in steps: a number in {low}, inf)"), name
    assert page.count("Counted in steps") == 2


def test_a_range_of_your_own_is_checked() -> None:
    @gl.transformation
    def stretch(factor: Annotated[float, gl.Range(1.0, 2.0)] = 1.0):
        return lambda params: (), lambda updates, state: (updates, state)

    assert stretch(1.5).factor == 1.5
    with pytest.raises(ValueError, match=r"factor must be in \[1, 2\), got 2.0"):
        stretch(2.0)
