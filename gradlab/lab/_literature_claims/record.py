"""The records: the numbers of each claim at full size, with the date, the machine and the versions.

The file of a claim is a JSON document in the folder `records`. Its verdicts follow from its numbers by the rule.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .catalogue import Claim
from .verdicts import Verdict

FOLDER = Path(__file__).parent / "records"
FORMAT = "gradlab-claim-1"


def record_path(claim: Claim, folder: Path = FOLDER) -> Path:
    """Return the path of the record of a claim."""
    return folder / f"{claim.stem}.json"


def read_record(claim: Claim, folder: Path = FOLDER) -> dict[str, Any] | None:
    """Return the record of a claim, or None if there is none."""
    path = record_path(claim, folder)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def read_verdicts(record: dict[str, Any]) -> list[Verdict]:
    """Return the verdicts of a record or of the document of a claim."""
    return [Verdict(**verdict) for verdict in record["verdicts"]]


def format_record(document: dict[str, Any]) -> str:
    """Return the text of a record: one line for each short part, so that it is small and can be compared."""
    lines = [f'  "{key}": {json.dumps(value, ensure_ascii=False, allow_nan=False)}' for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
