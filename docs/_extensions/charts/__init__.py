"""The directive `chart`: a chart of what the code of a page computes.

```{chart} schedules
```

When the site is built, the code blocks of the page above the chart are run, but not their `>>>` examples. A function of
`charts_of_pages.py` gets the names that they define, and returns the curves.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

from .charts_of_pages import CHARTS
from .drawing import write_chart

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def draw_chart(name: str, page: str) -> str:
    """Return a chart as HTML, from the text of its page."""
    above, _, _ = page.partition(f"```{{chart}} {name}\n")
    names: dict[str, Any] = {"__name__": name}
    for block in BLOCK.findall(above):
        if not block.startswith(">>>"):
            exec(block, names)
    return write_chart(CHARTS[name](names), name)


class ChartDirective(Directive):
    """Show the chart that an argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the chart as HTML. Raises an error of the page for a name that no chart has."""
        (name,) = self.arguments
        if name not in CHARTS:
            raise self.error(f"there is no chart {name!r}; there are {', '.join(CHARTS)}")
        environment = self.state.document.settings.env
        environment.note_dependency(__file__)
        page = Path(environment.doc2path(environment.docname)).read_text("utf-8")
        return [nodes.raw("", draw_chart(name, page), format="html")]


def setup(app: Any) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("chart", ChartDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
