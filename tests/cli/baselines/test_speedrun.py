"""`gradlab speedrun`, from the optimizer to the certificate, its confirmation and the ladder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._storage.files import digest_json
from gradlab.lab._studies.speedrun import rules
from gradlab.lab._studies.speedrun.certificate import read_certificate, write_certificate

MINE = "import gradlab as gl\n\n\ndef quick(learning_rate=0.1):\n    return gl.adam(learning_rate)\n"


@pytest.fixture
def one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules with the ravine alone, at the settings of the tests."""
    for name in list(rules.TARGETS):
        if name != "ravine":
            monkeypatch.delitem(rules.TARGETS, name)
    monkeypatch.setitem(rules.SETTINGS, "jax_enable_x64", "True")


@pytest.mark.slow  # the runs of a certificate, twice
@pytest.mark.usefixtures("one_problem")
def test_a_second_run_confirms_a_certificate(gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE)
    code, out, err = gradlab("speedrun", "mine:quick")
    assert code == 0, err
    assert "ravine" in out
    path = Path("speedrun/quick/certificate.json")
    certificate = read_certificate(path)
    assert certificate["optimizer"]["typed"] == "mine:quick"
    assert certificate["score"] == certificate["problems"]["ravine"]["speed"] > 1
    assert f"score {certificate['score']:.3f}" in out
    code, _, err = gradlab("speedrun", "--confirm", str(path))
    assert (code, "confirmed exactly" in err) == (0, True)

    forged = certificate | {"score": 9.0}
    write_certificate(Path("forged.json"), forged)
    code, _, err = gradlab("speedrun", "--confirm", "forged.json")
    assert (code, err.count("\n")) == (2, 1)
    assert "was changed after it was written" in err
    # Whoever computes the digest anew is found out by a second run.
    body = {name: value for name, value in forged.items() if name != "digest"} | {"results": "0"}
    write_certificate(Path("forged.json"), {**body, "digest": digest_json(body)})
    code, _, err = gradlab("speedrun", "--confirm", "forged.json")
    assert (code, "not confirmed" in err) == (1, True)

    Path("mine.py").write_text(MINE.replace("0.1", "0.2"))
    code, _, err = gradlab("speedrun", "--confirm", str(path))
    assert (code, "not the source of mine:quick" in err) == (2, True)

    Path("speedrun/copy.json").write_bytes(path.read_bytes())
    code, _, err = gradlab("speedrun", "--ladder", "speedrun")
    assert (code, "1 certificate, among" in err) == (0, True)
    page = Path("speedrun/ladder.html").read_text(encoding="utf-8")
    assert "mine:quick" in page
    assert "is a copy of copy.json" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "pass one of these"),
        (["adam", "--ladder", "."], "pass one of these"),
        (["--confirm", "nowhere.json"], "there is no nowhere.json; pass the certificate.json"),
        (["--confirm", "."], ". is a folder; pass the certificate.json in it"),
        (["--ladder", "nowhere"], "nowhere is no folder"),
        (["adm"], "no optimizer is named 'adm'"),
    ],
)
def test_wrong_arguments_are_answered_in_one_line(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: Any, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(rules.SETTINGS, "jax_enable_x64", "True")
    code, _, err = gradlab("speedrun", *arguments)
    assert code == 2
    assert err.startswith(f"gradlab: {message}")
    assert err.count("\n") == 1
