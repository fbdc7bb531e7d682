"""Record what torch, keras and optax compute, as golden files that the flavors are tested against.

    python tests/golden/generate.py torch|keras|optax|optim_db

needs an environment with that framework (README.md says which). It runs the optimizers with the arguments that
`variants.json` lists, and writes `<framework>.npz` beside this file, for `load.py`. Everything is float64 on one CPU,
and deterministic except for the date.
"""

import datetime
import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
SEED = 20261122
STEPS = 100
STORED_STEPS = (0, 1, 2, 3, 5, 10, 20, 50, 100)  # the steps whose positions are stored
SCALES = {"1": 1.0, "1e-4": 1e-4}  # of the gradient
RATE_KINDS = ("constant", "decaying")
DECAY = 0.97  # a decaying rate is rate * DECAY**t at the steps t = 0, 1, ...

Array = NDArray[np.float64]
Arguments = dict[str, Any]


class Run(NamedTuple):
    """One optimizer on one sequence of gradients."""

    optimizer: str  # its name in variants.json
    arguments: Arguments
    rate: float
    decaying: bool
    gradients: Array  # [STEPS, n]
    x0: Array  # [n]


class Framework(NamedTuple):
    """The functions that find and run the optimizers of one framework."""

    version: str
    rate_argument: str
    find: Callable[[str], Callable[..., Any]]  # by the name in variants.json
    positions: Callable[[Run], Array]  # [STEPS + 1, n]


def draw_problem() -> tuple[Array, Array]:
    """Return the gradients [STEPS, 7], which do not depend on x, and the starting point [7].

    Each coordinate separates optimizers that look alike on the others.
    """
    rng = np.random.default_rng(SEED)
    noise = rng.standard_normal((STEPS, 7))
    t = np.arange(STEPS)
    gradients = np.stack(
        [
            noise[:, 0],  # dense
            np.where(t < 10, 5.0, 0.3) * noise[:, 1],  # a burst, which a running maximum outlives
            np.where((t % 9 == 4) | (t == 70), noise[:, 2], 0.0),  # sparse, zero at step one
            np.where(t % 2 == 0, 1.0, -1.0) * (1.0 + 0.1 * noise[:, 3]),  # flips its sign
            np.full(STEPS, 0.7),  # constant
            1e-3 * noise[:, 5],  # tiny: it shows where the epsilon goes
            0.5 + 0.02 * t + 0.3 * noise[:, 6],  # growing
        ],
        axis=1,
    )
    x0 = rng.uniform(0.1, 0.5, 7) * np.array([1, -1, 1, -1, 1, -1, 1])
    return gradients, x0


def torch_framework() -> Framework:
    """Return torch; the rate decays by assignment to the parameter group, as in its schedulers."""
    torch = importlib.import_module("torch")  # so that types check where torch is not installed

    torch.set_default_dtype(torch.float64)  # NAdam keeps its product of momenta in the default dtype
    torch.set_num_threads(1)
    find = find_classes(torch.optim, "SGD Adagrad Adadelta RMSprop Adam AdamW Adamax NAdam")

    def trajectory(run: Run, *, foreach: bool) -> Array:
        x = torch.nn.Parameter(torch.tensor(run.x0))
        optimizer = find(run.optimizer)([x], **run.arguments, foreach=foreach)
        positions = [run.x0]
        for t, g in enumerate(run.gradients):
            if run.decaying:
                optimizer.param_groups[0]["lr"] = run.rate * DECAY**t
            x.grad = torch.tensor(g)
            optimizer.step()
            positions.append(x.detach().numpy().copy())
        return np.stack(positions)

    def positions(run: Run) -> Array:
        return require_agreement(trajectory(run, foreach=False), trajectory(run, foreach=True), run)

    return Framework(str(torch.__version__), "lr", find, positions)


def keras_framework() -> Framework:
    """Return keras, on its JAX backend; the rate decays by schedule, or by assignment."""
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_ENABLE_X64"] = "1"
    keras = importlib.import_module("keras")

    keras.backend.set_floatx("float64")
    find = find_classes(keras.optimizers, "SGD Adagrad Adadelta RMSprop Adam AdamW Adamax Nadam")

    def trajectory(run: Run, *, assign: bool) -> Array:
        arguments = run.arguments
        if run.decaying and not assign:
            schedule = keras.optimizers.schedules.ExponentialDecay(run.rate, 1, DECAY)
            arguments = arguments | {"learning_rate": schedule}
        optimizer = find(run.optimizer)(**arguments)
        x = keras.Variable(run.x0, dtype="float64")
        positions = [run.x0]
        for t, g in enumerate(run.gradients):
            if run.decaying and assign:
                optimizer.learning_rate = run.rate * DECAY**t
            optimizer.apply([keras.ops.convert_to_tensor(g)], [x])
            positions.append(np.asarray(x.value))
        return np.stack(positions)

    def positions(run: Run) -> Array:
        return require_agreement(trajectory(run, assign=False), trajectory(run, assign=True), run)

    return Framework(keras.__version__, "learning_rate", find, positions)


