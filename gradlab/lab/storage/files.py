"""Files that are whole at any moment, and JSON that may have been damaged."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SEAL = re.compile(rb"\ngradlab-checksum sha256 ([0-9a-f]{64})\n")
_SEAL_SIZE = 90  # bytes
TEMPORARY = ".gradlab-writing-"  # how the names of files begin that are being written


class DamagedJSONError(ValueError):
    """A file that does not hold a JSON object; the text says why."""


class ChecksumError(ValueError):
    """A content that does not have its checksum."""


def add_checksum(content: bytes) -> bytes:
    """A content with its checksum behind it, where readers of NetCDF and zip archives do not look."""
    return content + b"\ngradlab-checksum sha256 %s\n" % hashlib.sha256(content).hexdigest().encode()


def remove_checksum(content: bytes) -> tuple[bytes, bool]:
    """A content without its checksum, and whether it had one. Raises ChecksumError if it is not the right one."""
    seal = _SEAL.fullmatch(content[-_SEAL_SIZE:])
    if seal is None:
        if b"\ngradlab-checksum " in content[-_SEAL_SIZE:]:
            raise ChecksumError("its checksum is cut off or changed")
        return content, False
    content = content[:-_SEAL_SIZE]
    if hashlib.sha256(content).hexdigest() != seal[1].decode():
        raise ChecksumError("its content does not have its checksum")
    return content, True


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place at the end, or vanishes if an exception comes first."""
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files; results are as readable as any other file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, in one step. Names of files that are not UTF-8 appear with their bytes escaped."""
    with replace_file(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))


def printable(text: str) -> str:
    """The text with the bytes of file names that are not UTF-8, and null characters, escaped, so that any file takes
    it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object that a file holds. Raises OSError if it cannot be read, DamagedJSONError if it holds no object.

    Numbers that JSON does not know (NaN, Infinity) count as damage.
    """
    content = read_regular(path)
    try:
        found = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
    except RecursionError:
        raise DamagedJSONError("it is nested too deeply") from None
    except ValueError as error:
        raise DamagedJSONError(str(error)) from None
    if not isinstance(found, dict):
        raise DamagedJSONError(f"expected a JSON object, found {type(found).__name__}")
    return found


def read_regular(path: Path) -> bytes:
    """The content of a file. Raises OSError, also for pipes and devices, which could block."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise IsADirectoryError(21, "not a regular file", str(path))
    return path.read_bytes()


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process was writing; only for who knows that no other process writes there."""
    for path in folder.glob(f"{TEMPORARY}*"):
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
