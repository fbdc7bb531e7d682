"""The tables of `docs/flavors.md`: where PyTorch, Keras and optax differ, from the golden files in `tests/golden`.

`python docs/_extensions/framework_differences.py` prints them.
"""

from __future__ import annotations

import itertools
import runpy
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.flavors.framework_names import FLAVORS, format_defaults, name_arguments, read_defaults
from gradlab.schedules import exponential

GOLDEN_FILES = Path(__file__).parents[2] / "tests" / "golden"

SETTINGS = tuple(itertools.product((1.0, 1e-4), ("constant", "decaying")))  # the scale of the gradients, the rate
ROUNDING = 1e-11  # of the distance travelled: a smaller gap is rounding, and is shown as 0


class Matched(NamedTuple):
    """One optimizer at the same hyperparameters in several frameworks."""

    name: str
    common: dict[str, Any]  # hyperparameters, by their common names
    optimizers: dict[str, tuple[str, dict[str, Any]]]  # by framework: its optimizer, and arguments that only it takes

    def call(self, framework: str) -> tuple[str, dict[str, Any]]:
        """Return the optimizer and all its arguments, by the names of a framework."""
        optimizer, extra = self.optimizers[framework]
        return optimizer, read_defaults(framework, optimizer) | name_arguments(framework, **self.common) | extra


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
    """The distance between the results of two frameworks."""

    name: str
    frameworks: tuple[str, str]
    gaps: dict[tuple[float, str], float]  # by gradient scale and kind of rate, as a share of the distance travelled
    computed: tuple[str, ...]  # the frameworks whose flavor stands in, because no golden run has these values


def gaps() -> list[Gap]:
    """Return the largest gap at the recorded steps, over the distance travelled, of each pair for each optimizer."""
    load = runpy.run_path(str(GOLDEN_FILES / "load.py"))["load"]
    golden = {framework: load(framework) for framework in FLAVORS}
    rows = []
    for matched in MATCHED:
        runs = {framework: _positions(golden[framework], framework, matched) for framework in matched.optimizers}
        for pair in itertools.combinations(runs, 2):
            (left, recorded_left), (right, recorded_right) = (runs[framework] for framework in pair)
            x0 = golden[pair[0]].x0
            gap = {setting: _gap(left[setting], right[setting], x0) for setting in SETTINGS}
            recorded = (recorded_left, recorded_right)
            rows.append(Gap(matched.name, pair, gap, tuple(f for f, known in zip(pair, recorded) if not known)))
    return rows


def table_of_gaps() -> str:
    """Return `gaps` as Markdown; 0 stands for rounding, and † for a flavor that stands in for its framework."""
    head = [f"scale {scale:g}, {rate}" for scale, rate in SETTINGS]
    lines = [f"| optimizer | between | {' | '.join(head)} |", "|---|---|" + "---|" * len(head)]
    last = None
    for gap in gaps():
        between = "\u00a0and\u00a0".join(framework + "†" * (framework in gap.computed) for framework in gap.frameworks)
        figures = ["0" if share < ROUNDING else f"{share:.2g}" for share in gap.gaps.values()]
        lines.append(f"| {f'**{gap.name}**' if gap.name != last else ''} | {between} | {' | '.join(figures)} |")
        last = gap.name
    return "\n".join(lines)


def _positions(golden: Any, framework: str, matched: Matched) -> tuple[dict[Any, Any], bool]:
    """Return the positions of the optimizer at the recorded steps, by setting, and whether all are golden."""
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
    """Return the points [runs, steps + 1, n] that a stack of optimizers visits, on gradients [runs, steps, n]."""

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


if __name__ == "__main__":
    print(table_of_gaps(), format_defaults(), sep="\n\n")