def optax_framework() -> Framework:
    """Return optax, not compiled; the rate decays by schedule."""
    os.environ["JAX_ENABLE_X64"] = "1"
    import jax
    import jax.numpy as jnp

    optax = importlib.import_module("optax")

    def find(name: str) -> Callable[..., Any]:
        return getattr(optax, name)

    def positions(run: Run) -> Array:
        arguments = run.arguments
        if run.decaying:
            # Not optax.exponential_decay: its power is float32 even where all else is float64.
            def schedule(count: jax.Array) -> jax.Array:
                return run.rate * DECAY ** count.astype(jnp.float64)

            arguments = arguments | {"learning_rate": schedule}
        return run_optax(find(run.optimizer)(**arguments), run)

    return Framework(optax.__version__, "learning_rate", find, positions)


def run_optax(tx: Any, run: Run) -> Array:
    """Return the positions of an optax transformation, [STEPS + 1, n]. It runs in a Python loop, not compiled."""
    import jax.numpy as jnp

    optax = importlib.import_module("optax")
    x = jnp.asarray(run.x0)
    state = tx.init(x)
    positions = [run.x0]
    for g in run.gradients:
        updates, state = tx.update(jnp.asarray(g), state, x)
        x = optax.apply_updates(x, updates)
        positions.append(np.asarray(x))
    return np.stack(positions)


# "optim_db" are the configurations with which PyTorch tests its own optimizers, in
# torch/testing/_internal/common_optimizers.py.
FRAMEWORKS = {
    "torch": torch_framework,
    "keras": keras_framework,
    "optax": optax_framework,
    "optim_db": torch_framework,
}


def find_classes(module: Any, names: str) -> Callable[[str], Callable[..., Any]]:
    """Return a function that finds the classes of these names in a module by their names in lower case."""
    return {name.lower(): getattr(module, name) for name in names.split()}.__getitem__


def require_agreement(positions: Array, others: Array, run: Run) -> Array:
    """Return the positions, after checking that a second way to compute them agrees up to rounding."""
    gap, distance = np.abs(positions - others).max(), np.abs(positions - run.x0).max()
    assert gap <= 1e-11 * distance + 1e-15, f"the gap is {gap} at a distance of {distance}: {run}"
    return positions


def run_cases(framework: Framework, variants: dict[str, list[Arguments]]) -> Iterator[tuple[Any, Array]]:
    """Yield the description of every case, and its positions at STORED_STEPS."""
    gradients, x0 = draw_problem()
    for optimizer, several in variants.items():
        parameters = inspect.signature(framework.find(optimizer)).parameters
        for listed in several:
            arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in listed.items()}
            rate = arguments.get(framework.rate_argument, parameters[framework.rate_argument].default)
            given = ",".join(f"{key}={value}".replace(" ", "") for key, value in arguments.items())
            for scale_name, scale in SCALES.items():
                for kind in RATE_KINDS:
                    name = f"{optimizer}/{given or 'defaults'}/scale={scale_name}/rate={kind}"
                    decaying = kind == "decaying"
                    run = Run(optimizer, arguments, rate, decaying, scale * gradients, x0)
                    positions = framework.positions(run)
                    assert positions.dtype == np.float64, name
                    assert np.isfinite(positions).all(), name
                    assert (positions != x0).any(axis=0).all(), f"{name}: a coordinate rests"
                    description = {
                        "name": name,
                        "optimizer": optimizer,
                        "arguments": arguments,
                        "scale": scale,
                        "rate": rate,
                        "rate_kind": kind,
                    }
                    yield description, positions[list(STORED_STEPS)]


def describe_signature(optimizer: Callable[..., Any]) -> Arguments:
    """Return the names of the parameters in order, and the defaults of those that have one."""
    parameters = [
        parameter
        for parameter in inspect.signature(optimizer).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return {"parameters": [p.name for p in parameters], "defaults": defaults}


def main(name: str) -> None:
    """Write `<name>.npz`."""
    framework = FRAMEWORKS[name]()
    variants = json.loads((HERE / "variants.json").read_text())[name]
    gradients, x0 = draw_problem()
    descriptions, positions = zip(*run_cases(framework, variants), strict=True)
    assert len({description["name"] for description in descriptions}) == len(descriptions)
    about = {
        "framework": name,
        "version": framework.version,
        "numpy": np.__version__,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seed": SEED,
        "steps": STORED_STEPS,
        "rate_argument": framework.rate_argument,
        "rate_decay": DECAY,
        "signatures": {optimizer: describe_signature(framework.find(optimizer)) for optimizer in variants},
        "cases": descriptions,
    }
    path = HERE / f"{name}.npz"
    np.savez_compressed(
        path,
        about=np.array(json.dumps(about)),
        gradients=gradients,
        x0=x0,
        positions=np.stack(positions),
    )
    print(f"{path.name}: {framework.version}, {len(descriptions)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in FRAMEWORKS:
        sys.exit(f"usage: python {sys.argv[0]} {'|'.join(FRAMEWORKS)}")
    main(sys.argv[1])
