"""A limit to the time that code of others may take."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

VARIABLE = "GRADLAB_LOAD_SECONDS"


class OutOfTimeError(BaseException):
    """Not an Exception, so that the code that takes too long does not catch it by accident."""


def time_limit_seconds() -> float:
    """The seconds that an import, or the making of one optimizer or problem, may take: 120, or what the user says."""
    try:
        return max(0.0, float(os.environ.get(VARIABLE, "")))
    except ValueError:
        return 120.0


@contextlib.contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in what runs longer; 0 sets no limit.

    There is none either on systems without alarms, on other threads than the main one, and where a limit is set
    already.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not seconds or not hasattr(signal, "SIGALRM") or not is_main or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def interrupt(*_: Any) -> None:
        raise OutOfTimeError

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
