"""A figure of Matplotlib as an element of a page: an SVG with the letters drawn, in the page itself."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.lab.plots.matplotlib_settings import INK, PAPER, use_own_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIXELS = 115  # of a page in an inch of a figure, whose letters are smaller than those of a page
LETTERS: Any = {"svg.fonttype": "path"}  # an image within a page has no fonts of the page
INK_ON_DARK = "#bfbfbf"


@dataclass(frozen=True)
class Picture:
    """A figure as gradlab draws it for papers, and what it shows in words, for those who do not see it."""

    figure: Figure
    title: str
    is_color_map: bool = False  # its colors mean the same on dark pages


def write_picture(picture: Picture) -> str:
    """Return a figure as HTML. A color map is there twice, and Furo shows the one whose letters fit the page."""
    width, image = PIXELS * picture.figure.get_figwidth(), _draw(picture.figure)
    kind, tags = "paper", _tag(picture.title, image)
    if picture.is_color_map:
        dark = image.replace(INK, INK_ON_DARK)
        kind = "paper color-map"
        tags = _tag(picture.title, image, 'class="only-light" ') + _tag(picture.title, dark, 'class="only-dark" ')
    return f'<figure class="{kind}" style="--width: {width:.0f}px">{tags}</figure>'


def _draw(figure: Figure) -> str:
    """Return a figure as SVG."""
    stream = io.StringIO()
    with use_own_settings({**PAPER, **LETTERS}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None}, bbox_inches="tight")
    return stream.getvalue()


def _tag(title: str, image: str, attribute: str = "") -> str:
    """Return an SVG as an element of HTML."""
    data = base64.b64encode(image.encode()).decode()
    return f'<img {attribute}alt="{html.escape(title)}" src="data:image/svg+xml;base64,{data}">'
