"""Docstrings are split into what they say and their examples."""

import gradlab as gl
from gradlab.explanations import split_docstring


def test_examples_are_kept_apart_as_they_are_written() -> None:
    def documented() -> None:
        """Do something
        long.

        >>> for _ in range(2):
        ...     print(1)
        1
        1

        Source: nobody.
        """

    example = ">>> for _ in range(2):\n...     print(1)\n1\n1"
    assert split_docstring(documented) == (["Do something\nlong.", "Source: nobody."], example)
    assert split_docstring(lambda: None) == ([], "")


def test_the_example_of_a_recipe() -> None:
    paragraphs, example = split_docstring(gl.adam)
    assert example.startswith(">>> tx, gradient = gl.adam(0.1)")
    assert not any(">>>" in paragraph for paragraph in paragraphs)
