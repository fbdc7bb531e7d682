"""One process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gradlab.lab.lock import LockedError, locked

HOLD = """
import sys, time, pathlib
from gradlab.lab.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path):
            assert "process" in (tmp_path / ".lock").read_text()
        assert list(tmp_path.iterdir()) == []


def test_the_second_process_is_told_of_the_first_until_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        with pytest.raises(LockedError, match=f"process {holder.pid} on .* is writing to"), locked(tmp_path):
            pass
        holder.kill()
        holder.wait()
    assert (tmp_path / ".lock").exists()
    with locked(tmp_path):
        pass
