"""The layers of the law kit: imports point one way, from what measures the kit down to the references."""

from __future__ import annotations

from pathlib import Path

import pytest

import gradlab.testing
from tests.imports import list_imports, module_name

KIT = Path(gradlab.testing.__file__).parent
# Each module or package may import itself and those before it.
LAYERS = (
    "wrong_options",  # errors for misspelt options of a check
    "references",  # the published optimizers in NumPy, and those of users
    "verdicts",  # what a law is, its examination, the report
    "inputs",  # trees of parameters and gradient sequences
    "subjects",  # the transformation under examination, and its runs
    "matrix_methods",  # matrices of known spectra, and polynomial iterations
    "laws",  # the laws themselves
    "schedules",  # the examination of a schedule by itself
    "mutants",  # wrong versions of optimizers
    "trajectories",  # comparison with a reference
    "quick_look",  # what a quick look examines
    "left_out",  # what an examination leaves out
    "dtype_names",  # the names of the dtypes to examine on
    "check",  # all of it on one transformation
    "mechanical_mutants",  # edits of the sources, examined by all of it
    "mutation_score",  # all of it on the mutants: what measures the kit
    "plugin",  # the kit in pytest
    "strategies",  # inputs for Hypothesis
)
FILES = [path for path in sorted(KIT.rglob("*.py")) if path != KIT / "__init__.py" and path.name != "__main__.py"]


def layer(name: list[str]) -> str | None:
    """The layer of a module of the kit; None for other modules and for the public names of the kit."""
    is_layer = name[:2] == ["gradlab", "testing"] and len(name) > 2 and name[2] in LAYERS
    return name[2] if is_layer else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(KIT)))
def test_imports_point_one_way(path: Path) -> None:
    own = layer(module_name(path))
    assert own is not None, f"name the layer of {path.name} in LAYERS"
    allowed = LAYERS[: LAYERS.index(own) + 1]
    for name in list_imports(path):
        assert layer(name) is None or layer(name) in allowed, f"{own} imports {'.'.join(name)}, which is above it"


def test_every_layer_is_a_module() -> None:
    assert {module_name(path)[2] for path in FILES} == set(LAYERS)
