"""The argument that an unknown name may mean is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gradlab as gl
from gradlab.remedies.argument_names import require_known_arguments

GL: Any = gl  # a type checker sees what is wrong with these calls


def test_a_misspelt_argument_is_answered_with_a_suggestion() -> None:
    require_known_arguments("sweep", {"steps": 3}, ("steps", "samples"))
    with pytest.raises(TypeError, match=r"sweep has no argument 'stesp'; did you mean steps\?"):
        require_known_arguments("sweep", {"stesp": 3}, ("steps", "samples"))
    with pytest.raises(TypeError, match="sweep has no argument 'x'; its options are steps, samples"):
        require_known_arguments("sweep", {"x": 3}, ("steps", "samples"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: GL.lab.problem_from(None, None, None, valid=[]),
            "problem_from has no argument 'valid'; did you mean validation?",
        ),
        (lambda: GL.lab.problem_from(None, None, None, val=[]), "did you mean validation?"),
        (lambda: GL.make_step(None, micro_batch=4), "did you mean micro_batches?"),
        (lambda: GL.make_step(None, trainabel=True), "make_step has no argument 'trainabel'; did you mean trainable?"),
    ],
)
def test_functions_beside_the_studies_ask_too(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert message in str(caught.value)
