"""`--cpu-fusion` turns XLA's fusion on before JAX begins, or says in one line why it goes on without."""

from __future__ import annotations

import warnings

import pytest

from gradlab.cli.arguments import options
from gradlab.compilation import cpu_fusion


def test_it_is_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_fusion, "enable_cpu_fusion", lambda: pytest.fail("nobody asked for it"))
    options.use_cpu_fusion(False)


def test_a_refusal_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    options.use_cpu_fusion(True)  # JAX has begun in this process
    printed = capsys.readouterr().err
    assert printed.startswith("gradlab: going on without --cpu-fusion: enable_cpu_fusion must come before")
    assert printed.count("\n") == 1


def test_a_warning_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cpu_fusion, "enable_cpu_fusion", lambda: warnings.warn("XLA ends\nit", stacklevel=1))
    options.use_cpu_fusion(True)
    assert capsys.readouterr().err == "gradlab: warning: XLA ends it\n"


def test_it_belongs_to_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradlab.lab._results.plan import read_result_settings

    plain = read_result_settings()
    monkeypatch.setenv("XLA_FLAGS", cpu_fusion.add_option(""))
    assert read_result_settings() == plain | {"XLA_FLAGS": cpu_fusion.add_option("")}
