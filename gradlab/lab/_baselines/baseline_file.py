"""The file of a baseline: `PROBLEM.nc.xz`, which `xz -d` turns into a NetCDF-4 file with one group, as results have."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import h5netcdf
import xarray as xr

from .._results.netcdf_file import load_groups, write_netcdf
from .._results.results_file import VARYING
from .._storage.files import read_regular, replace_file

FORMAT = "gradlab-baseline-1"
SUFFIX = ".nc.xz"
VERSIONS = ("gradlab", "jax", "jaxlib", "optax", "numpy")
ORIGIN = (*VARYING, *VERSIONS)  # the attributes that say where runs come from


class BaselineFileError(ValueError):
    """A file cannot be read as a baseline."""


class Baseline(NamedTuple):
    """A finished search on one problem: what was kept of it (see `compression`), and where it comes from."""

    path: Path
    dataset: xr.Dataset
    attributes: Mapping[str, str]  # of the file
    digest: str  # of the file

    @property
    def problem(self) -> str:
        """The name of the problem."""
        return str(self.dataset.attrs["problem"])

    @property
    def definition(self) -> str:
        """The digest of the problem's definition (see `definitions`)."""
        return str(self.attributes["definition"])

    @property
    def optimizers(self) -> list[str]:
        """The names of the optimizers."""
        return [str(name) for name in self.dataset.optimizer.values]

    @property
    def rates(self) -> tuple[float, ...]:
        """The learning rates, which are the same for all optimizers."""
        return tuple(self.dataset.learning_rate.values[0].tolist())

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds."""
        return tuple(self.dataset.seed.values.tolist())

    @property
    def steps(self) -> int:
        """The updates of each run."""
        return int(self.dataset.attrs["updates"])

    @property
    def runs(self) -> int:
        """The number of runs that it comes from."""
        return int(self.dataset.divergence_step.size)

    @property
    def origin(self) -> dict[str, str]:
        """The command, the date, the machine and the versions that it comes from."""
        return {name: self.attributes[name] for name in ORIGIN if name in self.attributes}

    @property
    def settings(self) -> dict[str, str]:
        """The settings of JAX that change numbers, and the kind of device."""
        return dict(json.loads(self.attributes["settings"]))


def write_baseline(
    path: Path,
    compressed: xr.Dataset,
    attributes: Mapping[str, str],
    definition: str,
    settings: Mapping[str, str],
    seconds: float,
) -> Baseline:
    """Write what was kept of a race, and return it. The same content gives the same bytes. Raises OSError.

    `attributes` are those of the results; `definition` is the digest of the problem; `settings` are those of the plan;
    `seconds` are those that compiling and running took, of all cores together.
    """
    origin = {name: str(attributes[name]) for name in ORIGIN if name in attributes}
    more = {"definition": definition, "settings": json.dumps(dict(settings)), "seconds": f"{seconds:.1f}"}
    with replace_file(path) as temporary:
        write_netcdf(temporary, {str(compressed.attrs["problem"]): compressed}, {"format": FORMAT, **origin, **more})
        temporary.write_bytes(lzma.compress(temporary.read_bytes(), preset=9))
    return read_baseline(path)


def read_baseline(path: Path) -> Baseline:
    """Return the baseline in a file. Raises FileNotFoundError, and BaselineFileError for what is none or is damaged."""
    try:
        packed = read_regular(path)
        content = io.BytesIO(lzma.decompress(packed))  # which verifies a checksum
        with h5netcdf.File(content, "r") as file:
            attributes = {name: str(value) for name, value in file.attrs.items()}
        found = load_groups(content)
    except FileNotFoundError:
        raise
    except Exception as error:  # the NetCDF libraries raise all kinds for damaged content
        raise BaselineFileError(f"{path} cannot be read as a baseline ({error})") from None
    if attributes.get("format") != FORMAT or len(found) != 1:
        raise BaselineFileError(
            f"{path} is no baseline of this version: expected format {FORMAT}, found {attributes.get('format', 'none')}"
        )
    (dataset,) = found.values()
    dataset.attrs = {name: value.item() if hasattr(value, "item") else value for name, value in dataset.attrs.items()}
    return Baseline(path, dataset, attributes, hashlib.sha256(packed).hexdigest()[:16])
