"""A time limit for the code of users."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

VARIABLE = "GRADLAB_LOAD_SECONDS"


class OutOfTimeError(BaseException):
    """The time is over. It is not an Exception, so that the code that takes too long does not catch it."""


def time_limit_seconds() -> float:
    """Return the seconds that an import, or a call that makes one optimizer or problem, may take.

    They are 120, unless the environment variable GRADLAB_LOAD_SECONDS gives another number.
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

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
