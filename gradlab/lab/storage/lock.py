"""One process at a time in a folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import SoftFileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".gradlab.lock"
SOFT_LOCK = ".gradlab.soft-lock"  # where the file system has no locks: its being there is the lock
_OLD = ".lock"  # of older versions, which a killed process left behind
_MARK = re.compile(rb"(process \d+ on [^\n]*\n)?")
# What file systems without locks answer: some network and user-space ones.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}


class LockedError(RuntimeError):
    """Another process writes to the folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder.

    The lock is one of the operating system's, which ends with the process, however that ends. On a file system without
    locks it is a file that names its process, and that is removed where that process has ended on the same machine.
    Raises LockedError, which names the process that is in there, and OSError.
    """
    with contextlib.ExitStack() as stack:
        try:
            if fcntl is None:
                raise OSError(errno.ENOSYS, "no flock")
            stack.enter_context(_flock(folder))
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            stack.enter_context(_soft_lock(folder))
        _remove_old(folder / _OLD)
        yield


@contextmanager
def _flock(folder: Path) -> Iterator[None]:
    path = folder / LOCK
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # the second is what some network file systems say
            owner = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            os.close(handle)
            raise _locked(folder, owner) from None
        except OSError as error:
            os.close(handle)
            if error.errno in _NO_LOCKS and not path.stat().st_size:
                path.unlink(missing_ok=True)
            raise
        if _is_still_there(handle, path):  # else its last owner removed it between our opening and our locking
            break
        os.close(handle)
    if not stat.S_ISREG(os.fstat(handle).st_mode) or not _MARK.fullmatch(os.read(handle, 300)):
        os.close(handle)
        raise LockedError(f"{path} was not written by gradlab; move it away, or pass another --out")
    try:
        with contextlib.suppress(OSError):  # a full disk: the lock holds without the name of its owner
            os.truncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def _soft_lock(folder: Path) -> Iterator[None]:
    path = folder / SOFT_LOCK
    lock = SoftFileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        owner = f"process {lock.pid}" if lock.pid else "another process"
        raise _locked(folder, owner, f"if it has ended, remove {path}, wait for it") from None
    try:
        yield
    finally:
        lock.release()


def _locked(folder: Path, owner: str, remedy: str = "wait for it") -> LockedError:
    return LockedError(f"{owner} is writing to {folder}; {remedy}, or pass another --out")


def _remove_old(path: Path) -> None:
    """Remove the lock that a killed process of an older version left; one of the user's stays."""
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 300:
            text = path.read_bytes()
            if text and _MARK.fullmatch(text):
                path.unlink()


def _is_still_there(handle: int, path: Path) -> bool:
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
