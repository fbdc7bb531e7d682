"""The names that a file imports are read from its source."""

from __future__ import annotations

from pathlib import Path

from gradlab.remedies.imported_names import read_imported_names


def test_each_name_has_its_module(tmp_path: Path) -> None:
    file = tmp_path / "names.py"
    file.write_text(
        "import sys\n"
        "from optax import apply_updates as apply_updates\n"
        "from . import codecs as codecs\n"
        "from .links.scaling import scale as scale, sign\n"
        "from ..room import thing\n"
        "raise RuntimeError('this file is read, and not imported')\n"
    )
    assert read_imported_names(file) == {
        "apply_updates": "optax",
        "codecs": ".codecs",
        "scale": ".links.scaling",
        "sign": ".links.scaling",
        "thing": "..room",
    }
