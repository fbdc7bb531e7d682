"""Ctrl-C, and a request to end, while `gradlab` runs as a command: at any moment they end it with one line, or none."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name)]
_received: list[int] = []


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or a request to end, as the command raises it; any other interrupt is that of somebody else's code."""

    def __init__(self, number: int = signal.SIGINT):
        self.code = 128 + number  # the exit code that shells expect
        super().__init__()


def is_interrupt(error: BaseException) -> bool:
    """Whether an error is Ctrl-C, and not a KeyboardInterrupt that some code raised by itself."""
    if not isinstance(error, KeyboardInterrupt) or isinstance(error, Interrupted):
        return isinstance(error, Interrupted)
    is_main = threading.current_thread() is threading.main_thread()  # others are never interrupted
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def is_command() -> bool:
    """Whether this process was started as `gradlab` or as `python -m gradlab`, and has not come further yet."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    return name in ("gradlab", "gradlab.exe") or (name == "-m" and "gradlab" in sys.orig_argv[:8])


def end_at_once() -> None:
    """End the process at the first signal: during the imports, when there is nothing to keep."""
    _install(lambda number, frame: os._exit(128 + number))


def raise_first() -> dict[int, Any]:
    """Raise Interrupted at the first signal, and end the process at the second; returns the handlers of before.

    What is in flight then is lost, as when the process is killed; nothing that is written can be damaged by that.
    """

    def handle(number: int, frame: Any) -> None:
        if _received:
            os._exit(128 + _received[0])
        _received.append(number)
        raise Interrupted(number)

    def hear(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, Interrupted):
            sys.__unraisablehook__(unraisable)
            return
        # It came in a place that can raise nothing, such as the collection of garbage: once more, a moment later.
        number = _received.pop()
        again = threading.Timer(0.02, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()

    sys.unraisablehook = hear
    return _install(handle)


def received_signal() -> int | None:
    """The signal that ends the command; None while there is none."""
    return _received[0] if _received else None


def _install(handler: Any) -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    # Signals that are ignored (as under nohup) stay ignored.
    return {number: signal.signal(number, handler) for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN}


def _report_settings(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
    """Say in a line that JAX refuses the value of a JAX_* variable, which it does while it is imported."""
    if isinstance(error, ValueError) and "JAX flag" in str(error):
        sys.stderr.write(f"gradlab: {' '.join(str(error).split())}\n")
        sys.stderr.flush()
        os._exit(2)
    sys.__excepthook__(kind, error, traceback)


if is_command():
    end_at_once()
    sys.excepthook = _report_settings
