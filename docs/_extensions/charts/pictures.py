"""A figure of Matplotlib as an element of a page: an SVG with the letters drawn, in the page itself."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.lab.plots.matplotlib_settings import PAPER, use_own_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIXELS = 115  # of a page in an inch of a figure, whose letters are smaller than those of a page
LETTERS: Any = {"svg.fonttype": "path"}  # an image within a page has no fonts of the page


@dataclass(frozen=True)
class Picture:
    """A figure as gradlab draws it for papers, and what it shows in words, for those who do not see it."""

    figure: Figure
    title: str
    is_color_map: bool = False  # its colors mean the same on dark pages


def write_picture(picture: Picture) -> str:
    """Return a figure as HTML."""
    width = PIXELS * picture.figure.get_figwidth()
    kind = "paper color-map" if picture.is_color_map else "paper"
    return (
        f'<figure class="{kind}" style="--width: {width:.0f}px"><img alt="{html.escape(picture.title)}" '
        f'src="{_encode(picture.figure)}"></figure>'
    )


def _encode(figure: Figure) -> str:
    """Return a figure as the address of an image that holds it."""
    stream = io.BytesIO()
    with use_own_settings({**PAPER, **LETTERS}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None}, bbox_inches="tight")
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode()
