"""The adapters on the page about models of other libraries are short. `tests/test_docs.py` races with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "race-your-own-model.md"


@pytest.mark.parametrize("library", ["flax", "equinox", "haiku"])
def test_an_adapter_has_at_most_15_lines(library: str) -> None:
    (code,) = re.findall(rf"```python\n# race_{library}\.py\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [line for line in code.splitlines() if line.strip()]
    assert "gl.lab.problem_from(" in lines[-1]
    assert len(lines) <= 15
