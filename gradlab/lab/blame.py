"""Blame: what to say when code that is not ours fails, in place of a traceback through ours."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradlab

_OURS = str(Path(gradlab.__file__).parent)


class ForeignError(ValueError):
    """An optimizer or a problem of somebody else's that fails; the text says why, and where in its file."""


@contextmanager
def blamed(what: str, foreign: bool) -> Iterator[None]:
    """Raise a ForeignError, from the original one, where something `foreign` called `what` fails; else let it pass."""
    try:
        yield
    except ForeignError:
        raise
    except Exception as error:
        if not foreign:
            raise
        reason = str(error).strip().split("\n\n")[0]  # JAX goes on with advice
        raise ForeignError(f"{what} fails{place(error)}: {type(error).__name__}: {reason}") from error


def place(error: BaseException) -> str:
    """ " at file:line (code)" of the innermost line that is neither ours nor an installed package's; else nothing."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        is_installed = "site-packages" in frame.filename or frame.filename.startswith(("<", _OURS))
        if not is_installed and "/lib/python" not in frame.filename:
            return f" at {frame.filename}:{frame.lineno} ({frame.line})"
    return ""
