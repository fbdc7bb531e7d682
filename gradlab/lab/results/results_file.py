"""Results: labelled arrays, one Dataset a problem, and the file that keeps them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr
from xarray.backends import H5NetCDFStore

from ..storage.files import (
    ChecksumError,
    DamagedJSONError,
    printable,
    read_json,
    read_regular,
    remove_checksum,
    replace_file,
    write_text,
)
from ..storage.ownership import PROVENANCE as PROVENANCE
from ..storage.ownership import RESULTS as RESULTS

FORMAT = "gradlab-results-3"
FORMATS = (FORMAT, "gradlab-results-2")  # that are read; the second is the same without the checksum
# In the provenance, beside the results: what two runs of one plan differ in.
VARYING = ("command", "date", "python", "machine", "devices")  # the attributes that are kept there,
_TIMES = ("compile_seconds", "run_seconds")  # and the variables


class ResultsError(ValueError):
    """A file that cannot be read as results of a race."""


class DamagedResultsError(ResultsError):
    """A file that is cut off or changed, or that never held results."""


def write(path: Path, problems: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> None:
    """Write a NetCDF-4 file with one group a problem, so that at any moment it holds old or new results in full.

    Behind the NetCDF file stands the checksum of it, which `read` compares and other programs do not see. The file is
    the same, byte for byte, for the same results: what varies from run to run (date, machine, seconds) goes to
    `provenance.json` beside it, and `read` puts the two together. Raises OSError if the folder cannot be written.
    """
    fixed = {name: value for name, value in attributes.items() if name not in VARYING}
    varying: dict[str, Any] = {name: value for name, value in attributes.items() if name in VARYING}
    varying["seconds"] = {
        problem: {name: dataset[name].values.tolist() for name in _TIMES if name in dataset}
        for problem, dataset in problems.items()
    }
    content = _netcdf(problems, fixed)  # before anything is written: it may be that it cannot be
    document = {"format": FORMAT, **varying, "checksum": _json_digest(varying)}
    write_text(path.parent / PROVENANCE, json.dumps(document, indent=2) + "\n")
    with replace_file(path) as temporary:
        temporary.write_bytes(
            content + b"\ngradlab-checksum sha256 %s\n" % hashlib.sha256(content).hexdigest().encode()
        )


def _netcdf(problems: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> bytes:
    """The bytes of the file. Made in memory, because HDF5 does not survive a disk that is full."""
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        root = {name: printable(value) for name, value in attributes.items()}
        xr.Dataset(attrs=root).dump_to_store(H5NetCDFStore(file, mode="w"))
        for name, dataset in problems.items():
            kept = dataset.drop_vars(_TIMES, errors="ignore")
            kept.dump_to_store(H5NetCDFStore(file, group=name, mode="a"))
    return buffer.getvalue()


def read(path: Path | str) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    """The Datasets by problem, in memory, and the attributes of a file that `write` wrote, or of a folder with one.

    Where the provenance is missing or damaged, the attributes that it holds are missing, and seconds are NaN. Raises
    FileNotFoundError, DamagedResultsError if one bit of the file was changed, and ResultsError if it must not be read,
    or is of another version.
    """
    path = Path(path)
    if path.is_dir():
        path /= RESULTS
    with _opened(path) as file:
        attributes = _attributes(file)
        if attributes.get("format") not in FORMATS:
            found = attributes.get("format", "none")
            raise ResultsError(f"{path} does not hold results of this version: expected format {FORMAT}, found {found}")
        problems = {name: xr.open_dataset(H5NetCDFStore(file, group=name)).load() for name in file.groups}
    for dataset in problems.values():
        dataset.attrs = {
            name: value.item() if hasattr(value, "item") else value for name, value in dataset.attrs.items()
        }
    varying = _varying(path)
    seconds = varying.pop("seconds", {})
    for problem, dataset in problems.items():
        _add_times(dataset, seconds.get(problem) if isinstance(seconds, dict) else None)
    return problems, attributes | varying


def _add_times(dataset: xr.Dataset, times: Any) -> None:
    """Add the seconds of each optimizer, NaN where they are not known."""
    if "optimizer" not in dataset.sizes:
        return
    for name in _TIMES:
        found = times.get(name) if isinstance(times, dict) else None
        is_sound = isinstance(found, list) and len(found) == dataset.sizes["optimizer"]
        is_sound = is_sound and all(type(value) in (int, float) for value in found)  # type: ignore[union-attr]
        values = np.array(found, float) if is_sound else np.full(dataset.sizes["optimizer"], np.nan)
        dataset[name] = ("optimizer", values, {"units": "s"})


def _varying(path: Path) -> dict[str, Any]:
    """What `provenance.json` says; nothing if it is not there or damaged, for results can be read without."""
    try:
        found = read_json(path.parent / PROVENANCE)
    except (OSError, DamagedJSONError):
        return {}
    varying = {name: value for name, value in found.items() if name in VARYING and isinstance(value, str)}
    varying |= {"seconds": found["seconds"]} if "seconds" in found else {}
    if found.get("format") == FORMAT and found.get("checksum") != _json_digest(varying):
        return {}
    return varying


def attributes_of(path: Path) -> dict[str, str]:
    """The attributes of a NetCDF file. Raises FileNotFoundError, and ResultsError as `read` does."""
    with _opened(path) as file:
        return _attributes(file)


def _attributes(file: h5netcdf.File) -> dict[str, str]:
    return {name: str(value) for name, value in file.attrs.items()}


@contextmanager
def _opened(path: Path) -> Iterator[h5netcdf.File]:
    """A NetCDF file that is as it was written, as far as its checksum says. Raises what `read` raises."""
    try:
        content = read_regular(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ResultsError(f"{path} cannot be read ({error.strerror}); change its mode, or mend what hinders") from None
    try:
        content, has_checksum = remove_checksum(content)
    except ChecksumError as error:
        raise DamagedResultsError(f"{path} is damaged: {error}") from None
    try:
        with h5netcdf.File(io.BytesIO(content), "r") as file:
            if file.attrs.get("format") == FORMAT and not has_checksum:
                raise DamagedResultsError(f"{path} is damaged: its checksum is missing")
            yield file
    except ResultsError:
        raise
    except Exception as error:  # HDF5 and its readers raise of all kinds for what is damaged
        raise DamagedResultsError(
            f"{path} cannot be read as NetCDF ({error}); it may be cut off or of another kind: pass a "
            f"results.nc, or the folder that holds one"
        ) from None


def _json_digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
