"""Archives of arrays that belong to a plan, with checksums."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from .files import append_checksum, replace_file, verify_checksum


class DamagedCheckpointError(ValueError):
    """A file of a checkpoint is missing, incomplete or changed, or belongs to another plan."""


def write_arrays(path: Path, digest: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays that belong to the plan of a digest. Raises OSError if the disk refuses."""
    # An array may be as large as a block, so that no copy of it is made in memory.
    with replace_file(path) as temporary:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, plan=np.array(digest), **arrays)
        append_checksum(temporary)


def read_arrays(path: Path, digest: str, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of a file, or those of some names. Raises DamagedCheckpointError."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise DamagedCheckpointError(f"{path} is missing") from None
    try:
        with file:
            # Files of older versions have no checksum, only those of their arrays, which NumPy verifies.
            verify_checksum(file)
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                plan = str(archive["plan"])
                wanted = [name for name in archive.files if name != "plan" and (names is None or name in names)]
                arrays = {name: archive[name] for name in wanted}
    except Exception as error:  # zipfile and NumPy raise all kinds for damaged files, MemoryError among them
        raise DamagedCheckpointError(f"{path} is damaged ({error})") from None
    if plan != digest:
        raise DamagedCheckpointError(f"{path} belongs to another plan")
    return arrays
