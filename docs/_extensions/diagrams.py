"""The directive `diagram`: the diagram of a composition, drawn from the value of an expression.

```{diagram} gl.adam(1e-3)
```
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

import gradlab as gl


class Diagram(Directive):
    """Draw the transformation that an expression of Python makes, with the colors of the page."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the diagram as HTML. Raises an error of the page for what is no transformation."""
        expression = " ".join(self.arguments[0].split())
        try:
            svg = gl.explain(eval(expression, {**vars(gl.schedules), **_names()})).svg_of_page
        except (NameError, SyntaxError, TypeError, ValueError) as error:
            raise self.error(f"{expression} has no diagram: {error}") from error
        return [nodes.raw("", surround(svg), format="html")]


def surround(svg: str) -> str:
    """Return a diagram in an element that knows its width, so that the style sheet may make it a little smaller."""
    (width,) = re.findall(r'^<svg [^>]*?\bwidth="(\d+)"', svg)
    return f'<div class="diagram" style="--width: {width}px">{svg}</div>'


def _names() -> dict[str, Any]:
    return {"gl": gl, **{name: getattr(gl, name) for name in dir(gl)}}


def setup(app: Any) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("diagram", Diagram)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
