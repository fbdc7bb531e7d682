"""Full and closed streams are one line, or none, and a code."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import Any

import pytest

from gradlab.cli.terminal.stream_errors import ClosedPipeError, OutputError, _GuardedStream

GRADLAB = [sys.executable, "-m", "gradlab"]


class Broken(io.StringIO):
    def __init__(self, error: Exception):
        super().__init__()
        self.error = error

    def flush(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (OSError(28, "No space left on device"), OutputError, "No space left on device"),
        (BrokenPipeError(32, "Broken pipe"), ClosedPipeError, "Broken pipe"),
        (ValueError("I/O operation on closed file"), OutputError, "I/O operation on closed file"),
    ],
)
def test_what_cannot_be_written_is_said_each_time(error: Exception, kind: Any, said: str) -> None:
    number = os.open(os.devnull, os.O_WRONLY)
    stream = _GuardedStream(Broken(error), number)
    stream.write("text")
    for _ in range(2):
        with pytest.raises(kind, match=said):
            stream.flush()
    with pytest.raises(kind):
        stream.write("more")
    os.close(number)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device here")
@pytest.mark.parametrize("arguments", [["--version"], ["list"]])
def test_a_full_disk_is_a_line_and_exit_code_1(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        found = subprocess.run([*GRADLAB, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    line = "gradlab: cannot write to standard output (No space left on device)\n"
    assert (found.returncode, found.stderr) == (1, line)


def test_closed_streams_are_as_good_as_none() -> None:
    closed = " ".join([*GRADLAB, "list", ">&-", "2>&-"])
    assert subprocess.run(["sh", "-c", closed], check=False).returncode == 0
    early = " ".join([*GRADLAB, "list", "|", "true"])
    found = subprocess.run(["sh", "-c", early], stderr=subprocess.PIPE, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
