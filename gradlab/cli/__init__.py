"""The command line: `gradlab race`, `sweep`, `search`, `report`, `compare`, `export`, `bench`, `check`, ..."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise

from gradlab import interrupts

from .terminal.stream_errors import ClosedPipeError, OutputError, guard_streams

# The packages of the extra `lab`, by the names that Python imports them by. h5netcdf writes through h5py.
_REQUIRED = ("typer", "rich", "filelock", "xarray", "h5netcdf", "h5py", "jinja2", "matplotlib", "scipy", "sklearn")


def main() -> int:
    """Run the command line and return the exit code: 0, 1 for a failure, 2 for wrong input, or 130 after Ctrl-C.

    A second Ctrl-C ends the process at once, and so does SIGTERM (143).
    """
    before = interrupts.raise_first()
    try:
        with _collect_garbage_seldom():
            code = _guard()
    except KeyboardInterrupt:  # during the imports too, which take a second
        code = 130
    finally:
        for number, handler in before.items():
            if interrupts.received_signal() is None:
                signal.signal(number, handler)
    if (last := interrupts.received_signal()) is not None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(128 + last)  # the usual way would wait for the programs that are being compiled
    return code


@contextlib.contextmanager
def _collect_garbage_seldom() -> Iterator[None]:
    """Let Python look for cycles of garbage once in 100,000 new objects.

    Imports and traces make many objects and few cycles. Python's default, once in 700, takes a tenth of a quick look.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _guard() -> int:
    """Run the command line, and report in one line when standard output cannot be written."""
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
    missing = [name for name in _REQUIRED if find_spec(name) is None]
    if missing:
        from ..remedies.missing_packages import how_to_install  # here, because a command needs it only then

        print(f"gradlab: {', '.join(missing)} missing; install with: {how_to_install('lab')}", file=sys.stderr)
        return 1
    if "_GRADLAB_COMPLETE" in os.environ:
        # Typer wraps descriptions at this width, and fish takes each line for a name, so each must fit on one line.
        os.environ |= dict.fromkeys(("COLUMNS", "TERMINAL_WIDTH"), "1000")
    from .app import COMMANDS, app
    from .terminal.printing import reserve_for_json, say

    if logging.lastResort is not None:  # JAX logs a traceback through it, of an error that is reported in one line
        logging.lastResort.addFilter(lambda record: not record.getMessage().endswith("callback failed"))
    _allow_odd_folders()
    try:
        with reserve_for_json(_prints_json(sys.argv[1:])):
            return app(standalone_mode=False) or 0
    except Exception as error:
        # Typer's errors are recognized by their attributes, because typer has its own copy of click from 0.26 on.
        if type(error).__name__ == "Abort":
            return 130
        if not hasattr(error, "format_message"):
            raise
        from .terminal.usage_errors import describe_usage_error

        say(f"gradlab: {describe_usage_error(error, sys.argv[1:], COMMANDS)}")
        return getattr(error, "exit_code", 2)


def _prints_json(arguments: list[str]) -> bool:
    """Tell whether a command prints nothing but JSON. `bench` writes it to a file, unless the file is `-`."""
    if arguments[:1] == ["bench"]:
        return "--json=-" in arguments or ("--json", "-") in pairwise(arguments)
    return "--json" in arguments


def _allow_odd_folders() -> None:
    """Make JAX leave out the bytes that are not UTF-8 from the paths of source files that it records."""
    with contextlib.suppress(FileNotFoundError):
        if any("\udc80" <= sign <= "\udcff" for sign in "".join([os.getcwd(), *map(str, sys.path)])):
            import jax

            jax.config.update("jax_hlo_source_file_canonicalization_regex", "[\udc80-\udcff]")
