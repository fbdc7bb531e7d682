"""The diagram of a composition as Mermaid, which GitHub and many wikis draw."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterator, Sequence

from .boxes import Box
from .layout import find_readers, find_split, list_lines


def write_mermaid(boxes: Sequence[Box]) -> str:
    """Return the flowchart of some links in order. A solid arrow is the direction, a dotted one the gradient."""
    numbers = itertools.count()
    return "\n".join(
        [
            "flowchart TD",
            "    start([gradient])",
            *_write(boxes, "start", "finish", numbers, "    "),
            "    finish([update])",
        ]
    )


def _write(boxes: Sequence[Box], before: str, after: str, numbers: Iterator[int], indent: str) -> Iterator[str]:
    """Yield the nodes of links in order and the arrows between them, from the node `before` to the node `after`."""
    names = [f"n{next(numbers)}" for _ in boxes]
    for name, box in zip(names, boxes, strict=True):
        if not box.branches:
            yield f'{indent}{name}["{_head(box)}"]'
            continue
        yield f'{indent}subgraph {name} ["{_head(box)}"]'
        for branch in box.branches:
            start = f"n{next(numbers)}"
            yield f'{indent}    {start}(["{_quote(branch.label)}"])'
            yield from _write(branch.boxes, start, "", numbers, indent + "    ")
        yield f"{indent}end"
    nodes = [before, *names, *([after] if after else [])]
    yield from (f"{indent}{one} --> {other}" for one, other in itertools.pairwise(nodes))
    source = nodes[min(find_split(boxes), len(boxes))]
    yield from (f"{indent}{source} -. gradient .-> {names[number]}" for number in find_readers(boxes))


def _head(box: Box) -> str:
    lines = [_quote(text) for text, _ in list_lines(box)]
    return "<br>".join([*lines, *(f"keeps {_quote(', '.join(field.name for field in box.kept))}",) * bool(box.kept)])


def _quote(text: str) -> str:
    return html.escape(text).replace("&#x27;", "'").replace("&quot;", "#quot;")
