"""The mechanical mutants that survive for a known reason, by their names."""

from __future__ import annotations

EXPLAINED: dict[str, str] = {}
