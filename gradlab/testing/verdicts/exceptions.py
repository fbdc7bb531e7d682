"""Exceptions that a transformation raises: as a line of text, with the place in its author's file, and as refusals."""

from __future__ import annotations

import os
import re
import traceback
from pathlib import Path

from ...values import factory_arguments

_GRADLAB = str(Path(__file__).parents[2])
_PACKAGES = re.compile(r".*[/\\](?:site|dist)-packages[/\\]")
_NUMERICS = re.compile(r"(jax|jaxlib|numpy|flax|orbax)[/\\]")  # packages whose lines say little about the cause
_REFUSALS = (TypeError, ValueError, NotImplementedError)
# The words by which a message says that it refuses a kind of leaf or a dtype.
_SHAPES = r"scalar|vector|matri|\b\d-?d\b|axis|axes|dimension|ndim|rank|shape|empty|size|element"
REFUSED_WORDS = {
    "scalars": _SHAPES,
    "vectors": _SHAPES,
    "matrices": _SHAPES,
    "arrays of three dimensions": _SHAPES,
    "leaves without elements": _SHAPES,
    "integer leaves": r"\bu?int(eger)?s?\d*\b",
    "complex64 leaves": r"complex",
    "complex128 leaves": r"complex",
    "bfloat16 leaves": r"bfloat16|half|precision|dtype",
    "float16 leaves": r"float16|half|precision|dtype",
    "float64 leaves": r"float64|double|precision|dtype",
}


def describe(error: BaseException) -> str:
    """Describe an exception in a line: its type, the first line of its message, and where it was raised."""
    text, place = summarize(error), locate(error)
    return f"{text} (at {place})" if place else text


def summarize(error: BaseException) -> str:
    """Return the type of an exception, and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__


def locate(error: BaseException) -> str:
    """Return the file and the line, as `FILE:LINE`, of the innermost line of the author's that an exception passed, ""
    if there is none.

    Lines of the author come before those of packages such as optax. Lines of gradlab, JAX and NumPy do not count.
    """
    in_package = ""
    for summary in reversed(traceback.extract_tb(error.__traceback__)):
        file = summary.filename
        if file.startswith(("<", _GRADLAB)) or "/lib/python" in _PACKAGES.sub("", file):
            continue
        if not _PACKAGES.match(file):
            return f"{_shorten(file)}:{summary.lineno}"
        inside = _PACKAGES.sub("", file)
        if not in_package and not _NUMERICS.match(inside):
            in_package = f"{inside}:{summary.lineno}"
    return in_package


def identify(error: BaseException) -> tuple[str, str]:
    """Return what two exceptions with the same cause have in common: the type and the place, or the first words."""
    return type(error).__name__, locate(error) or str(error)[:60]


def is_clear_refusal(error: BaseException, kind: str) -> bool:
    """Return whether an exception says in its message that it refuses a kind of leaf, a key of `REFUSED_WORDS`.

    What JAX or NumPy says about an operation on a leaf without elements is an oversight, and no refusal.
    """
    if kind == "leaves without elements" and error.__traceback__ is not None:
        file = traceback.extract_tb(error.__traceback__)[-1].filename
        if _PACKAGES.match(file) and _NUMERICS.match(_PACKAGES.sub("", file)):
            return False
    return isinstance(error, _REFUSALS) and bool(re.search(REFUSED_WORDS[kind], str(error), re.IGNORECASE))


def is_range_error(error: BaseException) -> bool:
    """Return whether a factory of gradlab has raised an exception because a number is outside of its declared range."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, ValueError) and bool(frames) and frames[-1].filename == factory_arguments.__file__


def _shorten(file: str) -> str:
    relative = os.path.relpath(file) if os.path.splitdrive(file)[0] == os.path.splitdrive(os.getcwd())[0] else file
    return file if relative.startswith("..") else relative
