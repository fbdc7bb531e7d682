"""Workers compute what a study lacks, and are not started where its command has left all results."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gradlab.cli.sessions.workers import _seems_finished


def test_a_folder_seems_finished_if_this_command_wrote_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/gradlab", "race", "--seeds", "4"])
    assert not _seems_finished(tmp_path)
    (tmp_path / "results.nc").touch()
    assert _seems_finished(tmp_path)  # nothing says who wrote it
    for command, is_finished in (("gradlab race --seeds 4", True), ("gradlab race --seeds 2", False)):
        (tmp_path / "provenance.json").write_text(json.dumps({"command": command}))
        assert _seems_finished(tmp_path) == is_finished
