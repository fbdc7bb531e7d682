"""The pictures of the recipes' pages: paths on three landscapes, and how the score depends on the learning rate."""

from __future__ import annotations

from collections.abc import Iterable


def set_side_by_side(figures: Iterable[str]) -> list[str]:
    """Return figures as Markdown that shows them side by side where there is room."""
    return ["```{raw} html", '<div class="pictures">', *figures, "</div>", "```", ""]
