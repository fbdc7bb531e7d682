"""Read the golden files: what torch, keras and optax compute (see README.md)."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Case(NamedTuple):
    """One run of one optimizer."""

    name: str  # "adam/amsgrad=True/scale=1e-4/rate=decaying"
    optimizer: str  # the framework's name for it, in lower case
    arguments: dict[str, Any]  # as passed, but for a decaying rate, which replaces this one
    scale: float  # of the gradients
    rate: float  # the rate given or, where none is, the framework's default
    rate_kind: str  # "constant", or "decaying": rate * rate_decay**t at the steps t = 0, 1, ...
    positions: NDArray[np.float64]  # x after the kept steps, [len(steps), n]


class Golden(NamedTuple):
    """All runs of one framework."""

    version: str  # the framework's
    numpy: str  # the version of numpy that drew the gradients
    date: str
    gradients: NDArray[np.float64]  # [100, n], times `scale` in each case
    x0: NDArray[np.float64]  # [n]
    steps: tuple[int, ...]  # how many updates had been made at each of the positions
    rate_argument: str  # what the framework calls the rate: "lr" or "learning_rate"
    rate_decay: float
    cases: list[Case]
    parameters: dict[str, tuple[str, ...]]  # by optimizer: the names of all parameters, in order
    defaults: dict[str, dict[str, Any]]  # by optimizer: the defaults of those that have one


def load(framework: str) -> Golden:
    """Return the golden runs of "torch", "keras" or "optax"."""
    path = Path(__file__).with_name(f"{framework}.npz")
    if not path.exists():
        here = sorted(file.stem for file in path.parent.glob("*.npz"))
        raise ValueError(f"no golden file for {framework!r}; there are {here}. See {path.parent}/README.md")
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        positions: NDArray[np.float64] = file["positions"]
        gradients: NDArray[np.float64] = file["gradients"]
        x0: NDArray[np.float64] = file["x0"]
    signatures = about["signatures"].items()
    return Golden(
        version=about["version"],
        numpy=about["numpy"],
        date=about["date"],
        gradients=gradients,
        x0=x0,
        steps=tuple(about["steps"]),
        rate_argument=about["rate_argument"],
        rate_decay=about["rate_decay"],
        cases=[
            Case(**case | {"arguments": _tuples(case["arguments"])}, positions=trajectory)
            for case, trajectory in zip(about["cases"], positions, strict=True)
        ],
        parameters={name: tuple(signature["parameters"]) for name, signature in signatures},
        defaults={name: _tuples(signature["defaults"]) for name, signature in signatures},
    )


def _tuples(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with tuples in place of the lists that JSON has (torch's betas)."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
