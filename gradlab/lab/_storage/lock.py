"""The lock of a folder, so that only one process at a time writes there."""

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
SOFT_LOCK = ".gradlab.soft-lock"  # for file systems without locks: the folder is locked while this file exists
_OLD_LOCK = ".lock"  # the name in older versions
_CONTENT = re.compile(rb"(process \d+ on [^\n]*\n)?")
# The errors of file systems without locks, such as some network and user-space ones.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}


class LockedError(RuntimeError):
    """Another process is writing to the folder."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder.

    It is a lock of the operating system, which is released when the process ends, however it ends. On a file system
    without locks it is a file that names its process; if that process ran on this machine and has ended, the file is
    removed. Raises LockedError, which names the process that holds the lock, and OSError.

    Only the second kind is filelock's. Its lock of the operating system does not say which process holds it, and leaves
    its file in the folder.
    """
    with contextlib.ExitStack() as stack:
        try:
            if fcntl is None:
                raise OSError(errno.ENOSYS, "no flock")
            stack.enter_context(_hold_system_lock(folder))
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            stack.enter_context(_hold_soft_lock(folder))
        _remove_old_lock(folder / _OLD_LOCK)
        yield


@contextmanager
def _hold_system_lock(folder: Path) -> Iterator[None]:
    path = folder / LOCK
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # some network file systems raise the second
            owner = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            os.close(handle)
            raise _locked_error(folder, owner) from None
        except OSError as error:
            os.close(handle)
            if error.errno in _NO_LOCKS and not path.stat().st_size:
                path.unlink(missing_ok=True)
            raise
        if _is_still_there(handle, path):
            break
        # The last owner removed the file after it was opened and before it was locked. Try again with a new file.
        os.close(handle)
    if not stat.S_ISREG(os.fstat(handle).st_mode) or not _CONTENT.fullmatch(os.read(handle, 300)):
        os.close(handle)
        raise LockedError(f"{path} was not written by gradlab; move it away, or pass another folder")
    try:
        with contextlib.suppress(OSError):  # on a full disk, the lock works without the name of its owner
            os.truncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def _hold_soft_lock(folder: Path) -> Iterator[None]:
    path = folder / SOFT_LOCK
    lock = SoftFileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        owner = f"process {lock.pid}" if lock.pid else "another process"
        raise _locked_error(folder, owner, f"if it has ended, remove {path}, wait for it") from None
    try:
        yield
    finally:
        lock.release()


def _locked_error(folder: Path, owner: str, remedy: str = "wait for it") -> LockedError:
    return LockedError(f"{owner} is writing to {folder}; {remedy}, or pass another folder")


def _remove_old_lock(path: Path) -> None:
    """Remove the lock that a killed process of an older version left. A file of the user with this name stays."""
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 300:
            content = path.read_bytes()
            if content and _CONTENT.fullmatch(content):
                path.unlink()


def _is_still_there(handle: int, path: Path) -> bool:
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
