"""The two groups of a method for matrices: what moves the matrices, and what moves all other leaves."""

from __future__ import annotations

from typing import Any

from ..combinators.partition import partition
from ..selectors import ndim


def partition_matrices(matrices: Any, of_matrices: Any, of_others: Any) -> Any:
    """Return a partition. `matrices` is a selector of the leaves of the first group, by default all with two axes."""
    return partition((ndim(2) if matrices is None else matrices, of_matrices), default=of_others)
