"""The results file: a NetCDF-4 file with one Dataset for each problem, and a checksum."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5netcdf
import numpy as np
import xarray as xr

from .._storage.files import (
    ChecksumError,
    DamagedJSONError,
    append_checksum,
    digest_json,
    make_printable,
    open_regular,
    read_json,
    replace_file,
    verify_checksum,
    write_text,
)
from .._storage.ownership import PROVENANCE as PROVENANCE
from .._storage.ownership import RESULTS as RESULTS
from .netcdf_file import load_groups, write_netcdf

FORMAT = "gradlab-results-3"
# The formats that can be read. The second one is the same as the first, but has no checksum.
FORMATS = (FORMAT, "gradlab-results-2")
# Two runs of one plan differ in these attributes and variables, so they are stored in the provenance file.
VARYING = ("command", "date", "python", "machine", "devices")
# What there is of some results only: which optimizers were computed anew because their code changed (lines), and the
# parts of a merged study (JSON). They are in the provenance file, too.
ORIGINS = ("computed_anew", "parts")
_TIMES = ("compile_seconds", "run_seconds")
# Other programs open the root, which has attributes and no data. So one of them says where the data are.
_COMMENT = "a group for each problem; xarray.open_datatree opens all of them"


class ResultsError(ValueError):
    """A file cannot be read as results.

    >>> import pathlib
    >>> characters = pathlib.Path("results.nc").write_text("no results")
    >>> try:
    ...     gl.lab.read_results("results.nc")
    ... except gl.lab.ResultsError as error:
    ...     print(str(error)[:35])
    results.nc cannot be read as NetCDF
    """


class DamagedResultsError(ResultsError):
    """A results file is incomplete or changed, or is no results file at all."""


def write(
    path: Path,
    problems: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    history: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write a NetCDF-4 file with one group for each problem. At any moment it holds either the old or the new results.

    The file is the same, byte for byte, for the same results. What differs between two runs of one plan (date, machine,
    seconds) goes into `provenance.json` beside it, and `read` puts the two together. A checksum follows the NetCDF
    content; `read` verifies it, and other programs ignore it. `history` is what `read_history` returns, of the studies
    that this one grew from. Raises OSError if the folder cannot be written.
    """
    fixed = {name: value for name, value in attributes.items() if name not in (*VARYING, *ORIGINS)}
    varying: dict[str, Any] = {name: value for name, value in attributes.items() if name in (*VARYING, *ORIGINS)}
    varying["seconds"] = {
        problem: {name: _list_known(dataset[name].values) for name in _TIMES if name in dataset}
        for problem, dataset in problems.items()
    }
    document = {"format": FORMAT, **varying, "checksum": digest_json(varying)}
    document |= {"history": list(history)} if history else {}
    with replace_file(path) as temporary:
        # The content comes first: if it cannot be made, the old files must stay as they are.
        write_netcdf(
            temporary,
            {name: dataset.drop_vars(_TIMES, errors="ignore") for name, dataset in problems.items()},
            {"comment": _COMMENT} | {name: make_printable(value) for name, value in fixed.items()},
        )
        append_checksum(temporary)
        write_text(path.parent / PROVENANCE, json.dumps(document, indent=2) + "\n")


def read(path: Path | str) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    """Return the Datasets by problem, and the attributes of a results file, or of the folder that holds one.

    They are in memory, except for large curves, of which what is used is read then (see `load_groups`).
    If the provenance file is missing or damaged, its attributes are missing, and seconds are NaN. Raises
    FileNotFoundError, DamagedResultsError if a single bit of the file was changed, and ResultsError if it cannot be
    opened or has another format.
    """
    path = Path(path)
    if path.is_dir():
        path /= RESULTS
    with _open_content(path) as (file, has_checksum), _report_damage(path):
        attributes = _read_root(path, file, has_checksum)
        if attributes.get("format") not in FORMATS:
            file_format = attributes.get("format", "none")
            raise ResultsError(
                f"{path} does not hold results of this version: expected format {FORMAT}, found {file_format}"
            )
        problems = load_groups(file)
    attributes.pop("comment", None)
    for dataset in problems.values():
        dataset.attrs = {
            name: value.item() if hasattr(value, "item") else value for name, value in dataset.attrs.items()
        }
    varying = _read_varying(path)
    seconds = varying.pop("seconds", {})
    for problem, dataset in problems.items():
        _add_times(dataset, seconds.get(problem) if isinstance(seconds, dict) else None)
    return problems, attributes | varying


