"""Write formulas as MathML. Browsers draw it without a script or a network, in the color of the text around it."""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
ESCAPED_BRACE = re.compile(r"\\[{}]")
UNKNOWN_COMMAND = re.compile(r">(\\[A-Za-z]+)<")  # which latex2mathml writes as if it were a name
FUNCTION = re.compile(r"<mo>(?!mod<)([A-Za-z]{2,})</mo>(?P<argument><mo[^>]*>&#x00028;)?")  # such as max, or qr(


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
    return element.replace("<math ", f'<math alttext="{html.escape(latex)}" ', 1)


def _space_function(match: re.Match[str]) -> str:
    """Return the name of a function with TeX's spaces: a thin one before it, and one behind it if no argument follows.

    Browsers space it as they space a plus sign.
    """
    behind = "0" if match["argument"] else "0.17em"
    return f'<mo lspace="0.17em" rspace="{behind}">{match[1]}</mo>{match["argument"] or ""}'


def _write_inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(_convert(node, "inline"))
    raise nodes.SkipNode


def _write_block(writer: Any, node: nodes.math_block) -> None:
    writer.body += [writer.starttag(node, "div", CLASS="formula"), _convert(node, "block"), "</div>\n"]
    raise nodes.SkipNode


def _convert(node: nodes.Element, display: str) -> str:
    try:
        return to_mathml(node.astext(), display)
    except ValueError as error:
        LOGGER.warning("%s", error, location=node)
        return f"<code>{html.escape(node.astext())}</code>"


def setup(app: Any) -> dict[str, bool]:
    """Make this a renderer of formulas: `html_math_renderer = "mathml"`."""
    app.add_html_math_renderer("mathml", (_write_inline, None), (_write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
