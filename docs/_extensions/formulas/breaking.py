"""Where a long formula may break, so that it is read on a phone without moving it sideways.

MathML has no breaks within a formula, so a long one is written as several, each of which begins with an operator.
"""

from __future__ import annotations

import re

# What a line of a phone has room for, in em of the formula: in a sentence, and on a line of its own, which is smaller.
ROOM, ROW = 17.5, 19.5
LEAST = 3.0  # em: less than this is not torn off within parentheses
INDENT = r"\quad "
ROWS = re.compile(r"(?<=\\begin\{align\*\})(.*?)(?=\\end\{align\*\})", re.DOTALL)
ELSE = r" \text{ else"
BREAK = re.compile(rf" (?=[-+/] )|{re.escape(ELSE)}")
FACTOR = re.compile(r"(?<=\)) (?=\\(?:min|max)(?![A-Za-z]))")
DOT = r"\cdot "  # between two factors, where the second one begins a line
TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|.", re.DOTALL)
WORDS = re.compile(r"\\(?:operatorname|text|mathrm|begin|end)\{([^{}]*)\}")
NOTHING = re.compile(r"\\(?:hat|tilde|bar|left|right|displaystyle)(?![A-Za-z])|[&\s{}]")
OPERATORNAME = r"\operatorname"
SQUARE, OPENS, CLOSES = r"\sqrt", ("(", "["), (")", "]")
# The widths of signs in em, as Chromium sets them, with the spaces around operators.
LETTER, NARROW, OPERATOR, WORD = 0.52, 0.33, 1.25, 0.45
WIDTHS = {**dict.fromkeys("()[]|,.!", NARROW), **dict.fromkeys(("=", "+", "-", "/", "<", ">", r"\odot"), OPERATOR)}
WIDTHS |= {SQUARE: 0.8, r"\,": 0.17, r"\quad": 1.0, r"\qquad": 2.0, r"\mid": 0.8, r"\leftarrow": 1.5, r"\sim": OPERATOR}
WIDTHS |= {r"\cdot": OPERATOR}
PARTS = re.compile(r",\s*\\q?quad(?![A-Za-z])\s*")  # between the formulas of a line
SMALL = 0.7  # of a letter that is raised or lowered


def measure(latex: str) -> float:
    """Return about how wide a formula is, in em."""
    width, at = 0.0, 0
    while at < len(latex):
        if words := WORDS.match(latex, at):
            width, at = width + WORD * len(words[1]) + NARROW * words[0].startswith(OPERATORNAME), words.end()
        elif latex.startswith(r"\frac", at):
            above, at = _read_group(latex, at + len(r"\frac"))
            below, at = _read_group(latex, at)
            width += max(measure(above), measure(below)) + 0.2
        elif latex[at] in "_^":
            marks = [0.0]
            while at < len(latex) and latex[at] in "_^":  # one above the other
                mark, at = _read_group(latex, at + 1)
                marks.append(measure(mark))
            width += SMALL * max(marks)
        elif nothing := NOTHING.match(latex, at):
            at = nothing.end()
        else:
            token = TOKEN.match(latex, at)
            assert token is not None
            name = token[0]
            width += WIDTHS.get(name, WORD * len(name[1:]) if name in (r"\max", r"\min", r"\sign") else LETTER)
            at = token.end()
    return width


def split(latex: str, room: float = ROOM) -> list[str]:
    r"""Return the pieces of a formula, each of which fits into the room, in em, as far as it has places to break.

    It breaks before an operator outside of parentheses or, if that does not do, within them. Where it breaks between
    two factors, a dot says in the next line that the product goes on. A formula with `\begin` or `\left` stays whole.
    """
    if measure(latex) <= room or re.search(r"\\(?:begin|left)\b", latex):
        return [latex]
    places = _find_places(latex)
    if not places:
        return [latex]
    outermost = min(depth for depth, _ in places)
    spots = [spot for depth, spot in places if depth == outermost]
    spots = [spot for spot in spots if latex.startswith(ELSE, spot)] or spots  # rather than in a condition
    begins = [spot for spot in spots if measure(latex[:spot]) <= room]
    in_two = [spot for spot in begins if measure(latex[spot:]) <= room - measure(INDENT)]
    sums = [spot for spot in in_two if latex[spot + 1] in "+-"]
    at = max(sums or in_two or begins, default=spots[0])
    dot = DOT if FACTOR.match(latex, at) else ""
    return [*split(latex[:at], room), *split(dot + latex[at:].lstrip(), room - measure(INDENT))]


def split_line(latex: str) -> list[list[str]]:
    r"""Return the formulas of a line of its own, which a comma and `\quad` part, and the pieces of each."""
    if latex.startswith(r"\begin"):
        return [[break_rows(latex)]]
    parts = PARTS.split(latex)
    return [split(part + "," * (at < len(parts) - 1), ROW) for at, part in enumerate(parts)]


def break_rows(latex: str) -> str:
    """Return aligned equations in which a row that is wider than a phone goes on in the next one."""
    return ROWS.sub(lambda rows: r"\\".join(map(_break_row, rows[1].split(r"\\"))), latex)


def _break_row(row: str) -> str:
    left, sign, right = row.partition("&")
    if not sign:
        return row
    pieces = split(right.rstrip(), ROW - measure(left))
    return left + sign + f" \\\\\n&{INDENT}".join(pieces) + right[len(right.rstrip()) :]


def _find_places(latex: str) -> list[tuple[float, int]]:
    """Return how deep in parentheses each place is where a formula may break, and where; none in braces and norms.

    A place between two factors counts as half a parenthesis deeper.
    """
    places: list[tuple[float, int]] = []
    braces, depth, norms, escaped = 0, 0, 0, False
    for at, sign in enumerate(latex):
        if escaped or sign == "\\":
            escaped = sign == "\\" and not escaped
            norms += latex.startswith(r"\|", at) and escaped
        elif sign in "{}":
            braces += 1 if sign == "{" else -1
        elif sign in OPENS:
            depth += 1
        elif sign in CLOSES:
            depth -= 1
        if braces or norms % 2 or not at:
            continue
        if BREAK.match(latex, at):
            places.append((depth, at))
        elif FACTOR.match(latex, at):
            places.append((depth + 0.5, at))
    return [(depth, at) for depth, at in places if depth <= 0 or measure(latex[:at]) >= LEAST]


def _read_group(latex: str, at: int) -> tuple[str, int]:
    """Return what is in the braces at a place, or the only sign there, and where it ends."""
    while at < len(latex) and latex[at].isspace():
        at += 1
    if not latex.startswith("{", at):
        token = TOKEN.match(latex, at)
        return (token[0], token.end()) if token else ("", at)
    depth = 0
    for end in range(at, len(latex)):
        depth += {"{": 1, "}": -1}.get(latex[end], 0)
        if not depth:
            return latex[at + 1 : end], end + 1
    return latex[at + 1 :], len(latex)
