"""Write formulas as MathML. Browsers draw it without a script or a network, in the color of the text around it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

from .breaking import split, split_line

LOGGER = logging.getLogger(__name__)
ESCAPED_BRACE = re.compile(r"\\[{}]")
UNKNOWN_COMMAND = re.compile(r">(\\[A-Za-z]+)<")  # which latex2mathml writes as if it were a name
BAR = re.compile(r"<mover>(?=(?:(?!</?mover).)*<mo[^>]*>&#x000AF;</mo></mover>)")
OPENS = r"\(|&#x00028;|\[|&#x0005B;|&#x0007B;|&#x0002C;|&#x0003D;|&lt;|&#x0003C;|&gt;|&#x0003E;"  # ( [ { , = < >
NEGATIVE = re.compile(rf"(<mo[^>]*>(?:{OPENS})</mo>(?:</mtd><mtd[^>]*>)?)<mo>&#x02212;</mo>")
PRIMES = re.compile("<mi>(&#x0203[234];|&#x02057;)</mi>")
FUNCTION = re.compile(  # such as max, or qr(
    rf"(?P<first>(?:<mo[^>]*>(?:{OPENS})</mo>|<mrow>|<mtd[^>]*>))?"
    r"<mo>(?!mod<)(?P<name>[A-Za-z]{2,})</mo>(?P<argument><mo[^>]*>&#x00028;)?"
)
FENCE = re.compile(r"<mo(?![^>]*\bform=)[^>]*>(&#x0007C;|&#x02016;)</mo>")  # | and its double
FIRST_SIGN = re.compile(r"(?<=<mrow>)<mo>(?=&#x0(?:002B|2212);</mo>)")  # plus or minus
FULL_STOP = "<mo>&#x0002E;</mo>"


def to_mathml(latex: str, display: str = "inline") -> str:
    """Return a formula in LaTeX as a `math` element. Its `alttext` is the LaTeX, for screen readers and for copying.

    `display` is "inline", or "block" for a formula on a line of its own. Raises ValueError for a formula that has
    unbalanced braces, or a command that is not known, or that cannot be read for another reason.
    """
    braces = ESCAPED_BRACE.sub("", latex)
    if braces.count("{") != braces.count("}"):
        raise ValueError(f"the braces are not balanced in the formula {latex!r}")
    try:
        element = convert(latex, display=display)
    except Exception as error:  # of many classes, which have only Exception in common
        raise ValueError(f"the formula {latex!r} cannot be read ({type(error).__name__})") from error
    unknown = UNKNOWN_COMMAND.findall(element)
    if unknown:
        raise ValueError(f"the formula {latex!r} has commands that are not known: {', '.join(unknown)}")
    element = FUNCTION.sub(_space_function, element)
    element = FENCE.sub(r'<mo stretchy="false" lspace="0" rspace="0">\1</mo>', element)
    element = element.replace(FULL_STOP, FULL_STOP.replace("<mo", '<mo lspace="0"'))
    element = element.replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")  # the relation, and not the accent
    element = NEGATIVE.sub(r'\1<mo form="prefix">&#x02212;</mo>', element)
    element = PRIMES.sub(_lower_primes, element)
    element = BAR.sub('<mover accent="true">', element)  # so that the bar stands close to the letter
    return element.replace("<math ", f'<math alttext="{html.escape(latex)}" ', 1)


def _space_function(match: re.Match[str]) -> str:
    """Return the name of a function with TeX's spaces.

    A thin one stands before it, if it does not begin the formula or follow what has a space of its own, and one behind
    it if no argument follows. Browsers space it as they space a plus sign.
    """
    before, behind = ("0" if match["first"] else "0.17em"), ("0" if match["argument"] else "0.17em")
    name = f'<mo lspace="{before}" rspace="{behind}">{match["name"]}</mo>'
    return f"{match['first'] or ''}{name}{match['argument'] or ''}"


def _lower_primes(match: re.Match[str]) -> str:
    """Return primes at the height of a superscript. Those of the font are raised already, and would be twice."""
    return f'<mpadded voffset="-0.35em" height="0.4em"><mi>{match[1]}</mi></mpadded>'


def write_inline(latex: str) -> str:
    """Return a formula as HTML. A long one is several `math` elements, between which a line may break."""
    return "<wbr>".join(_write_pieces(split(latex), "inline"))


def write_block(latex: str) -> str:
    """Return a formula that has a line of its own as HTML, in pieces that stand on several lines if need be."""
    lines = [_write_pieces(pieces, "block") for pieces in split_line(latex)]
    if len(lines) == len(lines[0]) == 1:
        return lines[0][0]
    return "".join(f'<div class="pieces">{"".join(pieces)}</div>' for pieces in lines)


def _write_pieces(pieces: list[str], display: str) -> list[str]:
    """Return the pieces of a formula as MathML. The sign with which one begins stands between terms, before no sign."""
    first, *others = (to_mathml(piece, display) for piece in pieces)
    return [first, *(FIRST_SIGN.sub('<mo form="infix">', other, count=1) for other in others)]


def _write_inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(_convert(node, write_inline))
    raise nodes.SkipNode


def _write_block(writer: Any, node: nodes.math_block) -> None:
    writer.body += [writer.starttag(node, "div", CLASS="formula"), _convert(node, write_block), "</div>\n"]
    raise nodes.SkipNode


def _convert(node: nodes.Element, write: Callable[[str], str]) -> str:
    try:
        return write(node.astext())
    except ValueError as error:
        LOGGER.warning("%s", error, location=node)
        return f"<code>{html.escape(node.astext())}</code>"


def setup(app: Any) -> dict[str, bool]:
    """Make this a renderer of formulas: `html_math_renderer = "mathml"`."""
    app.add_html_math_renderer("mathml", (_write_inline, None), (_write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
