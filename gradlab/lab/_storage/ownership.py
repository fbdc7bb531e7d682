"""Ownership: which files gradlab wrote, and may therefore overwrite or remove.

A file is recognized by a mark in its content, and a file in the folder of parts by its name.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from .files import PIECE_BYTES

PLAN, PARTS, RESULTS, PROVENANCE, REPORT = "plan.json", "parts", "results.nc", "provenance.json", "report.html"
LEADERBOARDS = ("leaderboard.csv", "leaderboard.json")
POINTS = ("points.csv", "points.json")
TABLES = ("table.md", "table.csv", "table.json")
MARKDOWN_MARK = "<!-- This table was written by gradlab. -->"  # the first line of a table in Markdown
LATEX_MARK = "% This table was written by gradlab."  # the first line of a table in LaTeX
PGF_MARK = "% This picture was drawn by gradlab."  # the first line of a picture for LaTeX
NOT_OURS = "not written by gradlab"  # the reason for a file whose content has no mark
GENERATOR = "gradlab"  # the program that pictures and pages name

_HEAD = 1 << 16  # bytes at the beginning of a text or a picture, which contain its mark
_HDF5 = b"\x89HDF\r\n\x1a\n"
_RESULTS = re.compile(rb"gradlab-(results|race)-\d")
_JSON = re.compile(rb'"format":\s*"gradlab-|"command":\s*"gradlab')  # the second is in older provenance files
_TABLE = re.compile(rb"(\xef\xbb\xbf)?problem,rank,optimizer,")
_PAGE = re.compile(rb'<meta name="generator" content="gradlab|<p class="brand">gradlab</p>')
_PART = re.compile(r"\d{4,}-\d{4,}-(carry-)?\d{4,}|known-[0-9a-f]{8}-\d{4,}|\.gradlab-\S*")


def is_part(name: str) -> bool:
    """Return whether a file with this name in the folder of parts is a part, or one that was being written."""
    return bool(_PART.fullmatch(name))


def describe_foreign(path: Path, among_ours: bool = False) -> str | None:
    """Return in a few words why a file must not be overwritten or removed, or None if it may be, or does not exist.

    `among_ours` says that the folder holds a plan or results of gradlab. Then damaged results, an empty file, and a
    picture of an older version are taken for gradlab's, too. Raises OSError.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return "a symbolic link"
    if stat.S_ISDIR(status.st_mode):
        return _describe_foreign_parts(path, among_ours) if path.name == PARTS else "a folder"
    if path.name == PARTS or not stat.S_ISREG(status.st_mode):
        return "no folder" if path.name == PARTS else "no regular file"
    if not status.st_mode & 0o222:
        return "read-only"
    if among_ours and status.st_size < 64 and not path.read_bytes().strip(b" \t\r\n[]{}"):
        return None
    return None if _is_marked(path, among_ours) else NOT_OURS


def _describe_foreign_parts(path: Path, among_ours: bool) -> str | None:
    others = sorted(name for name in os.listdir(path) if not is_part(name) or (path / name).is_dir())
    if others:
        return f"holds {', '.join(others[:3])}{', ...' * (len(others) > 3)}, not written by gradlab"
    return None if among_ours else f"a folder without a {PLAN} of gradlab beside it"


def _is_marked(path: Path, among_ours: bool) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if path.suffix == ".nc":  # of any size, and its mark is anywhere in it
            file.seek(0)
            return bool(among_ours and head.startswith(_HDF5[: len(head)])) or _finds(_RESULTS, file)
        rest = file.read() if path.suffix in (".pdf", ".html") else b""
    marks: dict[str, Callable[[bytes], object]] = {
        ".json": _JSON.search,
        ".csv": _TABLE.match,
        ".md": lambda text: text.startswith(MARKDOWN_MARK.encode()),
        ".tex": lambda text: text.startswith(LATEX_MARK.encode()),
        ".html": _PAGE.search,
        ".pgf": lambda text: text.startswith(PGF_MARK.encode()),
        ".png": lambda text: b"Software\0gradlab" in text or (among_ours and b"Software\0Matplotlib" in text),
        ".svg": lambda text: b"<dc:title>gradlab</dc:title>" in text,
        ".pdf": lambda text: b"/Creator (gradlab)" in text,
    }
    return path.suffix in marks and bool(marks[path.suffix](head + rest))


def _finds(mark: re.Pattern[bytes], file: BinaryIO) -> bool:
    """Return whether a file has a mark of at most 64 bytes, piece by piece."""
    end = b""
    while piece := file.read(PIECE_BYTES):
        if mark.search(end + piece):
            return True
        end = piece[-64:]
    return False
