"""Processes meet only if the options fit together."""

from __future__ import annotations

from typing import Any

import jax
import pytest
import typer

from gradlab.cli.options import join_processes


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("localhost:1", None, None), "--coordinator, --processes and --process go together"),
        ((None, 2, 0), "--coordinator, --processes and --process go together"),
        (("auto", 2, 0), ""),
        (("localhost:1", 2, 2), "--process must be between 0 and 1, got 2"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, given: Any, message: str
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise ValueError("no such place\nand more")

    monkeypatch.setattr(jax.distributed, "initialize", refuse)
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    with pytest.raises(typer.Exit):
        join_processes(*given)
    assert (message or "the processes did not meet at auto: no such place\n") in capsys.readouterr().err


def test_alone_there_is_nobody_to_meet() -> None:
    join_processes(None, None, None)
