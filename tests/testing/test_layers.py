"""The layers of the law kit: imports point one way, from what measures the kit down to the references."""

from __future__ import annotations

from pathlib import Path

import pytest

import gradlab.testing
from tests.imports import list_imports, module_name

KIT = Path(gradlab.testing.__file__).parent
# Each module or package may import itself and those before it.
LAYERS = (
    "exceptions",  # what a transformation raises, in words
    "link_recognition",  # what need not descend by itself
    "references",  # the published optimizers in NumPy
    "argument_names",  # which of their hyperparameters are which arguments
    "step_functions",  # clear errors for references of users
    "law",  # the definition of a law
    "report",  # its verdicts
    "trees",  # trees of parameters
    "own_parameters",  # transformations whose parameters have a type of their own
    "polynomial_iterations",  # the composed polynomials of matrix methods
    "check_polynomials",  # their examination
    "gradient_sequences",  # inputs
    "double_precision_runs",  # the points that an optimizer visits
    "surroundings",  # random numbers, the environment and settings around it
    "subject",  # the transformation under examination
    "programs",  # what it computes, traced
    "trial",  # whether it runs at all
    "settings",  # other values for its arguments
    "setting_runs",  # its runs with them
    "shape_factors",  # how the size of an update depends on its shape
    "matrices",  # its directions at matrices of known spectra
    "laws",  # the laws themselves
    "examination",  # one law after the other
    "schedule_subject",  # a schedule under examination
    "schedule_formulas",  # what it should compute
    "schedule_laws",  # the laws of schedules
    "schedule_claims",  # those that a schedule may claim
    "check_schedule",  # all of them on one schedule
    "mutants",  # wrong versions of optimizers
    "smallest_input",  # the smallest input on which it leaves a reference
    "mistake_identification",  # the known mistake behind a wrong trajectory
    "trajectory_difference",  # where two trajectories part, in words
    "trajectory",  # comparison with a reference
    "trajectory_at_settings",  # the same at other values of the arguments
    "trajectory_on_schedule",  # the same with a schedule for the learning rate
    "trajectory_laws",  # the laws that a reference adds
    "pairs",  # what is given as a transformation
    "quick_look",  # what a quick look examines
    "left_out",  # what an examination leaves out
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
