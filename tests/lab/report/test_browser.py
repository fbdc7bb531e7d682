"""The page in a browser: it works by mouse and keyboard, on a phone, light and dark, and says nothing to anybody."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._report import write_report
from tests.browser import ENTER, LEFT, RIGHT, SPACE, TAB, Browser

from .conftest import HOSTILE

COLUMN = "return [...document.querySelector('table.board').tBodies[0].rows].map(row => row.cells[{0}].textContent)"


@pytest.fixture
def page(chromium: Browser, page_file: Path) -> Browser:
    chromium.open(page_file)
    chromium.errors()
    return chromium


def focus(page: Browser, selector: str) -> None:
    page.run("document.querySelector(arguments[0]).focus({focusVisible: true})", selector)


def test_nothing_is_wrong_and_nothing_is_fetched(chromium: Browser, page_file: Path) -> None:
    chromium.open(page_file)
    assert chromium.errors() == []
    assert chromium.run("return performance.getEntriesByType('resource').map(entry => entry.name)") == []
    assert chromium.run("return document.title") == "gradlab report: images, ravine"  # no name was run as a script
    assert chromium.run("return document.querySelectorAll('.chart svg, .map svg').length") == 6


def test_a_heading_sorts_and_sorts_back(page: Browser) -> None:
    names = page.run(COLUMN.format(1))
    focus(page, "table.board th:nth-child(2) button")
    page.press(ENTER)
    assert page.run(COLUMN.format(1)) == sorted(names)
    page.press(SPACE)
    assert page.run(COLUMN.format(1)) == sorted(names, reverse=True)
    heads = page.run("return [...document.querySelectorAll('table.board th[aria-sort]')].map(h => h.ariaSort)")
    assert heads[0] == "descending"
    page.run("document.querySelector('table.board th:nth-child(3) button').click()")
    assert page.run(COLUMN.format(0)) == ["1", "2", "3"]  # scores, the best first
    state = "return document.querySelector('table.board th:nth-child(3)').ariaSort"
    assert page.run(state) == "descending"  # of accuracies, the highest one
    page.run("document.querySelector('table.board th:nth-child(3) button').click()")
    assert page.run(state) == "ascending"
    assert page.run(COLUMN.format(0)) == ["3", "2", "1"]


def test_the_slider_moves_the_paths(page: Browser) -> None:
    state = """
        const head = document.querySelector('.map [data-name="adam"] .head');
        const stroke = document.querySelector('.map [data-name="adam"] .stroke');
        return [head.getAttribute('cx'), stroke.getAttribute('d').length, document.querySelector('.losses').textContent,
                document.querySelector('[data-role="at"]').textContent];
    """
    at_the_end = page.run(state)
    assert at_the_end[3] == "39 of 39"
    focus(page, '[data-role="step"]')
    page.press(*[LEFT] * 10)
    moved = page.run(state)
    assert moved[3] == "29 of 39"
    assert float(moved[0]) < float(at_the_end[0])
    assert moved[1] < at_the_end[1]
    assert moved[2] != at_the_end[2]


@pytest.mark.parametrize("calm", [False, True])
def test_the_paths_play_and_pause(page: Browser, page_file: Path, calm: bool) -> None:
    page.open(page_file, calm=calm)
    focus(page, '[data-role="play"]')
    page.press(ENTER)
    at = page.run(
        "return [Number(document.querySelector('[data-role=\"step\"]').value), document.activeElement.ariaLabel]"
    )
    assert at[0] < 20  # from the start again, and slowly where motion is to be reduced
    assert at[1] == "Pause the paths"
    page.press(ENTER)
    assert page.run("return document.activeElement.textContent") == "Play"


def test_the_keyboard_reaches_every_control_in_order(page: Browser) -> None:
    reached: list[Any] = []
    for _ in range(100):
        page.press(TAB)
        found = page.run("""
            const on = document.activeElement, style = getComputedStyle(on);
            return [on.tagName, on.className, on.dataset.role || on.type || on.role || '', on.ariaLabel,
                    style.outlineStyle !== 'none' || on.matches('.skip')];
        """)
        if found[0] == "BODY":
            break
        reached.append(found)
    assert all(entry[4] for entry in reached)  # the focus is seen on each
    kinds = [(entry[0], entry[2]) for entry in reached]
    assert reached[0][1] == "skip"
    assert kinds.count(("INPUT", "checkbox")) == 3  # the optimizers
    # What to choose, the headings, two that save each of six charts, and one that copies each of two answers and of the
    # two tables of all problems, which are not folded away.
    assert kinds.count(("BUTTON", "button")) == 3 + 2 * 11 + 2 * 6 + 2 + 2
    assert kinds.count(("DIV", "slider")) == 5  # the charts
    for control in (("SELECT", "metric"), ("INPUT", "log"), ("BUTTON", "play"), ("INPUT", "step"), ("A", "")):
        assert control in kinds
    for tag, _, kind, label, _ in reached:
        assert label or (tag, kind) != ("DIV", "slider")


SAVED = """
    const [selector, kind, done] = arguments;
    const click = HTMLAnchorElement.prototype.click;
    HTMLAnchorElement.prototype.click = async function () {
        HTMLAnchorElement.prototype.click = click;
        const blob = await new Promise(found => found(saved));
        const reader = new FileReader();
        reader.onload = () => done([this.download, blob.type, reader.result]);
        reader.readAsDataURL(blob);
    };
    let saved = null;
    const make = URL.createObjectURL;
    URL.createObjectURL = blob => { saved = blob; URL.createObjectURL = make; return make.call(URL, blob); };
    document.querySelector(selector).querySelector(`.saving button:nth-child(${kind})`).click();
