"""The paths of the recipes on three landscapes, each at its best learning rate, as a race found them.

`python -m docs._extensions.recipe_pictures.stored_paths` runs the race, for two minutes on two cores, and writes
`docs/recipe_paths.json` and the contours in `docs/_static/landscapes`. The race has the learning rates and the seeds of
the baselines that come with gradlab, so its best rates are those of the baselines.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

import gradlab as gl
from gradlab.lab._baselines import searches
from gradlab.lab._baselines.searches import RATES
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab.problems import PROBLEMS
from gradlab.registry import of_kind

DOCS = Path(__file__).parents[2]
FILE = DOCS / "recipe_paths.json"
CONTOURS = DOCS / "_static" / "landscapes"
COMMAND = "python -m docs._extensions.recipe_pictures.stored_paths"
LANDSCAPES = ("ravine", "rosenbrock", "himmelblau")
SEEDS = int(searches.SEEDS)
APART = 6.0  # units, of which the window is 1000 wide: nearer points of a path are left out


def describe() -> dict[str, Any]:
    """Return all that determines the race, but for versions: the problems, the budget, the compositions."""
    contestants = collect_contestants()
    return {
        "command": COMMAND,
        "problems": {name: repr(PROBLEMS[name]()) for name in LANDSCAPES},
        "rates": RATES,
        "seeds": SEEDS,
        "compositions": {name: str(contestants[name](0.01)) for name in of_kind("recipe")},
    }


def run() -> tuple[dict[str, Any], dict[str, str]]:
    """Run the race. Return what the file has, and the contours of each landscape as an SVG file."""
    from gradlab.lab._report.landscape_data import path_data
    from gradlab.lab._report.problem_findings import compute_findings
    from gradlab.lab._results.provenance import collect_provenance

    results = gl.lab.race(list(LANDSCAPES), list(of_kind("recipe")), rates=RATES, seeds=SEEDS)
    pictures, contours = {}, {}
    paths: dict[str, dict[str, Any]] = {}
    for finding in compute_findings({name: results[name].to_dataset() for name in LANDSCAPES}):
        data = path_data(finding)
        assert data is not None
        pictures[finding.name] = {name: data[name] for name in ("height", "optimum", "steps")}
        contours[finding.name] = draw_contours(data["contours"], data["height"])
        for name, line in data["lines"].items():
            points = thin(np.reshape(line["points"], (-1, 2)))
            shown = " ".join(f"{x},{y}" for x, y in points.tolist())
            paths.setdefault(name, {})[finding.name] = {"rate": line["rate"], "points": shown}
    versions = collect_provenance(COMMAND)
    kept = {name: versions[name] for name in ("gradlab", "jax", "numpy", "date")}
    return {**describe(), **kept, "pictures": pictures, "paths": paths}, contours


def thin(points: np.ndarray) -> np.ndarray:
    """Return the points (count, 2) without those that are near the last one that was kept; the last point stays."""
    kept = [points[0]]
    for point in points[1:]:
        if np.hypot(*(point - kept[-1])) >= APART:
            kept.append(point)
    return np.array([*kept, points[-1]])


def draw_contours(contours: list[str], height: int) -> str:
    """Return contours as an SVG file in a gray that can be read on light and on dark pages."""
    lines = "".join(f'<path d="{line}"/>' for line in contours)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 {height}" fill="none" stroke="#7d8590" '
        f'stroke-opacity=".5" stroke-width="2">{lines}</svg>\n'
    )


@functools.cache
def read() -> dict[str, Any]:
    """Return what `run` returned when the committed file was written, without the paths of recipes that have changed.

    So no page shows the path of another optimizer, and the page of a new recipe has none until the file is renewed.
    Raises ValueError for paths on other landscapes, or at other rates or seeds, than those of this code.
    """
    stored: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    described = describe()
    now, then = described.pop("compositions"), stored["compositions"]
    for name, value in described.items():
        if stored[name] != value:
            raise ValueError(f"{FILE.name} has the {name} {stored[name]}, and this code {value}; renew it: {COMMAND}")
    same = {name for name in stored["paths"] if now.get(name) == then[name]}
    return {**stored, "paths": {name: own for name, own in stored["paths"].items() if name in same}}


def write(stored: dict[str, Any], contours: dict[str, str]) -> None:
    """Write the file with a line for each path, and the contours."""
    paths = stored.pop("paths")
    lines = [f"  {json.dumps(name)}: {json.dumps(own)}" for name, own in paths.items()]
    head = json.dumps(stored, indent=1).removesuffix("\n}")
    FILE.write_text(f'{head},\n "paths": {{\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
    CONTOURS.mkdir(exist_ok=True)
    for name, text in contours.items():
        (CONTOURS / f"{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(*run())
    print(f"{FILE}: {FILE.stat().st_size / 1024:.0f} KiB")
