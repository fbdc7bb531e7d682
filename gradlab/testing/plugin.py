"""A pytest plugin with the fixture `assert_lawful`.

Load it with `pytest_plugins = ["gradlab.testing.plugin"]` in conftest.py. It is not loaded automatically, because it
imports JAX, and a project may want to configure JAX first.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from . import check


@pytest.fixture
def assert_lawful(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return `gradlab.testing.assert_lawful`, which here also records each verdict as a property for JUnit's XML."""

    def examine(tx: object, **options: object) -> None:
        report = check(tx, **options)  # type: ignore[arg-type]
        for result in report.results:
            record_property(result.law, result.verdict)
        if not report.ok:
            pytest.fail(str(report), pytrace=False)

    return examine
