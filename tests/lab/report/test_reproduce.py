"""How to run it again."""

from __future__ import annotations

from gradlab.lab.report.findings import Finding
from gradlab.lab.report.reproduce import reproduce


def test_command_versions_and_seeds(findings: list[Finding], attributes: dict[str, str]) -> None:
    text = reproduce(findings, attributes)
    assert "gradlab race --out &#x27;a &amp; b&#x27;" in text
    assert "pip install jax==0.10" in text
    assert '<th scope="row">gradlab</th><td>1.2.3</td>' in text
    assert "3 optimizers × 4 rates × 8 seeds = 96 runs of 40 updates" in text  # noqa: RUF001
    assert "rates chosen on seeds 0 to 3, reported on seeds 4 to 7" in text
    assert "Machine" not in text  # not recorded, so not claimed


def test_nothing_recorded_is_nothing_said(findings: list[Finding]) -> None:
    assert "pip install" not in reproduce(findings, {})
