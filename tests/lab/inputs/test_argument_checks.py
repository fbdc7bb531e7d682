"""Arguments of a wrong type or name are refused with a message that says what was expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradlab.lab._inputs.argument_checks import require_whole_number


@pytest.mark.parametrize("value", ["4", 2.5, True, np.bool_(True), None, 4.0, [4]])
def test_anything_but_a_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=f"seeds must be a whole number, at least 1; got {type(value).__name__}: "):
        require_whole_number("seeds", value)


def test_whole_numbers_have_a_least() -> None:
    require_whole_number("seeds", 1)
    require_whole_number("seeds", np.int64(7))
    require_whole_number("sample_seed", 0, least=0)
    with pytest.raises(ValueError, match="sample_seed must be at least 0, got -1"):
        require_whole_number("sample_seed", -1, least=0)
