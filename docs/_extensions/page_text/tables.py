"""The tables of a page as Sphinx writes them: their rows and cells, and the text in these."""

from __future__ import annotations

import html
import re

TABLE = re.compile(r'<table class="(?=[^"]*docutils).*?</table>', re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(?P<tag>t[hd])(?P<attributes>\b[^>]*)>(?P<inside>.*?)</(?P=tag)>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
NOTHING = ("", "-", "\N{EN DASH}", "\N{EM DASH}")  # what a cell says that has no value


def read_rows(table: str) -> list[list[re.Match[str]]]:
    """Return the cells of each row, of which the first has the heads."""
    return [list(CELL.finditer(row)) for row in ROW.findall(table)]


def read_text(markup: str) -> str:
    """Return the text of some HTML."""
    return html.unescape(TAG.sub("", markup)).strip()
