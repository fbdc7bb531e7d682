"""The rules of the speed run. A change of anything in this file needs another version: old certificates keep theirs."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..._baselines.definitions import digest_definition
from ..._results.plan import read_result_settings
from ..._storage.files import digest_json
from ...problems import PROBLEMS
from ...problems.base import Problem

VERSION = 1
RATES = "log:1e-4:100:13"  # the tuning budget: 13 learning rates, the same for all optimizers
SEEDS = 10  # five choose the rate, and five report
NEVER = 2.0  # a run that does not reach its target for good counts as so many times the updates that it has

# Numbers are those of JAX's defaults. The kind of device may be any; certificates of two kinds agree less closely.
SETTINGS = {
    "jax_enable_x64": "False",
    "jax_default_matmul_precision": "None",
    "jax_default_prng_impl": "threefry2x32",
    "jax_threefry_partitionable": "True",
}


class Target(NamedTuple):
    """The score to reach on a problem, and what defines the problem."""

    score: float
    steps: int
    definition: str  # the digest of the problem's code


# The scores at which half of gradlab's 53 baselines end, rounded up, after the updates that the problem proposes.
TARGETS = {
    "ravine": Target(7.0e-5, 200, "bccda014d8c49f8e"),
    "rosenbrock": Target(3.7e-3, 500, "7fe1f038cbc63d57"),
    "quadratic": Target(9.3e-7, 300, "d759c429b25ab83d"),
    "noisy_quadratic": Target(0.023, 300, "0412721eb310a54a"),
    "matrix_factorization": Target(5.8e-7, 300, "3d00fc3277531d43"),
    "breast_cancer": Target(0.11, 300, "8773c336a57b63be"),
}


class RulesError(ValueError):
    """A speed run that the rules do not allow. The text says why, and what to do."""


def describe_rules() -> dict[str, Any]:
    """Return the rules as a JSON document, with their digest."""
    document = {
        "version": VERSION,
        "rates": RATES,
        "seeds": SEEDS,
        "never": NEVER,
        "reached": "from the first evaluation on after which no other is worse than the target",
        "settings": SETTINGS,
        "targets": {name: target._asdict() for name, target in TARGETS.items()},
    }
    return {**document, "digest": digest_json(document)}


def require_settings() -> None:
    """Raise RulesError if JAX has other settings than the rules say."""
    for name, value in read_result_settings().items():
        if name != "device" and value != SETTINGS.get(name):
            raise RulesError(f"{name} is {value}, and the rules say {SETTINGS.get(name, 'unset')}; set it so")


def make_problems() -> tuple[Problem, ...]:
    """Return the problems of the rules. Raises RulesError if one is not what it was when the rules were written."""
    problems = tuple(PROBLEMS[name]() for name in TARGETS)
    for problem in problems:
        target = TARGETS[problem.name]
        if (digest := digest_definition(problem)) != target.definition or problem.steps != target.steps:
            raise RulesError(
                f"{problem.name} is not that of the rules (version {VERSION}: code {target.definition}, "
                f"{target.steps} updates; here {digest}, {problem.steps}); install the gradlab of these rules, or give "
                f"them another version"
            )
    return problems
