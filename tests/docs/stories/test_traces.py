"""The script of the stories, in a browser: it takes the same steps as gradlab, and its sliders work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docs._extensions.stories import write_gallery, write_story
from docs._extensions.stories.five_stories import STORIES
from docs._extensions.stories.traces import measure, trace
from tests.browser import END, TAB, Browser

STATIC = Path(__file__).parents[3] / "docs" / "_static"
BY_NAME = {story.name: story for story in STORIES}
SETTINGS = [
    ("ravine", {"rate": 0.02, "momentum": 0.9}),
    ("ravine", {"rate": 0.05, "momentum": 0.0}),  # where plain descent diverges
    ("overshoot", {"rate": 0.01, "momentum": 0.9}),
    ("overshoot", {"rate": 0.003, "momentum": 0.97}),
    ("sparse-features", {"rate": 0.5, "period": 20}),
    ("sparse-features", {"rate": 3.0, "period": 1}),
    ("non-convergence", {"rate": 0.01, "b2": 0.06}),
    ("non-convergence", {"rate": 0.03, "b2": 0.999}),
    ("exploding-gradients", {"rate": 0.01, "limit": 1.0}),
    ("exploding-gradients", {"rate": 1e-5, "limit": 10000.0}),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: Any) -> Path:
    """A folder with a page for each story, in the styles of the site."""
    folder = tmp_path_factory.mktemp("stories")
    css = (STATIC / "site.css").as_uri()
    for story in STORIES:
        body = write_story(story, (STATIC / "stories").as_uri() + "/")
        head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        (folder / f"{story.name}.html").write_text(f'{head}<link rel="stylesheet" href="{css}">{body}', "utf-8")
    return folder


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_the_script_takes_the_steps_of_gradlab(
    chromium: Browser, pages: Path, name: str, settings: dict[str, Any]
) -> None:
    story = BY_NAME[name]
    expected = trace(story, settings)
    chromium.open(pages / f"{name}.html")
    run = "return gradlabStories.trace(arguments[0], arguments[1], arguments[2])"
    paths = chromium.run(run, name, story.steps, settings)
    assert set(paths) == set(expected)
    quantities = {panel.quantity for panel in story.panels if hasattr(panel, "quantity")}
    for label, path in expected.items():
        alive = np.isfinite(path).all(1) & (np.abs(path) < 1e6).all(1)
        end = int(np.append(alive, False).argmin())
        np.testing.assert_allclose(np.array(paths[label][:end], float), path[:end], rtol=1e-7, atol=1e-7)
        for quantity in quantities:
            script = f"return arguments[0].map(gradlabStories.stories[arguments[1]].quantities.{quantity})"
            shown = chromium.run(script, path[:end].tolist(), name)
            np.testing.assert_allclose(shown, measure(story, quantity, path[:end]), rtol=1e-6, atol=1e-12)


POINTS = "return [...document.querySelectorAll('.path')].map(line => line.getAttribute('points'))"
LEGEND = "return [...document.querySelectorAll('.legend li')].map(item => item.textContent)"


def read_points(lines: list[str]) -> list[np.ndarray]:
    return [np.array([pair.split(",") for pair in line.split()], float) for line in lines]


@pytest.mark.parametrize("name", BY_NAME)
def test_the_picture_without_scripts_is_the_one_that_the_script_draws(
    chromium: Browser, pages: Path, name: str
) -> None:
    chromium.open(pages / f"{name}.html", width=360)
    assert chromium.errors() == []
    built = chromium.run(
        "const page = new DOMParser().parseFromString(arguments[0], 'text/html');"
        "return [[...page.querySelectorAll('.path')].map(line => line.getAttribute('points')),"
        "[...page.querySelectorAll('.legend li')].map(item => item.textContent),"
        "page.querySelector('form').hidden]",
        (pages / f"{name}.html").read_text("utf-8"),
    )
    for before, after in zip(read_points(built[0]), read_points(chromium.run(POINTS)), strict=True):
        shared = min(len(before), len(after))  # a run that overflows may do so an update sooner
        assert shared >= 2
        np.testing.assert_allclose(before[:shared], after[:shared], atol=0.11)
    assert built[1] == chromium.run(LEGEND)
    assert built[2]
    assert not chromium.run("return document.querySelector('form').hidden")
    assert chromium.run("return document.documentElement.scrollWidth <= innerWidth"), "the page is wider than a phone"


def test_the_keyboard_moves_a_slider_and_takes_it_back(chromium: Browser, pages: Path) -> None:
    chromium.open(pages / "ravine.html")
    before, legend = chromium.run(POINTS), chromium.run(LEGEND)
    chromium.run("document.querySelector('input').focus()")
    chromium.press(END)
    assert chromium.run("return document.querySelector('input').getAttribute('aria-valuetext')") == "0.1"
    assert chromium.run(POINTS) != before
    first, second = chromium.run(LEGEND)
    assert "gl.sgd(0.1)" in first
    assert first.endswith("diverges")
    assert "gl.sgd(0.1, momentum=0.9)" in second
    chromium.press(TAB, TAB, " ")
    chromium.devtools("Runtime.evaluate", {"expression": "new Promise(r => setTimeout(r, 20))", "awaitPromise": True})
    assert chromium.run(POINTS) == before
    assert chromium.run(LEGEND) == legend


def test_every_slider_has_a_label_and_begins_at_one_of_its_values() -> None:
    for story in STORIES:
        for slider in story.sliders:
            assert slider.label
            assert slider.start in slider.values
            assert list(slider.values) == sorted(slider.values)


def test_the_captions_of_the_gallery_stand_at_one_height_and_keep_dots_with_names(
    chromium: Browser, tmp_path: Path
) -> None:
    css = (STATIC / "site.css").as_uri()
    page = tmp_path / "gallery.html"
    body = f'<div style="width: 1000px">{write_gallery()}</div>'
    page.write_text(f'<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{css}">{body}', "utf-8")
    chromium.open(page, width=1100)
    tops = chromium.run(
        "return [...document.querySelectorAll('.cards a > span')].map(e => e.getBoundingClientRect().top)"
    )
    assert len(tops) == 5
    assert len({round(top) for top in tops}) == 1
    lefts = "return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect().left)"
    frames, captions = (chromium.run(lefts, f".cards {part}") for part in (".frame", "a > span"))
    assert max(abs(frame - caption) for frame, caption in zip(frames, captions, strict=True)) < 6
    lines = "return [...document.querySelectorAll('.cards .together')].map(e => e.getClientRects().length)"
    assert set(chromium.run(lines)) == {1}


def test_the_loss_of_amsgrad_ends_as_a_band_of_six_points() -> None:
    story = BY_NAME["non-convergence"]
    path = trace(story, story.settings)["AMSGrad"][700:, 0]
    np.testing.assert_allclose(path[6:], path[:-6], atol=1e-4)
    loss = measure(story, "loss", path[:, None])
    assert 0.002 < loss.min() < 0.0022
    assert 0.007 < loss.max() < 0.0076
