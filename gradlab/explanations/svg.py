"""The diagram of a composition as SVG: links from top to bottom, the gradient beside them, combinators as frames."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from .boxes import AS_PARAMETERS, NUMBER, OTHER, Box, Branch
from .layout import (
    CHARACTER,
    GAP,
    INDENT,
    LINE,
    PADDING,
    RAIL,
    arrange_branches,
    arrange_fields,
    find_readers,
    find_split,
    label_height,
    list_lines,
    measure,
    measure_box,
    measure_branch,
    measure_field,
)
from .long_numbers import shorten_numbers

STYLE = """
.gl-box { fill: none; stroke: currentColor; stroke-opacity: .45 } .gl-frame { fill: currentColor; fill-opacity: .035 }
.gl-text { fill: currentColor; font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.gl-name { font-weight: bold } .gl-pale { fill-opacity: .65 } .gl-kept { fill: #2f9e6e; stroke: #2f9e6e }
.gl-direction { stroke: #3b82f6; fill: none; stroke-width: 1.6 } .gl-direction-head { fill: #3b82f6 }
.gl-gradient { stroke: #e0812b; fill: none; stroke-width: 1.6; stroke-dasharray: 4 3 }
.gl-gradient-head { fill: #e0812b }
.gl-signal { stroke: #a855f7; fill: none; stroke-width: 1.6; stroke-dasharray: 4 3 } .gl-signal-head { fill: #a855f7 }
"""
GRADIENT, SIGNAL = "gradient", "signal"  # signs of the legend, and classes of the style
ALONE = "svg { color: #1f2328 } @media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }"


def draw_svg(boxes: Sequence[Box], title: str, alone: bool = True) -> str:
    """Return the diagram of some links in order. A file, which stands `alone`, has colors of its own.

    A solid arrow is the direction, from one link to the next. Where a link also reads the gradient of its chain, a
    dashed arrow leads to it, and another one from what makes a signal to the links that read it in place of the
    gradient. Squares, half squares and dots are fields of the state.
    """
    width, height = measure(tuple(boxes))
    legend = list(_draw_legend(boxes))
    body = [
        *_text("gradient", INDENT, LINE, "gl-pale"),
        *_draw_sequence(tuple(boxes), INDENT, LINE + GAP + 4, "update"),
    ]
    total = max(width + 2 * INDENT, 150, max((len(text) for _, text in legend), default=0) * CHARACTER + 48)
    bottom = LINE + GAP + 4 + height + GAP + LINE + 8
    for number, (size, text) in enumerate(legend):
        y = bottom + LINE * (number + 1)
        body += [*_mark(size, INDENT, y), *_text(text, INDENT + 18, y, "gl-pale")]
    bottom += LINE * (len(legend) + 1) if legend else 0
    style = STYLE + (ALONE if alone else "")
    name = html.escape(shorten_numbers(title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{total:.0f}" height="{bottom:.0f}" '
        f'viewBox="0 0 {total:.0f} {bottom:.0f}"><title>{name}</title><style>{style}</style>' + "".join(body) + "</svg>"
    )


def _draw_sequence(
    boxes: tuple[Box, ...], x: float, y: float, end: str = "", source: tuple[float, float] | None = None
) -> Iterator[str]:
    """Yield links one below another, with an arrow into each, and the gradient at their left if one reads it later.

    If they read another signal as their gradient, that comes from the point `source` above them.
    """
    signal = SIGNAL if source else ""
    readers = find_readers(boxes, signal)
    left = x + (RAIL if readers else 0)
    if readers:
        yield from _draw_gradient(boxes, readers, x + 4, y, source)
    if not boxes:
        yield from _arrow("gl-direction", [(x + 12, y - GAP + 4), (x + 12, y - 1)])
        yield from _text("as it is", x, y + 12, "gl-pale")
    for box in boxes:
        height = measure_box(box)[1]
        yield from _arrow("gl-direction", [(left + 12, y - GAP + 4), (left + 12, y - 1)])
        yield from _draw_box(box, left, y)
        y += height + GAP
    if end:
        yield from _arrow("gl-direction", [(left + 12, y - GAP), (left + 12, y)])
        yield from _text(end, left, y + LINE, "gl-pale")


def _draw_gradient(
    boxes: Sequence[Box], readers: Sequence[int], x: float, y: float, source: tuple[float, float] | None
) -> Iterator[str]:
    """Yield the gradient, from where a link makes the direction another signal, to the links that read it later.

    If these read another signal as their gradient, it comes from the point `source`.
    """
    tops = [y]
    for box in boxes:
        tops.append(tops[-1] + measure_box(box)[1] + GAP)
    start = tops[find_split(boxes)] - GAP / 2 - 2
    for number in readers:
        at = tops[number] + LINE
        if source is None:
            yield from _arrow("gl-gradient", [(x + RAIL + 8, start), (x, start), (x, at), (x + RAIL - 5, at)])
        else:
            turn = source[1] + 7
            yield from _arrow("gl-signal", [source, (source[0], turn), (x, turn), (x, at), (x + RAIL - 5, at)])


def _draw_box(box: Box, x: float, y: float) -> Iterator[str]:
    width, height = measure_box(box)
    kind = "gl-box gl-frame" if box.branches else "gl-box"
    yield f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5"/>'
    y += 3
    for text, kind in list_lines(box):
        y += LINE
        yield from _text(text, x + PADDING, y, kind)
    for row in arrange_fields(box.kept):
        y += LINE
        along = x + PADDING
        for field in row:
            yield from _mark(field.size, along, y)
            yield from _text(field.name, along + 16, y)
            along += measure_field(field)
    y += 6
    ends: dict[str, tuple[float, float]] = {}  # the point below the last link of each branch, by its label
    for branches in arrange_branches(box.branches):
        along = x + INDENT
        for branch in branches:
            yield from _draw_branch(branch, along, y, ends.get(branch.signal))
            rail = RAIL if find_readers(branch.boxes, branch.signal) else 0
            ends[branch.label] = along + rail + 12, y + measure_branch(branch)[1] - 8
            along += measure_branch(branch)[0] + INDENT
        y += max(measure_branch(branch)[1] for branch in branches) + 6


def _draw_branch(branch: Branch, x: float, y: float, source: tuple[float, float] | None) -> Iterator[str]:
    y += label_height(branch)
    if branch.label:
        yield from _text(branch.label, x + (RAIL if branch.signal else 0), y, "gl-pale")
    yield from _draw_sequence(branch.boxes, x, y + GAP, source=source)


def _draw_legend(boxes: Sequence[Box]) -> Iterator[tuple[str, str]]:
    """Yield what each sign means that occurs in the diagram."""
    walked = list(_walk(Branch("", tuple(boxes))))
    found = [branch.boxes for branch in walked]
    if any(find_readers(branch.boxes) for branch in walked if not branch.signal):
        yield GRADIENT, "the gradient, which this link also reads"
    for signal in dict.fromkeys(branch.signal for branch in walked if find_readers(branch.boxes, branch.signal)):
        if signal:
            yield SIGNAL, f"what {signal} makes, which this link reads as the gradient"
    for size, text in ((AS_PARAMETERS, "state, as large as the parameters"), (OTHER, "state of another size")):
        if any(field.size == size for sequence in found for box in sequence for field in box.kept):
            yield size, text
    if any(field.size == NUMBER for sequence in found for box in sequence for field in box.kept):
        yield NUMBER, "state, one number"


def _walk(branch: Branch) -> Iterator[Branch]:
    yield branch
    for box in branch.boxes:
        for inner in box.branches:
            yield from _walk(inner)


def _mark(size: str, x: float, y: float) -> Iterator[str]:
    """Yield the sign of a size of state, of the gradient or of a signal, in front of a text at y."""
    square = f'<rect class="gl-kept" x="{x:.1f}" y="{y - 9:.1f}" width="10" height="10" rx="1"'
    if size == AS_PARAMETERS:
        yield square + "/>"
    elif size == OTHER:
        yield square + ' fill-opacity="0"/>'
        yield f'<path class="gl-kept" d="M{x:.1f} {y + 1:.1f}h10v-10z"/>'
    elif size == NUMBER:
        yield f'<circle class="gl-kept" cx="{x + 5:.1f}" cy="{y - 4:.1f}" r="3"/>'
    else:
        yield from _arrow(f"gl-{size}", [(x - 4, y - 4), (x + 13, y - 4)])


def _arrow(kind: str, points: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Yield a line along points, with a head at its end."""
    (x, y), (before_x, _) = points[-1], points[-2]
    path = " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
    yield f'<polyline class="{kind}" points="{path}"/>'
    head = f"M{x:.1f} {y:.1f}l-3.5 -6h7z" if before_x == x else f"M{x:.1f} {y:.1f}l-6 -3.5v7z"
    yield f'<path class="{kind}-head" d="{head}"/>'


def _text(text: str, x: float, y: float, kind: str = "") -> Iterator[str]:
    yield f'<text class="gl-text {kind}" x="{x:.1f}" y="{y:.1f}" xml:space="preserve">{html.escape(text)}</text>'
