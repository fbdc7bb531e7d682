from typing import Any

from gradlab.compilation.fast_compilation import jit_fast
from gradlab.testing.verdicts.exceptions import locate


def test_lines_of_gradlab_are_not_those_of_an_author() -> None:
    fails: dict[str, Any] = {}
    exec("def fails(x):\n    raise ValueError('no')", fails)  # a function without a file
    try:
        jit_fast(fails["fails"])(1.0)
    except ValueError as error:
        place = locate(error)
    assert "gradlab/fast_compilation" not in place
    assert place.startswith("tests/testing/verdicts/test_exceptions.py:")
