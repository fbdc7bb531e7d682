"""The directive `chart`: a chart of what the code of a page computes.

```{chart} schedules
```

When the site is built, a function of `charts_of_pages.py` returns the curves or bars, or a figure of Matplotlib. It
gets the names that the code of the page above the chart defines. That code runs if the function reads a name, but never
its `>>>` examples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

from .bars import Bars, write_bars
from .charts_of_pages import CHARTS
from .drawing import write_chart
from .page_code import Page
from .pictures import Picture, write_picture


def draw_chart(name: str, text: str) -> str:
    """Return a chart as HTML, from the text of its page."""
    chart = CHARTS[name](Page(text, name))
    if isinstance(chart, Picture):
        return write_picture(chart)
    return write_bars(chart) if isinstance(chart, Bars) else write_chart(chart, name)


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
