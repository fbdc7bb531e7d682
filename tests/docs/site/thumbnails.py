"""Thumbnails of views of the site, and how far two of them are apart.

`python -m tests.docs.site.thumbnails docs/_build/html` renews the stored ones.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image

from tests.browser import Browser, browser

from .views import VIEWS, View

STORED = Path(__file__).parent / "stored"
SCALE = 8  # pixels of the page in one of a thumbnail, each way
CELL = 5  # pixels of a thumbnail in a cell, each way: the cells are compared, in which single letters do not matter
GRAYS = 32  # levels in a stored thumbnail
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"

# Text is set in fonts that come with matplotlib, so that the fonts of a machine do not matter.
SET_FONTS = """
    const add = document.createElement('style');
    add.id = 'fonts-of-tests';
    add.textContent = arguments[0];
    document.head.append(add);
"""
SCROLL = """(async () => {
    await document.fonts.ready;
    for (const image of document.images) { image.loading = 'eager'; await image.decode().catch(() => null); }
    const found = document.querySelector(SELECTOR);
    if (!found) return false;
    found.scrollIntoView({block: 'start', behavior: 'instant'});
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    return true;
})()"""


def show(window: Browser, site: Path, view: View) -> None:
    """Open a view. Raises LookupError for a page or an element that the site does not have."""
    page = site / view.page
    if not page.exists():
        raise LookupError(f"{site} has no page {view.page}; choose another one for {view.name!r} in views.py")
    width, height = view.size
    window.open(page, width, height, view.dark, calm=True)
    window.run(SET_FONTS, _style())
    expression = SCROLL.replace("SELECTOR", repr(view.selector))
    answer = window.devtools("Runtime.evaluate", {"expression": expression, "awaitPromise": True})
    if answer["result"].get("value") is not True:
        raise LookupError(f"{view.page} has no element {view.selector!r}; choose another one in views.py")


def take(window: Browser) -> np.ndarray:
    """Return what the window shows as a thumbnail [height, width], from 0 (black) to 255 (white)."""
    shot = window.devtools("Page.captureScreenshot", {"captureBeyondViewport": False})
    gray = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("L")
    return np.asarray(gray.reduce(SCALE), float)


def measure_gap(first: np.ndarray, second: np.ndarray) -> float:
    """Return how different two thumbnails look: the mean gap of the tenth of the cells that differ most.

    A cell of one is compared with the same cell of the other and the eight around that, because a line that breaks
    elsewhere moves what is below it. The gap of a cell is by how much it is darker or lighter than all nine. Gaps are
    in levels of gray, from 0 to 255, and infinite between thumbnails of different sizes.
    """
    if first.shape != second.shape:
        return float("inf")
    ours, theirs = _cells(first), _cells(second)
    gaps = np.sort(np.maximum(_outside(ours, theirs), _outside(theirs, ours)), axis=None)
    return float(gaps[-max(1, gaps.size // 10) :].mean())


def _cells(thumbnail: np.ndarray) -> np.ndarray:
    height, width = (size // CELL for size in thumbnail.shape)
    return thumbnail[: height * CELL, : width * CELL].reshape(height, CELL, width, CELL).mean((1, 3))


def _outside(cells: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return by how much each cell is outside the range of the other's nine cells around the same place."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(others, 1, mode="edge"), (3, 3))
    return np.maximum(cells - around.max((2, 3)), around.min((2, 3)) - cells).clip(0)


def read(view: View) -> np.ndarray:
    """Return the stored thumbnail of a view. Raises FileNotFoundError if there is none."""
    return np.asarray(Image.open(STORED / f"{view.name}.png").convert("L"), float)


def store(view: View, thumbnail: np.ndarray) -> None:
    rounded = np.round(thumbnail / 255 * (GRAYS - 1)) * 255 / (GRAYS - 1)
    Image.fromarray(rounded.round().astype(np.uint8)).save(STORED / f"{view.name}.png", optimize=True)


def _style() -> str:
    faces = []
    for name, file in {"sans": "DejaVuSans", "mono": "DejaVuSansMono"}.items():
        data = base64.b64encode((FONTS / f"{file}.ttf").read_bytes()).decode()
        faces.append(f'@font-face {{ font-family: "tests {name}"; src: url(data:font/ttf;base64,{data}); }}')
    stacks = '--font-stack: "tests sans" !important; --font-stack--monospace: "tests mono" !important;'
    return "\n".join([*faces, f"body {{ {stacks} }}"])


def renew(site: Path) -> None:
    """Store the thumbnails of all views of a built site, and remove all others."""
    names: Any = {f"{view.name}.png" for view in VIEWS}
    for old in STORED.glob("*.png"):
        if old.name not in names:
            old.unlink()
    with browser() as window:
        for view in VIEWS:
            show(window, site, view)
            store(view, take(window))
            print(f"{view.name}: {(STORED / f'{view.name}.png').stat().st_size / 1024:.1f} KiB")


if __name__ == "__main__":
    renew(Path(sys.argv[1]))
