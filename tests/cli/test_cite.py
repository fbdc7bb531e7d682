"""`gradlab cite` prints the publications of optimizers as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradlab as gl


def _keys(text: str) -> list[str]:
    return re.findall(r"@\w+\{(\w+),", text)


def test_parts_and_schedules_are_cited_once(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("cite", "nadam", "adam", "cosine")
    assert (code, err) == (0, "")
    keys = _keys(out)
    assert {"dozat2016nadam", "kingma2015adam", "loshchilov2017sgdr"} < set(keys)
    assert keys[-1] == "gradlab"
    assert len(keys) == len(set(keys))


def test_what_has_no_publication_is_named(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("cite", "scale", "ravine")
    assert (code, _keys(out)) == (0, ["gradlab"])
    assert err == "no publication is known of scale\nno publication is known of ravine\n"


def test_an_unknown_name_is_refused(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("cite", "amsgrd")
    assert (code, out) == (2, "")
    assert "did you mean amsgrad" in err


def test_the_optimizers_of_a_study_are_cited(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    gl.lab.race("ravine", {"sign_sgd": gl.sign_sgd, "mine": gl.sgd}, 2, 2, steps=4, out=tmp_path / "study")
    code, out, err = gradlab("cite", str(tmp_path / "study"))
    assert code == 0
    assert "bernstein2018signsgd" in _keys(out)
    assert err == "no publication is known of mine\n"
