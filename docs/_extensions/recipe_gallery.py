"""The gallery: all recipes side by side, each with its path on the ravine, and a form that filters them.

The cards are plain HTML. `docs/_static/gallery.js` shows the form and hides the cards that do not fit; without scripts
there is a plain list of all recipes.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from recipe_behavior.backgrounds import LAYER
from recipe_facts import read_state
from recipe_pictures.path_panels import draw_empty_panel, draw_panel
from recipe_pictures.sections import STATIC
from recipe_pictures.stored_paths import read

from gradlab.explanations.citations import find_citations
from gradlab.explanations.sources import find_sources
from gradlab.registry import Entry

LANDSCAPE = "ravine"
NO_PATH = "no path of its own"  # a wrapper has that of the optimizer in it
# What a card is filtered by -> the largest size of its state, in arrays of the size of the parameters.
STATES = {"none": 0.0, "less than one array": 0.95, "one array": 1.05, "up to two arrays": 2.05}
MORE = "more than two arrays"
YEARS = {
    "before 2015": (0, 2014),
    "2015 to 2018": (2015, 2018),
    "2019 to 2022": (2019, 2022),
    "since 2023": (2023, 9999),
}


class Card(NamedTuple):
    """The facts about a recipe that the gallery shows, and by which it filters."""

    name: str
    summary: str
    group: str
    year: int  # of the first publication that its docstring cites
    state: str  # one of `STATES`, or `MORE`
    size: float  # of the state, in bytes for each parameter
    words: str  # in lower case, what a text is looked for in: also the links and the arrays of its state


def describe(name: str, entry: Entry, tx: Any, group: str) -> Card:
    """Return the card of a recipe. Raises ValueError if its docstring cites no publication with a year."""
    source = find_sources(tx).get(name, "")
    cited = find_citations(source)
    if not cited:
        raise ValueError(f"the docstring of {name} needs a source with a year, such as 'Zeiler (2012)'; got {source!r}")
    rows, size = read_state(tx)
    links = " ".join(f"{link} {field}" for link, field, *_ in rows).replace("`", "")
    return Card(
        name,
        entry.summary,
        group,
        int(cited[0][-5:-1]),
        next((state for state, most in STATES.items() if size / 4 <= most), MORE),
        size,
        " ".join([name, entry.summary, group, *cited, links]).lower(),
    )


def write_gallery(groups: Mapping[str, tuple[str, Mapping[str, Entry]]], txs: Mapping[str, Any]) -> str:
    """Return the page of the gallery: a form, and the cards of each group."""
    cards = [
        describe(name, entry, txs[name], group) for group, (_, own) in groups.items() for name, entry in own.items()
    ]
    lines = [
        "# The recipes",
        "",
        "Every named optimizer of gradlab has a page here, and so has each published method that wraps another",
        "optimizer. The optimizers are chains of links, without update code of their own. The pictures are their paths",
        "on the ravine, at the best learning rate; where a path leaves the area of the contours, that area is drawn",
        "small, in a frame. The ravine has no matrices: methods for these show there what they do with vectors. Bytes",
        "are the size of the state for each parameter, in float32, for a layer with a",
        f"{' by '.join(map(str, LAYER['kernel']))} kernel and a bias; those of a wrapper include the state of the",
        "optimizer in its example. The parameters themselves take 4.",
        "",
        "```{toctree}",
        ":hidden:",
        "",
        *sorted(txs),
        "```",
        "",
        *_raw(_write_form(list(groups))),
    ]
    for group, (idea, recipes) in groups.items():
        has_paths = not read()["paths"].keys().isdisjoint(recipes)
        own = [write_card(card, has_paths) for card in cards if card.group == group]
        lines += [f"## {group}", "", idea, "", *_raw(['<ul class="gallery">', *own, "</ul>"])]
    return "\n".join([*lines, *_raw(['<script src="../_static/gallery.js"></script>'])])


def write_card(card: Card, has_room: bool) -> str:
    """Return a card as an item of a list. `has_room` keeps the room of a picture for a recipe that has none."""
    data = {"group": card.group, "state": card.state, "year": card.year, "words": card.words}
    attributes = " ".join(f'data-{name}="{html.escape(str(value))}"' for name, value in data.items())
    stored = read()
    line = stored["paths"].get(card.name, {}).get(LANDSCAPE)
    label = f"The path of {card.name} on the {LANDSCAPE}"
    empty = draw_empty_panel(stored["pictures"][LANDSCAPE], NO_PATH, NO_PATH) if has_room else ""
    picture = draw_panel(stored["pictures"][LANDSCAPE], line, LANDSCAPE, STATIC, label) if line else empty
    name = card.name.replace("_", "_<wbr>")  # where a name that is wider than its card breaks
    return (
        f'<li {attributes}><a href="{card.name}.html">{picture}<code>{name}</code></a> '
        f"<span>{_write_summary(card.summary)}.</span> <small>{card.year}, {card.size:.3g} bytes</small></li>"
    )


def _write_summary(summary: str) -> str:
    """Return the sentence of a docstring as HTML, with its formulas in MathML and its code as code."""
    from formulas import to_mathml

    parts = html.escape(summary, quote=False).split("$")
    parts[1::2] = map(to_mathml, summary.split("$")[1::2])
    pieces = "".join(parts).split("`")
    pieces[1::2] = [f"<code>{piece}</code>" for piece in pieces[1::2]]
    return "".join(pieces)


def _write_form(groups: Sequence[str]) -> Iterator[str]:
    """Yield the form, which is hidden until the script shows it."""
    yield '<form class="filters" hidden>'
    yield '<label><span>Text</span><input type="search" name="words" placeholder="momentum, Kingma"></label>'
    yield _write_choice("group", "Family", "all families", {group: group for group in groups})
    yield _write_choice("state", "State beside the parameters", "any", {state: state for state in (*STATES, MORE)})
    yield _write_choice(
        "year", "Published", "any year", {f"{first}-{last}": name for name, (first, last) in YEARS.items()}
    )
    yield '<output aria-live="polite"></output></form>'


def _write_choice(name: str, label: str, every: str, values: Mapping[str, str]) -> str:
    options = [("", every), *values.items()]
    written = "".join(f'<option value="{html.escape(value)}">{html.escape(text)}</option>' for value, text in options)
    return f'<label><span>{label}</span><select name="{name}">{written}</select></label>'


def _raw(lines: Sequence[str] | Iterator[str]) -> list[str]:
    return ["```{raw} html", *lines, "```", ""]
