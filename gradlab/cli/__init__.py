"""The command line: `gradlab race`, `gradlab sweep`, `gradlab search`, `gradlab list`, `gradlab explain` and more."""

from __future__ import annotations

import logging
import os
import sys
from importlib.util import find_spec

# What the lab extra installs, by import name; h5py is what h5netcdf writes through.
_NEEDED = ("typer", "rich", "filelock", "xarray", "h5netcdf", "h5py", "matplotlib", "sklearn")


def main() -> int:
    """Run the command line; returns the exit code: 0, 1 if something broke, 2 for wrong input, 130 after Ctrl-C."""
    try:
        return _run()
    except KeyboardInterrupt:  # also while the imports are under way, which takes a second
        return 130


def _run() -> int:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        print(f'gradlab: {", ".join(missing)} missing; install with: pip install "gradlab[lab]"', file=sys.stderr)
        return 1
    from .app import app
    from .terminal import only_json

    if logging.lastResort is not None:  # JAX logs a traceback through it; the error itself comes as one line
        logging.lastResort.addFilter(lambda record: not record.getMessage().endswith("callback failed"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without Greek letters shows question marks instead
    try:
        with only_json("--json" in sys.argv[1:]):
            return app(standalone_mode=False) or 0
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        # typer's own errors; by their shape, because typer has its own copy of click from 0.26 on.
        if type(error).__name__ == "Abort":
            return 130
        if not hasattr(error, "format_message"):
            raise
        print(f"gradlab: {error.format_message()}", file=sys.stderr)
        return getattr(error, "exit_code", 2)