"""


@pytest.mark.parametrize("width", [1280, 375])
def test_each_figure_is_saved_as_it_is_seen(chromium: Browser, page_file: Path, width: int) -> None:
    chromium.open(page_file, width=width, dark=width == 375)
    chromium.errors()
    for chart in ("curves", "sensitivity", "paths", "profiles"):
        selector = f'[data-chart="{chart}"]'
        name, kind, content = chromium.run_later(SAVED, selector, 1)
        assert (name.endswith(".svg"), kind) == (True, "image/svg+xml")
        picture = ElementTree.fromstring(base64.b64decode(content.partition(",")[2]))
        texts = ["".join(text.itertext()) for text in picture.iter("{http://www.w3.org/2000/svg}text")]
        assert {"sgd", "adam"} <= set(texts)  # the names, on a narrow screen too
        styled = [part.get("style", "") for part in picture.iter("{http://www.w3.org/2000/svg}path")]
        assert any("stroke: rgb(" in style and "var(" not in style for style in styled)
        before = chromium.run("return document.querySelector(arguments[0]).querySelector('svg').outerHTML", selector)
        name, kind, content = chromium.run_later(SAVED, selector, 2)
        assert (name.endswith(".png"), kind) == (True, "image/png")
        assert base64.b64decode(content.partition(",")[2]).startswith(b"\x89PNG")
        after = chromium.run("return document.querySelector(arguments[0]).querySelector('svg').outerHTML", selector)
        assert re.sub(r"clip-\d+", "", after) == re.sub(r"clip-\d+", "", before)  # the page is as it was
    assert chromium.errors() == []


WITHOUT_CLIPBOARD = """
    window.kept = null;
    document.execCommand = () => { kept = document.activeElement.value; return true; };
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
"""


def test_what_is_found_is_copied_with_its_numbers(page: Browser) -> None:
    said = """
        const finding = document.querySelectorAll('[data-about]')[0];
        return [finding.dataset.about, ...[...finding.querySelectorAll('[data-sentence]')].map(s => s.textContent)];
    """
    about, *sentences = page.run(said)
    copied = "return document.querySelector('.copy-all, .copy')?.closest('[data-about]').querySelector(arguments[0])"
    for selector, expected in ((".copy-all", " ".join(sentences)), (".copy", sentences[0])):
        page.run(WITHOUT_CLIPBOARD)
        page.run(f"{copied}.click()", selector)
        text = page.run("return window.kept")
        assert text == f"{about}: {expected}"
        assert page.run(f"{copied}.textContent", selector) == "Copied"
    page.run("document.querySelector('#together .copy-all').click()")
    text = page.run("return window.kept")
    assert text.startswith("All problems: Interquartile means:\nOptimizer\tInterquartile mean\t95 % interval\nadam\t")
    assert "(Agarwal et al. 2021)" in text
    assert about == "adam on images"
    assert "learning rate 0.1" in sentences[0]
    assert page.errors() == []


def test_a_chart_is_read_with_the_arrow_keys(page: Browser) -> None:
    focus(page, '[data-chart="curves"] .frame')
    page.press(RIGHT, RIGHT)
    said = page.run("return document.activeElement.getAttribute('aria-valuetext')")
    assert said.startswith("update 4: adam ")
    shown = page.run("return document.querySelector('[data-chart=\"curves\"] .readout').innerText")
    assert shown.startswith("update 4")
    assert page.run("return document.querySelectorAll('[data-chart=\"curves\"] .cursor circle').length") == 3


def test_the_choice_is_that_of_all_charts(page: Browser) -> None:
    lines = "return [...document.querySelectorAll('svg')].map(s => s.querySelectorAll('.line').length).filter(n => n)"
    assert set(page.run(lines)) == {3}
    focus(page, "#choices input")
    page.press(SPACE)
    assert set(page.run(lines)) == {2}
    assert page.run("return document.getElementById('choice-count').textContent") == "2 of 3"
    page.run("document.getElementById('choose-none').click()")
    assert page.run(lines) == []
    assert page.errors() == []
    page.run("document.getElementById('choose-all').click()")
    assert set(page.run(lines)) == {3}


def test_scales_metrics_and_numbers(page: Browser) -> None:
    ticks = "return [...document.querySelectorAll('[data-chart=\"curves\"] .axis text')].map(t => t.textContent)"
    logarithmic = page.run(ticks)
    page.run("document.querySelector('[data-role=\"log\"]').click()")
    linear = page.run(ticks)
    assert linear != logarithmic
    page.run(
        "const s = document.querySelector('[data-role=\"metric\"]'); s.value = 1; s.dispatchEvent(new Event('change'))"
    )
    assert "training loss" in page.run(ticks)
    page.run("document.querySelector('.numbers summary').click()")
    page.run("return new Promise(done => setTimeout(done, 50))")
    head = page.run("return [...document.querySelectorAll('.numbers table thead th')].map(cell => cell.textContent)")
    assert head[:3] == ["update", "sgd", "adam"]
    assert page.errors() == []


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_nothing_scrolls_sideways(chromium: Browser, page_file: Path, dark: bool) -> None:
    chromium.open(page_file, width=375, height=740, dark=dark)
    chromium.run("for (const part of document.querySelectorAll('details')) part.open = true")
    width = chromium.run("window.scrollTo(500, 0); return [document.documentElement.scrollWidth, window.scrollX]")
    assert width == [375, 0]
    assert chromium.errors() == []


def test_charts_of_nothing_say_so(
    chromium: Browser, race: dict[str, xr.Dataset], attributes: dict[str, str], tmp_path: Path
) -> None:
    lost = {name: xr.full_like(race["ravine"][name], np.nan) for name in ("final_loss", "loss", "path")}
    dataset = race["ravine"].assign(lost | {"diverged": xr.full_like(race["ravine"].diverged, True)})
    write_report({"ravine": dataset}, attributes, tmp_path / "report.html")
    chromium.open(tmp_path / "report.html")
    said = "return [...document.querySelectorAll('.chart .empty, .losses p')].map(text => text.textContent)"
    assert chromium.run(said) == ["Nothing to draw: runs of all of these diverged"] * 2 + [
        "No path: runs of all of these diverged, or no path was kept"
    ]
    chromium.run("document.getElementById('choose-none').click()")
    assert chromium.run(said) == ["Choose an optimizer"] * 3
    assert chromium.errors() == []


def test_optimizers_without_charts_have_no_place_for_a_line(
    chromium: Browser, make_sweep: Callable[..., xr.Dataset], tmp_path: Path
) -> None:
    swept = make_sweep(np.ones((2, 2, 4)), {"b1": [0.8, 0.9]}, "sobol")
    write_report({"made": swept}, {}, tmp_path / "report.html")
    chromium.open(tmp_path / "report.html")
    left = "return [...document.querySelectorAll('.card')].map(card => { const range = document.createRange();"
    left += "range.selectNodeContents(card.querySelector('h3').lastChild);"
    left += "return range.getBoundingClientRect().x - card.getBoundingClientRect().x; })"
    assert chromium.run(left) == [0, 0]
    assert chromium.errors() == []


def test_a_long_name_of_an_axis_is_shortened_on_a_phone(chromium: Browser, page_file: Path) -> None:
    titles = "return [...document.querySelectorAll('[data-chart=sensitivity] .axis')].map(a => a.lastChild.textContent)"
    for width, ending in ((1280, ", geometric mean over updates 24 to 40"), (375, "")):
        chromium.open(page_file, width=width)
        assert chromium.run(titles)[1] == f"loss{ending}"


def test_the_widest_tables_fit_a_small_laptop(
    chromium: Browser, race: dict[str, xr.Dataset], attributes: dict[str, str], tmp_path: Path
) -> None:
    longest = {HOSTILE: "rmsprop_momentum"}
    named = {
        name: dataset.assign_coords(optimizer=[longest.get(each, each) for each in dataset.optimizer.values.tolist()])
        for name, dataset in race.items()
    }
    write_report(named, attributes, tmp_path / "report.html")
    chromium.open(tmp_path / "report.html", width=1265)  # 1280 but for the scrollbar
    widest = """
        for (const table of document.querySelectorAll('.board')) {
            const cells = table.tBodies[0].rows[0].cells, score = cells[2].textContent.includes('%');
            cells[2].textContent = score ? '96.5 % ± 10.2' : '3.4×10⁻¹⁰ ×÷ 1.2×10³';
            cells[3].querySelector('.span').textContent = '10–16';
            cells[4].innerHTML = '0.0056* <small>0.0032–0.01</small>';
            cells[6].textContent = '>1.5'; cells[8].textContent = score ? '94.2 %' : '1.8×10⁻¹¹';
            cells[9].textContent = '130'; cells[10].textContent = '<0.1';
        }
        return [...document.querySelectorAll('.content > section > .scroller')].map(s => s.scrollWidth - s.clientWidth);
    """
    assert chromium.run(widest) == [0, 0]  # no column is cut


COLORS = """
    const style = getComputedStyle(document.documentElement);
    const names = ['paper', 'raised', 'ink', 'soft', 'accent', 'focus', 's0', 's1', 's2', 's3', 's4', 's5', 's6'];
    return Object.fromEntries(names.map(name => [name, style.getPropertyValue('--' + name).trim()]));
"""


def luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_light_and_dark_differ_and_both_can_be_read(chromium: Browser, page_file: Path) -> None:
    chromium.open(page_file)
    light = chromium.run(COLORS)
    chromium.open(page_file, dark=True)
    dark = chromium.run(COLORS)
    assert chromium.run("return getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 27)"
    assert all(light[name] != dark[name] for name in light)
    for palette in (light, dark):
        for name in palette:
            if name not in ("paper", "raised"):  # all of them are text somewhere: WCAG's AA
                assert contrast(palette[name], palette["paper"]) >= 4.5, (name, palette[name])
        assert contrast(palette["ink"], palette["raised"]) >= 4.5


def test_it_prints_on_white_without_its_controls(chromium: Browser, page_file: Path) -> None:
    chromium.open(page_file, dark=True)
    chromium.devtools("Emulation.setEmulatedMedia", {"media": "print"})
    assert chromium.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.run("return getComputedStyle(document.querySelector('.controls')).display") == "none"
    chromium.devtools("Emulation.setEmulatedMedia", {"media": ""})
