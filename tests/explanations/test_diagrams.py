"""Diagrams: every box lies within its frame, nothing overlaps, and both forms have all links and arrows."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest

import gradlab as gl
from gradlab import registry
from gradlab.explanations.boxes import read_boxes
from gradlab.explanations.mermaid import write_mermaid
from gradlab.explanations.svg import draw_svg

SVG = "{http://www.w3.org/2000/svg}"
TRANSFORMATIONS = registry.of_kind("recipe", "link", "combinator")
Rectangle = tuple[float, float, float, float]


def _rectangles(tree: ET.Element) -> list[Rectangle]:
    found = [item for item in tree.iter(f"{SVG}rect") if "gl-box" in item.attrib["class"]]
    corners = [tuple(float(item.attrib[key]) for key in ("x", "y", "width", "height")) for item in found]
    return [(x, y, x + width, y + height) for x, y, width, height in corners]


def _holds(outer: Rectangle, inner: Rectangle) -> bool:
    return outer[0] < inner[0] and outer[1] < inner[1] and inner[2] < outer[2] and inner[3] < outer[3]


def _are_apart(one: Rectangle, other: Rectangle) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_boxes_are_apart_or_one_within_another(name: str) -> None:
    tree = ET.fromstring(draw_svg(read_boxes(registry.entries()[name].example), name))
    page = (0.0, 0.0, float(tree.attrib["width"]), float(tree.attrib["height"]))
    boxes = _rectangles(tree)
    assert all(_holds(page, box) for box in boxes)
    for one, other in itertools.combinations(boxes, 2):
        assert _are_apart(one, other) or _holds(one, other) or _holds(other, one)


@pytest.mark.parametrize("name", ["adam", "soap", "mars", "schedule_free_adamw"])
def test_text_ends_within_its_box(name: str) -> None:
    tree = ET.fromstring(draw_svg(read_boxes(registry.entries()[name].example), name))
    boxes = _rectangles(tree)
    for text in tree.iter(f"{SVG}text"):
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        around = [box for box in boxes if box[0] < x < box[2] and box[1] < y < box[3]]
        innermost = min(around, key=lambda box: box[2] - box[0], default=None)
        if innermost is not None:
            assert x + 7.3 * len(text.text or "") <= innermost[2]


def test_a_diagram_has_the_signals_and_a_legend_of_what_it_shows() -> None:
    adam = draw_svg(read_boxes(gl.adam(1e-3)), "adam")
    assert adam.count('class="gl-gradient"') == 2  # to the second moment, and in the legend
    assert "the gradient, which this link also reads" in adam
    assert "state of another size" not in adam
    descent = draw_svg(read_boxes(gl.scale_by_learning_rate(0.1)), "descent")
    assert 'class="gl-gradient"' not in descent
    assert "state" not in descent


@pytest.mark.parametrize(("name", "readers"), [("adabelief", 1), ("adan", 2)])
def test_a_line_leads_from_what_makes_a_signal_down_to_the_links_that_read_it(name: str, readers: int) -> None:
    boxes = read_boxes(registry.entries()[name].example)
    drawing = draw_svg(boxes, name)
    assert drawing.count('class="gl-signal"') == readers + 1  # and in the legend
    assert "what signal makes, which this link reads as the gradient" in drawing
    assert drawing.count('class="gl-gradient"') == (2 if name == "adabelief" else 0)
    tree = ET.fromstring(drawing)
    frames = _rectangles(tree)
    for line in tree.iter(f"{SVG}polyline"):
        if line.attrib["class"] == "gl-signal" and line.attrib["points"].count(" ") > 1:
            points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
            assert any(x <= points[0][0] <= right and bottom == points[0][1] for x, _, right, bottom in frames)
            assert any(0 <= x - points[-1][0] < 8 and top < points[-1][1] < bottom for x, top, _, bottom in frames)
            assert all(one[1] <= other[1] for one, other in itertools.pairwise(points))
    nodes = write_mermaid(boxes)
    assert len(re.findall(r"n\d+ -. signal .-> n\d+", nodes)) == readers
    made = re.findall(r'n\d+(?= \["(?:add|scale_by_rms))', nodes.partition('["tx"]')[2])
    assert set(re.findall(r"-. signal .-> (n\d+)", nodes)) <= set(made)


def test_an_empty_chain_has_an_arrow() -> None:
    with_nothing = draw_svg(read_boxes(gl.add(gl.chain(), gl.scale(2.0))), "sum")
    assert with_nothing.count('class="gl-direction"') == 4  # into the sum and both terms, and out of it


def test_names_are_escaped_and_have_no_long_numbers() -> None:
    assert "<title>a &lt; b</title>" in draw_svg(read_boxes(gl.scale(2.0)), "a < b")
    assert "<title>scale(0.909091)</title>" in draw_svg(read_boxes(gl.scale(2.0)), "scale(0.9090909090909091)")


def test_a_diagram_within_a_page_has_the_colours_of_the_page() -> None:
    boxes = read_boxes(gl.scale(2.0))
    assert "prefers-color-scheme" in draw_svg(boxes, "scale")
    assert "prefers-color-scheme" not in draw_svg(boxes, "scale", alone=False)


def test_mermaid_has_the_same_links_and_arrows() -> None:
    chart = write_mermaid(read_boxes(gl.adam(1e-3)))
    assert chart.splitlines()[:2] == ["flowchart TD", "    start([gradient])"]
    assert 'n0["scale_by_momentum<br>decay=0.9<br>keeps moment"]' in chart
    assert "start -. gradient .-> n2" in chart
    assert "n3 --> finish" in chart


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_mermaid_names_each_node_once_and_quotes_what_it_must(name: str) -> None:
    chart = write_mermaid(read_boxes(registry.entries()[name].example))
    nodes = re.findall(r"^ *(?:subgraph )?(n\d+) ?(?:\[|\()", chart, re.MULTILINE)
    assert len(nodes) == len(set(nodes))
    assert all(node in {*nodes, "start", "finish"} for node in re.findall(r"--> (\w+)", chart))
    assert chart.count("subgraph") == len(re.findall(r"^ *end$", chart, re.MULTILINE))
    assert all(line.count('"') in (0, 2) for line in chart.splitlines())
