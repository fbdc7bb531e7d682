"""Where PyTorch, Keras and optax differ: the tables of `docs/flavors.md`, from the golden files.

`python -m gradlab.flavors.differences [DIRECTORY]` prints them; the directory is that of the golden files, which are
in the repository and not in the installed package.
"""

from __future__ import annotations

import itertools
import runpy
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..schedules import exponential
from .names import FLAVORS, arguments, defaults, table_of_defaults

SETTINGS = tuple(itertools.product((1.0, 1e-4), ("constant", "decaying")))  # the scale of the gradients, the rate
ROUNDING = 1e-11  # of the distance travelled: a gap below is rounding, and is shown as 0


class Matched(NamedTuple):
    """One optimizer at the same hyperparameters in several frameworks."""

    name: str
    common: dict[str, Any]  # hyperparameters, under their common names
    optimizers: dict[str, tuple[str, dict[str, Any]]]  # by framework: its optimizer, and what only that one is told

    def call(self, framework: str) -> tuple[str, dict[str, Any]]:
        """The optimizer and all its arguments, in a framework's own names."""
        optimizer, extra = self.optimizers[framework]
        return optimizer, defaults(framework, optimizer) | arguments(framework, **self.common) | extra


def _all(optimizer: str, **extra: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    return dict.fromkeys(FLAVORS, (optimizer, extra))


def _without_optax(optimizer: str) -> dict[str, tuple[str, dict[str, Any]]]:
    return {"torch": (optimizer, {}), "keras": (optimizer, {})}


_ADAM = {"rate": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
_RMS = {"rate": 0.01, "decay": 0.9, "eps": 1e-8}
_ADADELTA = {"rate": 1.0, "rho": 0.9, "eps": 1e-6}
_AMSGRAD = {"torch": ("adam", {"amsgrad": True}), "keras": ("adam", {"amsgrad": True}), "optax": ("amsgrad", {})}

MATCHED = (
    Matched("SGD", {"rate": 0.1}, _all("sgd")),
    Matched("SGD, momentum 0.9", {"rate": 0.1, "momentum": 0.9}, _all("sgd")),
    Matched("SGD, Nesterov 0.9", {"rate": 0.1, "momentum": 0.9}, _all("sgd", nesterov=True)),
    Matched(
        "SGD, momentum 0.9, weight decay 0.1",
        {"rate": 0.1, "momentum": 0.9, "weight_decay": 0.1},
        _without_optax("sgd"),
    ),
    Matched("Adagrad, initial sum 0", {"rate": 0.1, "initial_accumulator_value": 0.0, "eps": 1e-7}, _all("adagrad")),
    Matched("Adagrad, initial sum 0.1", {"rate": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-7}, _all("adagrad")),
    Matched("Adadelta", _ADADELTA, _all("adadelta")),
    Matched("Adadelta, weight decay 0.1", {**_ADADELTA, "weight_decay": 0.1}, _all("adadelta")),
    Matched("RMSprop", _RMS, _all("rmsprop")),
    Matched("RMSprop, momentum 0.9", {**_RMS, "momentum": 0.9}, _all("rmsprop")),
    Matched("RMSprop, centered", _RMS, _all("rmsprop", centered=True)),
    Matched("Adam", _ADAM, _all("adam")),
    Matched("Adam, epsilon 0.001", {**_ADAM, "eps": 1e-3}, _all("adam")),
    Matched("Adam, weight decay 0.1", {**_ADAM, "weight_decay": 0.1}, _without_optax("adam")),
    Matched("AdamW, weight decay 0.1", {**_ADAM, "weight_decay": 0.1}, _all("adamw")),
    Matched("AMSGrad", _ADAM, _AMSGRAD),
    Matched("AdaMax", _ADAM, _all("adamax")),
    Matched("Nadam", _ADAM, _all("nadam")),
)


class Gap(NamedTuple):
    """How far two frameworks come apart."""

    name: str
    frameworks: tuple[str, str]
    gaps: dict[tuple[float, str], float]  # by gradient scale and kind of rate, as a share of the distance travelled
    computed: tuple[str, ...]  # of the frameworks, those for which the flavor stands in: no golden run has these values


def gaps(directory: Path | str | None = None) -> list[Gap]:
    """The largest gap at the kept steps, over the distance travelled, of each pair of frameworks for each optimizer."""
    load = _loader(directory)
    golden = {framework: load(framework) for framework in FLAVORS}
    found = []
    for matched in MATCHED:
        runs = {framework: _positions(golden[framework], framework, matched) for framework in matched.optimizers}
        for pair in itertools.combinations(runs, 2):
            (left, recorded_left), (right, recorded_right) = (runs[framework] for framework in pair)
            x0 = golden[pair[0]].x0
            gap = {setting: _gap(left[setting], right[setting], x0) for setting in SETTINGS}
            recorded = (recorded_left, recorded_right)
            found.append(Gap(matched.name, pair, gap, tuple(f for f, known in zip(pair, recorded) if not known)))
    return found


def table_of_gaps(directory: Path | str | None = None) -> str:
    """`gaps` as Markdown; 0 stands for rounding, and † for a flavor that stands in for its framework."""
    head = [f"scale {scale:g}, {rate}" for scale, rate in SETTINGS]
    lines = [f"| optimizer | between | {' | '.join(head)} |", "|---|---|" + "---|" * len(head)]
    last = None
    for gap in gaps(directory):
        between = " and ".join(framework + "†" * (framework in gap.computed) for framework in gap.frameworks)
        figures = ["0" if share < ROUNDING else f"{share:.1e}" for share in gap.gaps.values()]
        lines.append(f"| {f'**{gap.name}**' if gap.name != last else ''} | {between} | {' | '.join(figures)} |")
        last = gap.name
    return "\n".join(lines)


def _positions(golden: Any, framework: str, matched: Matched) -> tuple[dict[Any, Any], bool]:
    """Where the optimizer was at the kept steps, by setting, and whether all is from the golden files."""
    optimizer, given = matched.call(framework)
    recorded = {
        (case.scale, case.rate_kind): case.positions
        for case in golden.cases
        if case.optimizer == optimizer and _same_call(golden, case, given)
    }
    if all(setting in recorded for setting in SETTINGS):
        return recorded, True
    rate = given.pop(golden.rate_argument)
    decays = {"constant": 1.0, "decaying": golden.rate_decay}
    flavor = getattr(FLAVORS[framework], optimizer)
    runs = [flavor(**given, **{golden.rate_argument: exponential(rate, 1, decays[kind])}) for _, kind in SETTINGS]
    with jax.enable_x64(True):
        stack = jax.tree.map(lambda *leaves: np.stack(leaves), *runs)
        gradients = np.stack([scale * golden.gradients for scale, _ in SETTINGS])
        paths = np.asarray(_run_all(stack, gradients, golden.x0))
    return {setting: path[list(golden.steps)] for setting, path in zip(SETTINGS, paths)}, False


def _same_call(golden: Any, case: Any, given: dict[str, Any]) -> bool:
    known = golden.defaults[case.optimizer] | case.arguments | {golden.rate_argument: case.rate}
    return all(known[name] == value for name, value in given.items())


@jax.jit
def _run_all(optimizers: Any, gradients: Any, x0: Any) -> Any:
    """The points [runs, steps + 1, n] that a stack of optimizers visits, on gradients [runs, steps, n]."""

    def run(tx, gradients):
        def step(carry, gradient):
            x, state = carry
            updates, state = tx.update(gradient, state, x)
            return (x + updates, state), x + updates

        return jnp.concatenate([x0[None], jax.lax.scan(step, (x0, tx.init(x0)), gradients)[1]])

    return jax.vmap(run)(optimizers, gradients)


def _gap(left: Any, right: Any, x0: Any) -> float:
    distance = max(np.abs(left - x0).max(), np.abs(right - x0).max())
    return float(np.abs(left - right).max() / distance)


def _loader(directory: Path | str | None) -> Any:
    given = Path(__file__).parents[2] / "tests" / "golden" if directory is None else Path(directory)
    if not (given / "load.py").exists():
        raise FileNotFoundError(
            f"no golden files in {given}: they are in the repository, under tests/golden, and not in the package; "
            f"pass that directory of a clone"
        )
    return runpy.run_path(str(given / "load.py"))["load"]


if __name__ == "__main__":
    print(table_of_gaps(*sys.argv[1:2]), table_of_defaults(), sep="\n\n")
