"""Only one process at a time writes to a folder."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._storage.lock import LOCK, SOFT_LOCK, LockedError, lock_folder

HOLD = """
import errno, sys, time, pathlib
from gradlab.lab._storage import lock
from gradlab.lab._storage.lock import lock_folder
if len(sys.argv) > 2:
    def refuse(*_):
        raise OSError(int(sys.argv[2]), "no locks here")
    lock.fcntl.flock = refuse
with lock_folder(pathlib.Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with lock_folder(tmp_path):
            assert "process" in (tmp_path / LOCK).read_text()
        assert list(tmp_path.iterdir()) == []


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        with pytest.raises(LockedError, match=f"process {holder.pid} on .* is writing to"), lock_folder(tmp_path):
            pass
        holder.kill()
        holder.wait()
    assert (tmp_path / LOCK).exists()
    with lock_folder(tmp_path):
        pass


def refuse(number: int) -> Any:
    """A `flock` of a file system that answers so."""

    def flock(*_: Any) -> None:
        raise OSError(number, "no locks here")

    return flock


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_of_the_file_system_a_file_is_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("gradlab.lab._storage.lock.fcntl.flock", refuse(number))
    with lock_folder(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [SOFT_LOCK]
        message = f"process {os.getpid()} is writing to .*; if it has ended, remove"
        with pytest.raises(LockedError, match=message), lock_folder(tmp_path):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_of_a_killed_process_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradlab.lab._storage.lock.fcntl.flock", refuse(errno.ENOLCK))
    command = [sys.executable, "-c", HOLD, str(tmp_path), str(errno.ENOLCK)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        with pytest.raises(LockedError, match=f"process {holder.pid} is writing"), lock_folder(tmp_path):
            pass
        holder.kill()
        holder.wait()
    assert (tmp_path / SOFT_LOCK).exists()
    with lock_folder(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_another_error_of_the_file_system_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradlab.lab._storage.lock.fcntl.flock", refuse(errno.EIO))
    with pytest.raises(OSError, match="no locks here"), lock_folder(tmp_path):
        pass


def test_files_of_the_user_with_the_name_of_a_lock_stay(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("mine")
    with lock_folder(tmp_path):
        pass
    assert (tmp_path / ".lock").read_text() == "mine"
    (tmp_path / LOCK).write_text("mine")
    with pytest.raises(LockedError, match="was not written by gradlab; move it away"), lock_folder(tmp_path):
        pass
    assert (tmp_path / LOCK).read_text() == "mine"
    (tmp_path / LOCK).unlink()
    (tmp_path / "target").write_text("mine")
    (tmp_path / LOCK).symlink_to("target")
    with pytest.raises(OSError, match="symbolic"), lock_folder(tmp_path):
        pass
    assert (tmp_path / "target").read_text() == "mine"


def test_a_lock_that_an_older_version_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("process 123 on the.host\n")
    with lock_folder(tmp_path):
        assert not (tmp_path / ".lock").exists()
