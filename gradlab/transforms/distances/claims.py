"""The claims of a combinator that measures a number over the whole tree."""

from __future__ import annotations

from typing import Any

from ...claims import leave_out, shared_claims


def claims_of_distance(*txs: Any) -> dict[str, Any]:
    """Return the claims of transformations, but that a leaf or an element does not depend on others."""
    return leave_out(shared_claims(*txs), "elementwise", "contained")
