"""The directive `story`: one of the five stories, with sliders that move its paths.

```{story} ravine
```

`story-gallery` shows the first picture of each, with a link to its page.

The pictures are drawn by gradlab when the site is built. The script in `docs/_static/stories` computes the paths anew
when a slider moves; without scripts the pictures stay and there are no sliders.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

from .five_stories import STORIES, Map, Slider, Story
from .panels import crop, draw_panel
from .traces import measure, trace

SCRIPTS = ("methods.js", "slopes.js", "story.js")


def write_story(story: Story, static: str) -> str:
    """Return a story as HTML. `static` is the path from the page to the folder of the scripts."""
    settings = story.settings
    paths = trace(story, settings)
    legend = []
    for method in story.methods:
        loss = measure(story, "loss", paths[method.label])[-1]
        legend.append(
            f'<li data-method="{html.escape(method.label)}" data-expression="{html.escape(method.expression)}">'
            f'<span class="swatch" style="background:{method.color}"></span> {html.escape(method.label)}: '
            f"<code>{html.escape(method.write(settings))}</code> "
            f'<span class="result">{describe_end(loss)}</span></li>'
        )
    return "".join(
        [
            f'<div class="story" data-story="{story.name}" data-steps="{story.steps}">',
            '<form class="sliders" hidden>',
            *map(_write_slider, story.sliders),
            '<button type="reset">Reset</button></form>',
            '<div class="panels">',
            *(draw_panel(story, panel, paths) for panel in story.panels),
            f'</div><ul class="legend" aria-live="polite">{"".join(legend)}</ul>{_explain_marks(story)}</div>',
            *(f'<script src="{static}{name}"></script>' for name in SCRIPTS),
        ]
    )


def write_gallery() -> str:
    """Return the first picture of each story as HTML, which links to the page of the story beside this one."""
    cards = []
    for story in STORIES:
        picture = crop(draw_panel(story, story.panels[0], trace(story, story.settings)))
        colors = ", ".join(
            f'<span class="together"><span class="swatch" style="background:{method.color}"></span> '
            f"{html.escape(method.label)}</span>"
            for method in story.methods
        )
        title = re.sub("(?<!^non)-", " ", story.name).capitalize()
        cards.append(
            f'<li><a href="{story.name}.html">{picture}<span>{title}<br><small>{colors}</small></span></a></li>'
        )
    return f'<ul class="story cards">{"".join(cards)}</ul>'


def describe_end(loss: float) -> str:
    """Return how a run ended, in the words that the script uses, too."""
    if not abs(loss) < 1e12:
        return "diverges"
    return f"ends at a loss of {loss:.2g}" if 1e-4 <= loss < 99 else f"ends at a loss of {loss:.1e}"


def _explain_marks(story: Story) -> str:
    """Return what the marks of a story's map mean, or nothing where it has none."""
    maps = [panel for panel in story.panels if isinstance(panel, Map)]
    cross = " The cross is the minimum." if any(panel.optimum is not None for panel in maps) else ""
    return f"<p>In the map, a ring is the start of a path and a dot its end.{cross}</p>" if maps else ""


def _write_slider(slider: Slider) -> str:
    values = html.escape(json.dumps([str(value) for value in slider.values]))
    start = slider.values.index(slider.start)
    return (
        f"<label><span>{html.escape(slider.label)} <output>{slider.start}</output></span>"
        f'<input type="range" min="0" max="{len(slider.values) - 1}" value="{start}" aria-valuetext="{slider.start}" '
        f'data-name="{slider.name}" data-values="{values}"></label>'
    )


class StoryDirective(Directive):
    """Show the story that an argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the story as HTML. Raises an error of the page for a name that no story has."""
        stories = {story.name: story for story in STORIES}
        if self.arguments[0] not in stories:
            raise self.error(f"there is no story {self.arguments[0]!r}; there are {', '.join(stories)}")
        page = self.state.document.settings.env.docname
        static = "../" * page.count("/") + "_static/stories/"
        return [nodes.raw("", write_story(stories[self.arguments[0]], static), format="html")]


class GalleryDirective(Directive):
    """Show a picture of each story."""

    def run(self) -> list[nodes.Node]:
        """Return the pictures as HTML."""
        return [nodes.raw("", write_gallery(), format="html")]


def setup(app: Any) -> dict[str, bool]:
    """Add the directives."""
    app.add_directive("story", StoryDirective)
    app.add_directive("story-gallery", GalleryDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