def read_history(path: Path, plan: str = "") -> list[dict[str, Any]]:
    """Return where runs of a results file come from that were computed before: command, date and machine of each part.

    If the file has another plan than that of the digest `plan`, its own are the last of them. What is missing or
    damaged is left out.
    """
    try:
        document = read_json(path.parent / PROVENANCE)
        own = read_attributes(path)
    except (OSError, DamagedJSONError, ResultsError):
        return []
    parts = document.get("history")
    history = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    if own.get("plan") != plan:
        versions = {
            name: value for name, value in own.items() if name in ("gradlab", "jax", "jaxlib", "optax", "numpy")
        }
        history.append({name: value for name, value in document.items() if name in VARYING} | versions)
    return history


def announce_anew(path: Path, lines: Sequence[str]) -> None:
    """Note beside a results file, which a growing study will replace, what is computed anew. Raises OSError.

    So it is known at the end, even if the study is stopped. The results that are there stay what they are.
    """
    try:
        document = read_json(path.parent / PROVENANCE)
    except (OSError, DamagedJSONError):
        return
    pending = [*document.get("pending", []), *(line for line in lines if line not in document.get("pending", []))]
    write_text(path.parent / PROVENANCE, json.dumps(document | {"pending": pending}, indent=2) + "\n")


def read_anew(path: Path) -> list[str]:
    """Return what was computed anew of the results in a folder, and what is to be while they grow, as lines."""
    try:
        document = read_json(path.parent / PROVENANCE)
    except (OSError, DamagedJSONError):
        return []
    before, pending = str(document.get("computed_anew", "")), document.get("pending", [])
    return list(dict.fromkeys([*before.splitlines(), *map(str, pending if isinstance(pending, list) else [])]))


def read_attributes(path: Path) -> dict[str, str]:
    """Return the attributes of a NetCDF file. Raises FileNotFoundError, and ResultsError as `read` does."""
    with _open_content(path) as (file, has_checksum), _report_damage(path):
        return _read_root(path, file, has_checksum)


@contextmanager
def _open_content(path: Path) -> Iterator[tuple[BinaryIO, bool]]:
    """Yield an open file, after its checksum was verified, and whether it had one."""
    try:
        file = open_regular(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ResultsError(f"{path} cannot be read ({error.strerror}); check its permissions") from None
    with file:
        try:
            has_checksum = verify_checksum(file)
        except ChecksumError as error:
            raise DamagedResultsError(f"{path} is damaged: {error}") from None
        yield file, has_checksum


def _read_root(path: Path, content: BinaryIO, has_checksum: bool) -> dict[str, str]:
    """Return the attributes of the root group. Raises DamagedResultsError if a checksum should be there and is not."""
    with h5netcdf.File(content, "r") as file:
        attributes = {name: str(value) for name, value in file.attrs.items()}
    if attributes.get("format") == FORMAT and not has_checksum:
        raise DamagedResultsError(f"{path} is damaged: its checksum is missing")
    return attributes


@contextmanager
def _report_damage(path: Path) -> Iterator[None]:
    """Turn any error of the NetCDF libraries into DamagedResultsError: they raise all kinds for damaged content."""
    try:
        yield
    except ResultsError:
        raise
    except Exception as error:
        raise DamagedResultsError(
            f"{path} cannot be read as NetCDF ({error}); it may be cut off or of another kind: pass a "
            f"results.nc, or the folder that holds one"
        ) from None


def _list_known(seconds: np.ndarray) -> list[float | None]:
    """Return seconds for JSON, which has no NaN: None for those that are not known, such as those of baselines."""
    return [None if np.isnan(second) else second for second in seconds.tolist()]


def _add_times(dataset: xr.Dataset, times: Any) -> None:
    """Add the seconds of each optimizer, or NaN where they are not known."""
    if "optimizer" not in dataset.sizes:
        return
    count = dataset.sizes["optimizer"]
    for name in _TIMES:
        seconds = times.get(name) if isinstance(times, dict) else None
        is_valid = (
            isinstance(seconds, list)
            and len(seconds) == count
            and all(type(second) in (int, float, type(None)) for second in seconds)
        )
        dataset[name] = ("optimizer", np.array(seconds, float) if is_valid else np.full(count, np.nan), {"units": "s"})


def _read_varying(path: Path) -> dict[str, Any]:
    """Return what the provenance file says, or nothing if it is missing or damaged: results can be read without it."""
    try:
        document = read_json(path.parent / PROVENANCE)
    except (OSError, DamagedJSONError):
        return {}
    known = (*VARYING, *ORIGINS)
    varying = {name: value for name, value in document.items() if name in known and isinstance(value, str)}
    varying |= {"seconds": document["seconds"]} if "seconds" in document else {}
    if document.get("format") == FORMAT and document.get("checksum") != digest_json(varying):
        return {}
    return varying
