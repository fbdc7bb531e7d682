"""The canary's programs compute what NumPy computes, and notice a wrong result."""

from __future__ import annotations

import pytest

import gradlab as gl
from gradlab import cpu_fusion_canary


@pytest.mark.parametrize("part", [pytest.param("steps", marks=pytest.mark.slow), "scatters"])
def test_the_programs_pass_without_fusion(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["canary", part])
    cpu_fusion_canary.main()


def test_a_wrong_result_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_fusion_canary, "adam", lambda *arguments: gl.sgd(0.1))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        cpu_fusion_canary.examine_steps()
