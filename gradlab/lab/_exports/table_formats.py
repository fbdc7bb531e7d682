"""Tables as files: CSV with all digits, and Parquet. Both are written some rows at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ...remedies.missing_packages import how_to_install
from ..analysis.documents.table_files import escape_formula
from .tables import Rows, Table

Advance = Callable[[int], None]  # is told how many more rows are written


class MissingPackageError(ImportError):
    """The package that writes a format is not installed. The message says how to install it."""


def require_package(name: str, extra: str) -> Any:
    """Return a module of an optional package. Raises MissingPackageError, which says how to install it."""
    try:
        return import_module(name)
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != name.partition(".")[0]:
            raise  # a package of the package's own is missing
        package = name.partition(".")[0]
        raise MissingPackageError(f"{package} is missing; install it with: {how_to_install(extra)}") from None


def write_csv_table(path: Path, table: Table, advance: Advance) -> None:
    """Write a table as CSV in UTF-8.

    A number has the fewest digits that read back as the same number of its dtype. NaN is `NaN`, infinities are `inf`
    and `-inf`, and what does not exist is empty. A text that a spreadsheet would take for a formula begins with an
    apostrophe.
    """
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in table.columns])
        for rows in table.rows():
            count = len(rows["run"])
            writer.writerows(zip(*(_as_texts(rows.get(column.name), count) for column in table.columns)))
            advance(count)


def _as_texts(values: np.ndarray | None, count: int) -> Any:
    if values is None:
        return [""] * count
    if values.dtype.kind == "f":
        texts = [str(value) for value in values]  # NumPy's shortest digits, in the dtype of the array
        return ["NaN" if text == "nan" else text for text in texts] if np.isnan(values).any() else texts
    return values.tolist() if values.dtype.kind in "iub" else [escape_formula(str(value)) for value in values]


def write_parquet_table(path: Path, table: Table, advance: Advance) -> None:
    """Write a table as Parquet. Each column has its dtype, and its unit and description as metadata of its field.

    NaN and infinities are kept; what does not exist is null.
    """
    arrow, parquet = require_package("pyarrow", "parquet"), require_package("pyarrow.parquet", "parquet")
    fields = [
        arrow.field(
            column.name,
            arrow.string() if column.dtype == "str" else arrow.from_numpy_dtype(np.dtype(column.dtype)),
            metadata={"unit": column.unit, "description": column.description},
        )
        for column in table.columns
    ]
    schema = arrow.schema(fields)
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in table.rows():
            count = len(rows["run"])
            columns = [_as_arrow(arrow, rows, field, count) for field in schema]
            writer.write_table(arrow.table(columns, schema=schema))
            advance(count)


def _as_arrow(arrow: Any, rows: Rows, field: Any, count: int) -> Any:
    values = rows.get(field.name)
    if values is None:
        return arrow.nulls(count, field.type)
    if field.type == arrow.string():
        return arrow.array([str(value) for value in values], field.type)
    return arrow.array(values.astype(field.type.to_pandas_dtype()), field.type)  # NaN is a number, and not null


TABLE_FORMATS: dict[str, Callable[[Path, Table, Advance], None]] = {
    "csv": write_csv_table,
    "parquet": write_parquet_table,
}
