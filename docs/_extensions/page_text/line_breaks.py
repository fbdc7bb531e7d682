"""Say where code, titles and formulas of a page may break, so that a narrow window cuts no word.

Browsers break code behind each dash, also behind the two of an option, and nowhere else.
"""

from __future__ import annotations

import html
import re
from typing import Any

from . import change_pages

CODE = re.compile(r'(?<=<span class="pre">)[^<]{13,}(?=</span>)')
TITLE = re.compile(r"(?<=<h[1-3]>)[\w.]{13,}(?=<)")
# Behind a sign, but not among several, in a number, or before what closes.
BREAK = re.compile(r"(?<=[._/(,=\[|])(?!(?<=\d\.)\d)(?=[^._/(,=\[|)\]])")
OPENS = ("(", "[", "=")
BEFORE, BEHIND = 2, 16  # letters of code: fewer before a break, or behind a sign that opens, are not torn off
MATH = re.compile(
    r'(?P<math><math alttext="(?P<latex>[^"]*)"[^>]*display="inline".*?</math>)'
    r"(?P<sign>(?: (?:=|≤|≥|&lt;|&gt;) [^\s<]{1,16}|[.,;:)]*))",
    re.DOTALL,
)
# Text outside of what is set otherwise, and what stays on one line in it: 1e-8, 2026-11-27, 95 %, 18.7 s, 2.69 ± 0.01,
# [0, inf).
SET_OTHERWISE = r"<(?P<tag>pre|code|math|svg|script|style|textarea)\b.*?</(?P=tag)>"
TEXT = re.compile(rf"{SET_OTHERWISE}|<[^>]*>|(?P<text>[^<]+)", re.DOTALL)
UNIT = r"(?:s|ms|µs|MB|GB|KiB|MiB|GiB)\b"
NUMBER = re.compile(
    rf"\d[\d.]*e-\d+|\b\d{{4}}-\d\d-\d\d\b|\d[\d.,]*(?: ± \d[\d.,]*)?(?: |\xa0)(?:%|{UNIT})|\d[\d.,]* ± \d[\d.,]*\d"
    r"|[\[(]-?\d[\d.]*, (?:\d[\d.]*|inf)[\])]"
)
LONG = 50  # letters of LaTeX: such a formula is wider than a phone


def allow_breaks(body: str) -> str:
    """Return HTML in which long code and titles may break behind a dot, an underscore and such.

    A number stays on one line, and so does a formula with the sign or the value that follows it. A long formula is in
    an element of the class `wide`.
    """
    body = TEXT.sub(_keep_numbers, body)
    for pattern in (CODE, TITLE):
        body = pattern.sub(lambda match: BREAK.sub(_break, match[0]), body)
    return MATH.sub(_surround, body)


def _break(place: re.Match[str]) -> str:
    """Return where code may break, and nothing where it would part from little."""
    before, behind = place.string[: place.start()], place.string[place.start() :]
    torn = before.endswith(OPENS) and len(html.unescape(behind)) < BEHIND
    return "" if torn or len(html.unescape(before)) < BEFORE else "<wbr>"


def _keep_numbers(match: re.Match[str]) -> str:
    if match["text"] is None:
        return match[0]
    return NUMBER.sub(lambda number: f'<span class="together">{number[0]}</span>', match[0])


def _surround(match: re.Match[str]) -> str:
    if len(match["latex"]) > LONG:
        return f'<span class="wide">{match["math"]}{match["sign"]}</span>'
    return f'<span class="together">{match[0]}</span>' if match["sign"] else match[0]


def setup(app: Any) -> dict[str, bool]:
    """Do this with each page, when it is written."""
    return change_pages(app, allow_breaks)
