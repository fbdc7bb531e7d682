"""The directive `flow`: stations that data passes from top to bottom, with the files at each.

```{flow}
name, problem
_inputs | find it, validate it | <- problems
_engine | compile, run | -> parts/ | TaskResult
_results | label the arrays
& _storage | keep the parts
```

A line without bars is what comes in. Other lines are a station, what it does, which files or rooms it reads (<-),
writes (->) or both (<->), and what it hands on to the next one. The last two may be missing. A station that begins with
"&" stands beside the one before it, and gets the same.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

SIGNS = {"<->": "↔", "<-": "←", "->": "→"}
NAME = re.compile(r"[\w./*]+")
LAST = 4  # parts of a line


def draw_flow(lines: Iterable[str]) -> str:
    """Return the stations as HTML. Raises ValueError for a line of more than four parts."""
    items = []
    hands_on = ""
    for line in filter(None, map(str.strip, lines)):
        name, *parts = (part.strip() for part in line.split("|"))
        if len(parts) >= LAST:
            raise ValueError(
                f"a line of a flow has at most {LAST} parts between its bars; got {len(parts) + 1}: {line!r}"
            )
        if not parts:
            hands_on = name
            continue
        does, beside, next_one = [*parts, "", ""][:3]
        arrow = "" if name.startswith("&") else f'<span class="arrow">↓ {html.escape(hands_on)}</span>'
        name = name.removeprefix("& ")
        files = f'<span class="files">{_mark(beside)}</span>' if beside else ""
        items.append(
            f'<li>{arrow}<span class="station"><strong>{_mark(name)}</strong> <span>{html.escape(does)}</span></span>'
            f"{files}</li>"
        )
        hands_on = next_one
    return f'<ol class="flow">{"".join(items)}</ol>'


def _mark(text: str) -> str:
    """Return what stands in a station or beside it, with its names as code and its arrow as one sign."""
    sign, _, names = text.partition(" ") if text.split(" ")[0] in SIGNS else ("", "", text)
    return SIGNS.get(sign, "") + " " * bool(sign) + NAME.sub(lambda name: f"<code>{html.escape(name[0])}</code>", names)


class Flow(Directive):
    """Draw the stations that the lines name."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the flow as HTML. Raises an error of the page for a line with too many parts."""
        try:
            return [nodes.raw("", draw_flow(self.content), format="html")]
        except ValueError as error:
            raise self.error(str(error)) from error


def setup(app: Any) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("flow", Flow)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
