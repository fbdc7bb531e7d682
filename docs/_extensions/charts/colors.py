"""The colors of charts, and their legend."""

from __future__ import annotations

import html
from collections.abc import Sequence

# Which can be seen on light and on dark pages.
COLORS = ("#3b82f6", "#e0702b", "#2f9e6e", "#a855f7", "#d64a82", "#a3870b", "#0f98ad", "#8b8b95", "#9a6348")


def draw_legend(labels: Sequence[str]) -> str:
    """Return a list of labels behind their colors as HTML. There are nine colors."""
    rows = (
        f'<li><span class="swatch" style="background:{color}"></span> <code>{html.escape(label)}</code></li>'
        for color, label in zip(COLORS, labels, strict=False)
    )
    return f'<ul class="legend">{"".join(rows)}</ul>'
