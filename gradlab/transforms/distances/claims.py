"""The claims of a combinator that measures a number over the whole tree."""

from __future__ import annotations

from typing import Any

from ...core.claims import leave_out, shared_claims


def claims_of_distance(*txs: Any) -> dict[str, Any]:
    """Return the claims of transformations, without those that no leaf and no element depends on another."""
    return leave_out(shared_claims(*txs), "elementwise", "contained")
