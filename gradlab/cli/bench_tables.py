"""The tables of `gradlab bench`: steps, and the programs behind them, for each size and number of leaves."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from ..bench.calls import AS_ARGUMENT, ON_DEVICE
from ..bench.document import describe_document
from ..bench.plan import format_power
from ..bench.run import format_leaves
from .terminal.tables import TrimmedLines, print_columns, print_note

Row = Mapping[str, Any]

# What the columns mean; a column that is not there is not explained.
_MEANINGS = {
    "ms": "of a jitted step that overwrites its arguments, median and quartiles.",
    "/optax": "gradlab's time in units of optax's.",
    "/torch": "the same for PyTorch, * over all leaves at once (foreach) or ‡ leaf by leaf where none is fused.",
    "/limit": "the same for the time in which the memory moves the fewest bytes that the equations need, at the "
    "bandwidth of a simple kernel, or of another library's step if that is faster still.",
    "streams": "arrays as large as the parameters that the compiled step moves, and the fewest.",
    "copies": "those of its kernels that only copy.",
    "trace": "milliseconds from Python to equations.",
    "compile": "milliseconds from equations to machine code.",
    "trace/optax": "in units of optax's.",
    "compile/optax": "likewise.",
    "equations": "for each leaf, gradlab's and optax's.",
    "call": "microseconds of a call of a small step with the optimizer closed over.",
    "argument": "the same with the optimizer as an argument.",
    "device": "the same after jax.device_put(optimizer).",
    "optax's": "optax's step, with its optimizer closed over.",
    "state": "bytes for each parameter between steps.",
    "peak": "bytes for each parameter in a step.",
}


def print_bench(console: Console, document: Mapping[str, Any]) -> None:
    """Print the tables of a document, and how to read them."""
    console.print(TrimmedLines(Text(describe_document(dict(document)))))
    console.print()
    shown: dict[str, list[str]] = {}
    for (size, leaves), group in groupby(document["rows"], key=lambda row: (row["size"], row["leaves"])):
        rows = list(group)
        title = f"{format_power(size)} parameters in {format_leaves(leaves)}"
        console.print(TrimmedLines(Text(f"Steps: {title}", "bold")))
        steps = make_step_columns(rows)
        print_columns(console, steps, ["copies", "quartiles"])
        console.print(TrimmedLines(Text(f"Programs: {title}", "bold")))
        programs = make_program_columns(rows, document["calls"])
        print_columns(console, programs, ["peak", "state", "compile", "trace", "optax's", "equations"])
        shown |= steps | programs
    print_note(console, " ".join(f"{title}: {meaning}" for title, meaning in _MEANINGS.items() if title in shown))
    for row in document["rows"]:
        if "torch_error" in row:
            print_note(console, f"{row['optimizer']}: {row['torch_error']}.")
    console.print()


def make_step_columns(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the cells of the table of steps by the titles of its columns."""
    columns: dict[str, list[str]] = {
        "optimizer": [row["optimizer"] for row in rows],
        "ms": [_milliseconds(row["steps"]["gradlab"]["seconds"]) for row in rows],
        "quartiles": ["–".join(map(_milliseconds, row["steps"]["gradlab"]["quartiles"])) for row in rows],
    }
    for library in ("optax", "torch"):
        if any(library in row["ratios"] for row in rows):
            columns[f"/{library}"] = [_compare(row, library) for row in rows]
    if any(row["limit"] for row in rows):
        columns["/limit"] = [f"{row['limit']['ratio']:.2f}" if row["limit"] else "-" for row in rows]
    columns["streams"] = [_streams(row) for row in rows]
    columns["copies"] = [str(row["programs"]["gradlab"]["copies"]) for row in rows]
    return columns


def make_program_columns(rows: Sequence[Row], calls: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the cells of the table of programs by the titles of its columns."""
    columns: dict[str, list[str]] = {"optimizer": [row["optimizer"] for row in rows]}
    has_optax = any("optax" in row["programs"] for row in rows)
    for part in ("trace", "compile"):
        columns[part] = [_milliseconds(row["programs"]["gradlab"][part]["seconds"]) for row in rows]
        if has_optax:
            columns[f"{part}/optax"] = [_compare_programs(row, part) for row in rows]
    columns["equations"] = [
        "/".join(f"{cost['equations_per_leaf']:.3g}" for cost in row["programs"].values()) for row in rows
    ]
    titles = {"call": "gradlab", "argument": AS_ARGUMENT, "device": ON_DEVICE, "optax's": "optax"}
    for title, library in titles.items():
        if any(library in found for found in calls.values()):
            columns[title] = [_microseconds(calls.get(row["optimizer"], {}).get(library)) for row in rows]
    columns["state"] = [_per_parameter(row, "state_bytes") for row in rows]
    columns["peak"] = [_per_parameter(row, "peak_bytes") for row in rows]
    return columns


def _milliseconds(seconds: float) -> str:
    value = 1000 * seconds
    return f"{value:.0f}" if value >= 99.5 else f"{value:#.3g}" if value >= 0.01 else f"{value:.4f}"


def _microseconds(timing: Mapping[str, Any] | None) -> str:
    return "-" if timing is None else f"{1e6 * timing['seconds']:.1f}"


def _compare(row: Row, library: str) -> str:
    if library not in row["ratios"]:
        return "-"
    mark = {"foreach": "*", "plain": "‡"}.get(row.get("torch_variant", ""), "") if library == "torch" else ""
    return f"{row['ratios'][library]['ratio']:.2f}{mark}"


def _streams(row: Row) -> str:
    fewest = row["fewest_streams"]
    return f"{row['programs']['gradlab']['streams']:.3g}" + (f" of {fewest:.3g}" if fewest is not None else "")


def _compare_programs(row: Row, part: str) -> str:
    programs = row["programs"]
    if "optax" not in programs:
        return "-"
    return f"{programs['gradlab'][part]['seconds'] / programs['optax'][part]['seconds']:.2f}"


def _per_parameter(row: Row, key: str) -> str:
    value = row["programs"]["gradlab"][key]
    return "-" if value is None else f"{value / row['size']:.3g}"
