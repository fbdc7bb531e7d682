"""Ctrl-C and requests to terminate: they end the command `gradlab` at any moment, with at most one line of output."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name)]
_received: list[int] = []


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or a request to terminate, as the command raises it. Other code raises KeyboardInterrupt itself."""

    def __init__(self, number: int = signal.SIGINT):
        self.code = 128 + number  # the exit code that shells expect
        super().__init__()


def is_interrupt(error: BaseException) -> bool:
    """Return whether an error is Ctrl-C, and not a KeyboardInterrupt that some code raised itself."""
    if not isinstance(error, KeyboardInterrupt) or isinstance(error, Interrupted):
        return isinstance(error, Interrupted)
    is_main = threading.current_thread() is threading.main_thread()  # Python interrupts no other thread
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def is_command() -> bool:
    """Return whether this process was started as `gradlab`, or as `python -m gradlab` and is still importing."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    return name in ("gradlab", "gradlab.exe") or (name == "-m" and "gradlab" in sys.orig_argv[:8])


def end_at_once() -> None:
    """End the process at the first signal. This is for the time of the imports, when there is nothing to save."""
    _install(lambda number, frame: os._exit(128 + number))


def raise_first() -> dict[int, Any]:
    """Raise Interrupted at the first signal, and end the process at the second. Returns the previous handlers.

    The second signal loses work in progress, as if the process were killed, but cannot damage a file.
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
        # The signal arrived where nothing can be raised, such as in garbage collection, so it is sent again later.
        number = _received.pop()
        again = threading.Timer(0.02, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()

    sys.unraisablehook = hear
    return _install(handle)


def received_signal() -> int | None:
    """Return the signal that ends the command, or None if none has arrived."""
    return _received[0] if _received else None


def raise_swallowed() -> None:
    """Raise Interrupted if a signal arrived, for code of others, such as an import, may have caught the first one."""
    if _received:
        raise Interrupted(_received[0])


def _install(handler: Any) -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    # Signals that are ignored (as under nohup) stay ignored.
    return {number: signal.signal(number, handler) for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN}


def _report_settings(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
    """Print one line if JAX refuses the value of a JAX_* variable, which it does when it is imported."""
    if isinstance(error, ValueError) and "JAX flag" in str(error):
        sys.stderr.write(f"gradlab: {' '.join(str(error).split())}\n")
        sys.stderr.flush()
        os._exit(2)
    sys.__excepthook__(kind, error, traceback)


if is_command():
    end_at_once()
    sys.excepthook = _report_settings
