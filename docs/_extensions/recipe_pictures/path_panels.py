"""The path of a recipe on a landscape as an element of a page, over the contours that all pages share."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

WIDTH = 1000
MARGIN = 30  # units around a path that leaves the frame, so that its dots are not cut


def draw_panel(picture: dict[str, Any], line: dict[str, Any], landscape: str, static: str, label: str) -> str:
    """Return the path over the contours as SVG. `static` is the way from the page to the folder of the contours.

    If the path leaves the frame of the contours, all of it is shown, in a smaller frame.
    """
    points, size = _read(line), np.array([WIDTH, picture["height"]])
    corner, scale = _see(points, size)
    (left, top), (width, height) = -corner * scale, size * scale
    area = f'x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}"'
    inside = [f'<image href="{static}{landscape}.svg" {area}/>']
    if picture["optimum"]:
        x, y = (np.array(picture["optimum"]) - corner) * scale
        inside.append(f'<path class="optimum" d="M{x - 16:.1f} {y:.1f}h32M{x:.1f} {y - 16:.1f}v32"/>')
    places = np.round((points - corner) * scale).astype(int).tolist()
    shown = " ".join(f"{x},{y}" for x, y in places)
    inside.append(f'<polyline class="path" points="{shown}"/>')
    for end, (x, y) in (("start", places[0]), ("end", places[-1])):
        inside.append(f'<circle class="{end}" cx="{x}" cy="{y}" r="14"/>')
    return _surround(picture["height"], label, [*inside, f'<rect class="frame" {area}/>'])


def draw_empty_panel(picture: dict[str, Any], label: str, words: str) -> str:
    """Return a frame as large as that of a path, with words in it."""
    height = picture["height"]
    text = f'<text x="{WIDTH // 2}" y="{height // 2 + 25}">{html.escape(words)}</text>'
    return _surround(height, label, [text, f'<rect class="frame" width="{WIDTH}" height="{height}"/>'])


def leaves(picture: dict[str, Any], line: dict[str, Any]) -> bool:
    """Say whether a path leaves the frame of the contours."""
    _, scale = _see(_read(line), np.array([WIDTH, picture["height"]]))
    return scale < 1


def _read(line: dict[str, Any]) -> np.ndarray:
    return np.array([point.split(",") for point in line["points"].split(" ")], float)


def _see(points: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the upper left corner of what is shown, and the scale at which that is as large as the frame."""
    low, high = np.minimum(points.min(0), 0), np.maximum(points.max(0), size)
    low, high = low - MARGIN * (low < 0), high + MARGIN * (high > size)
    scale = float((size / (high - low)).min())
    return (low + high - size / scale) / 2, scale


def _surround(height: int, label: str, inside: list[str]) -> str:
    return (
        f'<svg class="landscape" role="img" viewBox="0 0 {WIDTH} {height}"><title>{html.escape(label)}</title>'
        f"{''.join(inside)}</svg>"
    )
