"""Updates as they are written, in the place of the forms that are faster, to count what they need."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_as_written: ContextVar[bool] = ContextVar("as_written", default=False)


@contextlib.contextmanager
def as_written() -> Iterator[None]:
    """Leave updates as they are written, so that it can be counted what they need."""
    token = _as_written.set(True)
    try:
        yield
    finally:
        _as_written.reset(token)


def is_as_written() -> bool:
    """Return whether updates are left as they are written."""
    return _as_written.get()
