"""Files that gradlab wrote are recognized by their content."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradlab as gl
from gradlab.lab._storage.ownership import describe_foreign, is_part


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results.nc", b"\x89HDF\r\n\x1a\n ... gradlab-results-2 ..."),
        ("plan.json", b'{"format": "gradlab-plan-3", "la'),
        ("provenance.json", b'{\n  "command": "gradlab race"'),
        ("leaderboard.csv", b"\xef\xbb\xbfproblem,rank,optimizer,score\n"),
        ("report.html", b'<html><meta name="generator" content="gradlab">'),
        ("paths_a.png", b"\x89PNG tEXtSoftware\0gradlab"),
        ("paths_a.svg", b"<svg><dc:title>gradlab</dc:title>"),
        ("paths_a.pdf", b"%PDF" + b"\0" * 99_999 + b"/Creator (gradlab)"),
    ],
)
def test_files_are_recognized_by_their_marks_alone(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    assert describe_foreign(path) is None  # there is none
    path.write_bytes(content)
    assert describe_foreign(path) is None
    for other in (content.replace(b"gradlab", b"gradbal").replace(b"rank", b"rang"), b"mine " * 20, b""):
        path.write_bytes(other)
        assert describe_foreign(path) == "not written by gradlab"
    assert describe_foreign(path, among_ours=True) is None  # empty, beside our own


def test_a_picture_of_an_older_version_is_known_by_its_list(tmp_path: Path) -> None:
    (tmp_path / "paths_a.png").write_bytes(b"\x89PNG tEXtSoftware\0Matplotlib version3.10")
    assert describe_foreign(tmp_path / "paths_a.png") == "not written by gradlab"
    assert describe_foreign(tmp_path / "paths_a.png", among_ours=True) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0003-0001-0000", True), ("0003-0001-carry-0000", True), (".gradlab-abc", True), ("12345-0001-0000", True),
        ("0003-0001", False), ("0003-0001-0000.txt", False), ("song.mp3", False), ("2024-0101-0000-a", False),
    ],
)  # fmt: skip
def test_names_of_parts(name: str, expected: bool) -> None:
    assert is_part(name) is expected


AS_NOBODY = """
import os, sys
from pathlib import Path
from gradlab.lab._results import results_file
os.setgid(65534), os.setuid(65534)
try:
    results_file.read(Path(sys.argv[1]))
except results_file.ResultsError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become nobody")
def test_results_without_read_permission_are_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "results.nc"
    path.write_bytes(b"whatever")
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(path)], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(Path(gl.__file__).parents[1])},
    )  # fmt: skip
    assert done.stdout == f"ResultsError {path} cannot be read (Permission denied); check its permissions\n"
