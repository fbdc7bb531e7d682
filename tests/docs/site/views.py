"""The ten views of the site whose pictures are stored: a page, the part of it that is seen, and the window."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A page of the site in a window. The first element that `selector` finds is at the top of the window."""

    name: str
    page: str
    selector: str = "body"
    phone: bool = False
    dark: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of the window, in pixels of the page."""
        return (400, 800) if self.phone else (1280, 880)


VIEWS = (
    View("start", "index.html"),
    View("optimizer", "recipes/adam.html", ".diagram", dark=True),
    View("gallery", "recipes/index.html"),
    View("story", "stories/ravine.html", ".story", phone=True),
    View("how-to", "how-to/low-precision.html", "table", phone=True),
    View("claims", "claims.html", "table", dark=True),
    View("notebook", "notebooks/09_precision_and_memory.html", ".cell_output img"),
    View("api", "api/modules/gradlab.optimizers.adam.html", phone=True, dark=True),
    View("choice", "how-to/choose-an-optimizer.html", "table"),
    View("tutorial", "tutorials/your-own-link.html", ".formula, math", phone=True, dark=True),
)
