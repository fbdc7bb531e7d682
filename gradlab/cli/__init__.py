"""The command line: `gradlab race`, `gradlab sweep`, `gradlab search`, `gradlab list`, `gradlab explain` and more."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from importlib.util import find_spec

from gradlab import interrupts

from .streams import ClosedPipeError, OutputError, guard_streams

# What the lab extra installs, by import name; h5py is what h5netcdf writes through.
_NEEDED = ("typer", "rich", "filelock", "xarray", "h5netcdf", "h5py", "matplotlib", "sklearn")


def main() -> int:
    """Run the command line; returns the exit code: 0, 1 if something broke, 2 for wrong input, 130 after Ctrl-C.

    Another Ctrl-C, or a request to end (SIGTERM, 143), ends the process at once.
    """
    before = interrupts.raise_first()
    try:
        code = _guarded()
    except KeyboardInterrupt:  # also while the imports are under way, which takes a second
        code = 130
    finally:
        for number, handler in before.items():
            if interrupts.received_signal() is None:
                signal.signal(number, handler)
    if (last := interrupts.received_signal()) is not None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(128 + last)  # not in the usual way, which waits for programs that are being compiled
    return code


def _guarded() -> int:
    """Run the command line; what is wrong with standard output is said in a line."""
    try:
        with guard_streams():
            return _run()
    except ClosedPipeError:
        return 0
    except OutputError as error:
        with contextlib.suppress(OSError, AttributeError):
            sys.stderr.write(f"gradlab: cannot write to standard output ({error})\n")
        return 1


def _run() -> int:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        print(f'gradlab: {", ".join(missing)} missing; install with: pip install "gradlab[lab]"', file=sys.stderr)
        return 1
    if "_GRADLAB_COMPLETE" in os.environ:
        # Descriptions are one line each: typer wraps them at this width, and fish takes each line for a name.
        os.environ |= dict.fromkeys(("COLUMNS", "TERMINAL_WIDTH"), "1000")
    from .app import COMMANDS, app
    from .terminal import reserve_for_json, say

    if logging.lastResort is not None:  # JAX logs a traceback through it; the error itself comes as one line
        logging.lastResort.addFilter(lambda record: not record.getMessage().endswith("callback failed"))
    _allow_odd_folders()
    try:
        with reserve_for_json("--json" in sys.argv[1:]):
            return app(standalone_mode=False) or 0
    except Exception as error:
        # typer's own errors; by their shape, because typer has its own copy of click from 0.26 on.
        if type(error).__name__ == "Abort":
            return 130
        if not hasattr(error, "format_message"):
            raise
        from .usage import describe_usage_error

        say(f"gradlab: {describe_usage_error(error, sys.argv[1:], COMMANDS)}")
        return getattr(error, "exit_code", 2)


def _allow_odd_folders() -> None:
    """Where code lies in folders whose names are not UTF-8, take those bytes out of what JAX notes of its place."""
    with contextlib.suppress(FileNotFoundError):
        if any("\udc80" <= sign <= "\udcff" for sign in "".join([os.getcwd(), *map(str, sys.path)])):
            import jax

            jax.config.update("jax_hlo_source_file_canonicalization_regex", "[\udc80-\udcff]")
