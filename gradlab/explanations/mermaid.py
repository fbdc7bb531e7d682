"""The diagram of a composition as Mermaid, which GitHub and many wikis draw."""

from __future__ import annotations

import html
import itertools
from collections.abc import Generator, Iterator, Sequence

from .boxes import Box
from .layout import find_readers, find_split, list_lines


def write_mermaid(boxes: Sequence[Box]) -> str:
    """Return the flowchart of some links in order. A solid arrow is the direction, a dotted one what else they read."""
    numbers = itertools.count()
    return "\n".join(
        [
            "flowchart TD",
            "    start([gradient])",
            *_write(boxes, "start", "finish", numbers, "    "),
            "    finish([update])",
        ]
    )


def _write(
    boxes: Sequence[Box], before: str, after: str, numbers: Iterator[int], indent: str, source: str = ""
) -> Generator[str, None, str]:
    """Yield the nodes of links in order and the arrows between them, from the node `before` to the node `after`.

    The links read what the node `source` makes as their gradient, if there is one. Return the last node.
    """
    names = [f"n{next(numbers)}" for _ in boxes]
    for name, box in zip(names, boxes, strict=True):
        if not box.branches:
            yield f'{indent}{name}["{_head(box)}"]'
            continue
        yield f'{indent}subgraph {name} ["{_head(box)}"]'
        ends: dict[str, str] = {}  # the last node of each branch, by its label
        for branch in box.branches:
            start = f"n{next(numbers)}"
            label = branch.label or "direction"  # of a recipe, which has no names of branches
            yield f'{indent}    {start}(["{_quote(label)}"])'
            signal = ends.get(branch.signal, "")
            ends[branch.label] = yield from _write(branch.boxes, start, "", numbers, indent + "    ", signal)
        yield f"{indent}end"
    nodes = [before, *names, *([after] if after else [])]
    yield from (f"{indent}{one} --> {other}" for one, other in itertools.pairwise(nodes))
    name = "signal" if source else "gradient"
    origin = source or nodes[min(find_split(boxes), len(boxes))]
    yield from (f"{indent}{origin} -. {name} .-> {names[number]}" for number in find_readers(boxes, source))
    return names[-1] if names else before


def _head(box: Box) -> str:
    lines = [_quote(text) for text, _ in list_lines(box)]
    return "<br>".join([*lines, *(f"keeps {_quote(', '.join(field.name for field in box.kept))}",) * bool(box.kept)])


def _quote(text: str) -> str:
    return html.escape(text).replace("&#x27;", "'").replace("&quot;", "#quot;")
