"""The plan of `gradlab bench`: optimizers at sizes and numbers of leaves, checked before the first measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..lab._inputs.name_lookup import look_up
from ..lab._studies.size_limits import available_memory
from .counterparts import COUNTERPARTS, DEFAULT
from .step_rows import estimate_bytes
from .steps import choose_shape

LIBRARIES = ("optax", "torch")
# A product of two matrices of 2,048 by 2,048 takes tenths of a second, and a step of Muon has fifteen.
MOST_OF_A_MATRIX = 2**22


class Plan(NamedTuple):
    """The rows to measure, in order, and how."""

    rows: list[tuple[str, int, int]]  # optimizer, parameters, leaves
    against: list[str]  # the other libraries: "optax" and "torch"
    seconds: float  # of each contestant in a row
    left_out: list[str]  # optimizers that "all" does not take at some size


def make_plan(
    names: Sequence[str], sizes: Sequence[int], leaves: Sequence[int], against: Sequence[str], seconds: float
) -> Plan:
    """Return the plan of the options. No names stand for the usual ones, and "all" for all that have a counterpart.

    Raises UnknownNameError for a name that has none, and ValueError for leaves that do not divide a size and for arrays
    that do not fit the memory.
    """
    takes_all = "all" in names
    chosen = list(COUNTERPARTS) if takes_all else list(dict.fromkeys(names or DEFAULT))
    for name in chosen:
        look_up(name, COUNTERPARTS, "optimizer with a counterpart in optax or PyTorch")
    rows, left_out = [], dict[str, None]()
    for count in leaves:
        for size in sizes:
            choose_shape(size, count)
            for name in chosen:
                if takes_all and COUNTERPARTS[name].multiplies_matrices and size // count > MOST_OF_A_MATRIX:
                    left_out[name] = None
                else:
                    rows.append((name, size, count))
    for row in rows:
        _require_memory(*row, list(against))
    return Plan(rows, list(against), seconds, list(left_out))


def parse_counts(text: str, option: str) -> list[int]:
    """Return the whole numbers of a list such as `2^20,1000000,1e6`, each once. Raises ValueError for anything else."""
    counts = [_parse_count(part.strip(), option) for part in text.split(",")]
    return sorted(dict.fromkeys(counts))


def parse_libraries(text: str) -> list[str]:
    """Return the libraries of a list such as `optax,torch`, or none for `none`. Raises ValueError for another name."""
    names = [part.strip() for part in text.split(",")]
    if names == ["none"]:
        return []
    for name in names:
        if name not in LIBRARIES:
            raise ValueError(f"--against must be a list of {' and '.join(LIBRARIES)}, or none, got {name!r}")
    return list(dict.fromkeys(names))


def format_power(count: int) -> str:
    """Format a number of parameters: `2^20` for a power of two from 1,024 on, else `1,000,000`."""
    is_power = count >= 1024 and count & (count - 1) == 0
    return f"2^{count.bit_length() - 1}" if is_power else f"{count:,}"


def _parse_count(text: str, option: str) -> int:
    base, power, exponent = text.replace("**", "^").partition("^")
    try:
        number = float(text) if not power else float(int(base) ** min(int(exponent), 64))
    except (ValueError, OverflowError):
        number = 0.0
    if not (1 <= number < 2**48 and number == int(number)):
        raise ValueError(
            f"{option} must be a list of whole numbers from 1 on, such as 2^10,2^20 or 1000000, got {text!r}"
        )
    return int(number)


def _require_memory(name: str, size: int, leaves: int, against: list[str]) -> None:
    needed, room = estimate_bytes(name, size, leaves, against), available_memory()
    if needed > room:
        gib = 2**30
        raise ValueError(
            f"{name} with {format_power(size)} parameters needs about {needed / gib:.1f} GiB for all libraries, and "
            f"{room / gib:.1f} GiB are allowed; pass a smaller --size, or --against with fewer libraries (set "
            f"GRADLAB_MEMORY_GIB to change what is allowed)"
        )
