"""A time limit for the code of users."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

VARIABLE = "GRADLAB_LOAD_SECONDS"
_REST = 1.0  # seconds that are left at least behind an extension, so that what was found can be told
_seconds_in_force = 0.0


class OutOfTimeError(BaseException):
    """The time is over. It is not an Exception, so that the code that takes too long does not catch it."""


def time_limit_seconds() -> float:
    """Return the seconds that an import, or a call that makes one optimizer or problem, may take.

    They are 120, unless the environment variable `GRADLAB_LOAD_SECONDS` gives another number.
    """
    try:
        return max(0.0, float(os.environ.get(VARIABLE, "")))
    except ValueError:
        return 120.0


@contextlib.contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in code that runs longer than this. 0 sets no limit.

    No limit is set either on systems without alarms, in threads other than the main one, or within another limit.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not seconds or not hasattr(signal, "SIGALRM") or not is_main or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def interrupt(*_: Any) -> None:
        raise OutOfTimeError

    global _seconds_in_force
    previous = signal.signal(signal.SIGALRM, interrupt)
    _seconds_in_force = seconds
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _seconds_in_force = 0.0
        signal.signal(signal.SIGALRM, previous)


def seconds_in_force() -> float:
    """Return the seconds of the limit around this code; 0 if there is none."""
    return _seconds_in_force if threading.current_thread() is threading.main_thread() else 0.0


@contextlib.contextmanager
def extend_limit(seconds: float) -> Iterator[None]:
    """Let the code within a limit take this long from here on, whatever is left; the rest of the limit goes on behind.

    Without a limit around it, none is set.
    """
    if not seconds_in_force():
        yield
        return
    left = signal.setitimer(signal.ITIMER_REAL, seconds)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, max(left, _REST))
