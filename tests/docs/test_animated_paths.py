"""The animated picture of the start page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from docs._extensions.animated_paths import CONTESTANTS, MOVING, draw_animation
from tests.browser import Browser

PICTURE = Path(__file__).parents[2] / "docs" / "_static" / "ravine.svg"
SVG = "{http://www.w3.org/2000/svg}"


def test_points_are_at_the_same_update_at_the_same_time() -> None:
    whole, short = np.arange(11) * 10, np.arange(6) * 10  # of which the second one diverged after six updates
    lines = {
        name: {"rate": 0.5, "points": np.stack([path, path], 1).ravel().tolist()}
        for name, path in {"one": whole, "other": short}.items()
    }
    data = {"height": 500, "contours": ["M0 0l10 10"], "optimum": [5, 5], "steps": 11, "lines": lines}
    tree = ET.fromstring(draw_animation(data, {"one": "#111111", "other": "#222222"}, "two"))
    moves = [item for item in tree.iter(f"{SVG}animate") if item.attrib["attributeName"] == "cx"]
    times = [[float(time) for time in item.attrib["keyTimes"].split(";")] for item in moves]
    np.testing.assert_allclose(times[0], [*np.arange(11) / 10 * MOVING, 1])
    assert times[1] == [*times[0][:6], 1]
    assert moves[1].attrib["values"] == "0;10;20;30;40;50;50"


def test_whoever_asks_for_less_motion_sees_whole_paths(chromium: Browser) -> None:
    groups = "return [...document.querySelectorAll('.still, .moving')]"
    shown = f"{groups}.map(group => [group.classList[0], getComputedStyle(group).display])"
    for calm, kind in ((True, "still"), (False, "moving")):
        chromium.open(PICTURE, calm=calm)
        found = chromium.run(shown)
        assert len(found) == 2 * len(CONTESTANTS)
        assert {name for name, display in found if display != "none"} == {kind}


def test_the_picture_shows_the_contestants_and_is_small() -> None:
    assert PICTURE.stat().st_size < 300 * 1024
    text = [item.text or "" for item in ET.fromstring(PICTURE.read_text("utf-8")).iter(f"{SVG}text")]
    assert [label.split(",")[0] for label in text] == list(CONTESTANTS)
