"""Files that are written in one step, so that no reader sees half of one; checksums; and JSON that may be damaged."""

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
from typing import Any, BinaryIO

_CHECKSUM = re.compile(rb"\ngradlab-checksum sha256 ([0-9a-f]{64})\n")
_CHECKSUM_SIZE = 90  # bytes
PIECE_BYTES = 2**20  # that are read at a time from a file of any size
TEMPORARY = ".gradlab-writing-"  # the beginning of the names of files that are being written


class DamagedJSONError(ValueError):
    """A file does not hold a JSON object. The message says why."""


class ChecksumError(ValueError):
    """A content does not match its checksum."""


def append_checksum(path: Path) -> None:
    """Put the checksum of a file behind its content. Readers of NetCDF files and zip archives ignore what follows."""
    with path.open("rb+") as file:
        digest = _digest(file, file.seek(0, os.SEEK_END))
        file.seek(0, os.SEEK_END)
        file.write(b"\ngradlab-checksum sha256 %s\n" % digest.encode())


def verify_checksum(file: BinaryIO) -> bool:
    """Return whether an open file has a checksum. Raises ChecksumError if it does not match.

    The file may be larger than the memory: it is read piece by piece.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _CHECKSUM_SIZE))
    end = file.read()
    checksum = _CHECKSUM.fullmatch(end)
    if checksum is None:
        if b"\ngradlab-checksum " in end:
            raise ChecksumError("its checksum is cut off or changed")
        return False
    if _digest(file, size - _CHECKSUM_SIZE) != checksum[1].decode():
        raise ChecksumError("its content does not match its checksum")
    return True


def digest_json(document: Any) -> str:
    """Return the digest of a JSON document, whatever the order of its names."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _digest(file: BinaryIO, size: int) -> str:
    """Return the digest of the first bytes of an open file."""
    digest = hashlib.sha256()
    file.seek(0)
    for first in range(0, size, PIECE_BYTES):
        digest.update(file.read(min(PIECE_BYTES, size - first)))
    return digest.hexdigest()


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path, which replaces `path` at the end, or is removed if an exception comes first."""
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        # mkstemp makes private files, but results should be as readable as any other file.
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8 in one step. Bytes of file names that are not UTF-8 are escaped."""
    with replace_file(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))


def make_printable(text: str) -> str:
    """Return the text with null characters, and bytes of file names that are not UTF-8, escaped.

    Every file format can hold the result.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises OSError if the file cannot be read, and DamagedJSONError otherwise.

    NaN and Infinity count as damage, because they are not JSON.
    """
    content = read_regular(path)
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError:
        raise DamagedJSONError("it is nested too deeply") from None
    except ValueError as error:
        raise DamagedJSONError(str(error)) from None
    if not isinstance(document, dict):
        raise DamagedJSONError(f"expected a JSON object, found {type(document).__name__}")
    return document


def read_regular(path: Path) -> bytes:
    """Return the content of a regular file. Raises OSError, also for pipes and devices: reading them could block."""
    _require_regular(path)
    return path.read_bytes()


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading. Raises OSError, as `read_regular` does."""
    _require_regular(path)
    return path.open("rb")


def _require_regular(path: Path) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise IsADirectoryError(21, "not a regular file", str(path))


def remove_leftovers(folder: Path) -> None:
    """Remove files that a killed process was writing. The caller must know that no other process writes there now."""
    for path in folder.glob(f"{TEMPORARY}*"):
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
