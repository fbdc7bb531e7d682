"""NetCDF files of any size: large arrays are written slice by slice, and mapped where they are read."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import xarray as xr

from .._storage import mapped_arrays


def write_netcdf(path: Path, problems: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> None:
    """Write a file with a group for each Dataset. The same Datasets give the same bytes.

    Raises OSError if the disk refuses.
    """
    large = {name: _select_large(dataset) for name, dataset in problems.items()}
    groups = {name: xr.DataTree(dataset.drop_vars(large[name])) for name, dataset in problems.items()}
    # The small arrays are made in memory, where nothing but xarray's own encoding happens.
    content = xr.DataTree(xr.Dataset(attrs=dict(attributes)), children=groups).to_netcdf(engine="h5netcdf")
    with _DiskFile(path, "w+") as file:
        file.write(content)
        if any(large.values()) and file.error is None:
            with h5netcdf.File(file, "r+") as netcdf:
                for name, names in large.items():
                    for variable in names:
                        _write_large(netcdf[name], variable, problems[name])
    if file.error is not None:
        raise file.error


def _select_large(dataset: xr.Dataset) -> list[str]:
    """Return the names of the arrays of real numbers that are not written at once."""
    names = [name for name in dataset.data_vars if dataset[name].dtype.kind == "f"]
    return [str(name) for name in names if dataset[name].nbytes >= mapped_arrays.HELD_BYTES]


def _write_large(group: h5netcdf.Group, name: str, dataset: xr.Dataset) -> None:
    array = dataset[name]
    values = array.values
    for dimension in array.dims:
        if dimension not in group.dimensions:
            group.dimensions[dimension] = array.sizes[dimension]
    variable = group.create_variable(name, array.dims, array.dtype, fillvalue=array.dtype.type(np.nan))
    for key, value in array.attrs.items():
        variable.attrs[key] = value
    for part in mapped_arrays.slices(values.shape, values.itemsize):
        variable[part] = values[part]
        mapped_arrays.release(values)


def load_groups(file: Any) -> dict[str, xr.Dataset]:
    """Return the Dataset of each group of an open file. Large arrays are mapped: what is used of them is read then.

    A mapped array can be changed, as any other can, and the file stays as it is.
    """
    offsets = _find_mappable(file)
    datasets = {}
    with xr.open_datatree(file, engine="h5netcdf") as tree:
        for name, group in tree.children.items():
            found = group.to_dataset()
            mapped = {own: offset for (owner, own), offset in offsets.items() if owner == name}
            dataset = found.drop_vars(mapped).load()
            for own, offset in mapped.items():
                like = found[own]
                values = np.memmap(file, like.dtype, "c", offset, like.shape)
                dataset[own] = (like.dims, np.asarray(values), like.attrs)
            datasets[name] = dataset
    return datasets


def _find_mappable(file: Any) -> dict[tuple[str, str], int]:
    """Return where the large arrays of a file begin that lie there as memory has them: (group, array) -> offset."""
    found: dict[tuple[str, str], int] = {}
    with h5py.File(file, "r") as hdf:
        for group in hdf.values():
            for name, array in group.items() if isinstance(group, h5py.Group) else ():
                is_real = isinstance(array, h5py.Dataset) and array.dtype.kind == "f" and array.dtype.isnative
                if is_real and array.nbytes >= mapped_arrays.HELD_BYTES and array.id.get_offset() is not None:
                    found[group.name.strip("/"), name] = array.id.get_offset()
    return found


class _DiskFile(io.FileIO):
    """A file that remembers the first error of the disk and goes on: HDF5 would crash where a write fails."""

    error: OSError | None = None

    def write(self, content: Any) -> int:
        """Write all of the content, or nothing if the disk has refused before."""
        rest = memoryview(content).cast("B")
        size = len(rest)
        try:
            while self.error is None and len(rest):
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = error
        if self.error is not None:
            self.seek(len(rest), io.SEEK_CUR)  # what follows must be where HDF5 looks for it
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file, unless the disk has refused before."""
        try:
            return self.tell() if self.error is not None else super().truncate(size)
        except OSError as error:
            self.error = error
            return self.tell()
