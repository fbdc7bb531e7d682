"""A figure that a cell of a notebook draws has an alternative text, and one that says more keeps its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("myst_nb", reason="the site's own dependencies are not installed: gradlab[docs]")

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def write_cell(name: str, metadata: dict[str, Any]) -> dict[str, Any]:
    data = {"image/png": PIXEL, "text/plain": name}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": name, "outputs": [output]} | {
        "execution_count": 1
    }


def test_a_figure_has_an_alternative_text(tmp_path: Path) -> None:
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Why *bias* correction"}
    described = {"mystnb": {"image": {"alt": "two lines"}}}
    cells = [title, write_cell("plain", {}), write_cell("described", described)]
    python = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    notebook = {"cells": cells, "metadata": python, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "page.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    settings = 'extensions = ["myst_nb", "notebook_figures"]\nnb_execution_mode = "off"\n'
    (tmp_path / "index.rst").write_text("Start\n=====\n\n.. toctree::\n\n   page\n", encoding="utf-8")
    (tmp_path / "conf.py").write_text(f"import sys\nsys.path.insert(0, {str(EXTENSIONS)!r})\n{settings}", "utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", str(tmp_path), str(tmp_path / "built")]
    subprocess.run(command, check=True, capture_output=True)
    page = (tmp_path / "built" / "page.html").read_text(encoding="utf-8")
    assert re.findall('<img alt="([^"]*)"', page) == [
        "Why bias correction: the figure that the code above draws",
        "two lines",
    ]
