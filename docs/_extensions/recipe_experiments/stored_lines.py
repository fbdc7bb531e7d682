"""Files of results in JSON in which each experiment has a line of its own, so that a change of one shows as one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_lines(file: Path, head: Mapping[str, Any], key: str, results: Mapping[str, Any]) -> None:
    """Write what a file begins with, and under a key a line for each result."""
    lines = [f"  {json.dumps(name)}: {json.dumps(result)}" for name, result in results.items()]
    begin = json.dumps(head, indent=1).removesuffix("\n}")
    file.write_text(f'{begin},\n "{key}": {{\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
