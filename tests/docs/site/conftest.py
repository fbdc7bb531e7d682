"""The folder of the built site: `pytest -m site -n 0 tests/docs/site --site docs/_build/html`."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", type=Path, help="the folder into which sphinx-build wrote the site")


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config) -> Path:
    """The folder of `--site`. Without one these tests fail, so that no gate passes because nothing was built."""
    folder: Path | None = pytestconfig.getoption("--site", None)
    if folder is None or not (folder / "index.html").exists():
        raise pytest.UsageError(
            f"these tests look at a built site, and --site is {folder}; build it with `sphinx-build docs "
            f"docs/_build/html`, and pass `--site docs/_build/html`"
        )
    return folder
