"""The text of a docstring, and the examples in it."""

from __future__ import annotations

import inspect
from typing import Any


def split_docstring(thing: Any) -> tuple[list[str], str]:
    """Return the paragraphs of the docstring of an object, and the examples in it, as they are written."""
    paragraphs = inspect.cleandoc(thing.__doc__ or "").split("\n\n")
    text = [paragraph for paragraph in paragraphs if paragraph.strip() and not paragraph.startswith(">>>")]
    return text, "\n\n".join(paragraph for paragraph in paragraphs if paragraph.startswith(">>>"))
