"""Say what a figure of a notebook is, for those who do not see it: Sphinx would read out the name of its file."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform


class DescribeFigures(SphinxPostTransform):
    """Give the figures that cells draw an alternative text."""

    default_priority = 10  # after MyST-NB has chosen what to show of each output

    def run(self, **options: Any) -> None:
        title = next(self.document.findall(nodes.title), None)
        outputs = (node for node in self.document.findall(nodes.container) if "cell_output" in node["classes"])
        for image in (image for output in outputs for image in output.findall(nodes.image)):
            image.setdefault("alt", f"{title.astext() if title else 'Output'}: the figure that the code above draws")


def setup(app: Any) -> dict[str, bool]:
    app.add_post_transform(DescribeFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
