"""Record what torch, keras and optax compute while hyperparameters change from step to step.

    python tests/golden/generate_scheduled.py

needs an environment with all three (README.md says which), and writes `scheduled.npz`. The gradients, the starting
point and the stored steps are those of `generate.py`. torch's hyperparameters are the values of its own schedulers, or
are assigned to the parameter group. keras's learning rate is a `LearningRateSchedule`; its other hyperparameters are
assigned to the optimizer. optax's are injected by `inject_hyperparams`.
"""

import datetime
import functools
import importlib
import json
import os
from typing import Any

import numpy as np
from generate import (  # type: ignore[import-not-found]  # the script beside this one
    HERE,
    STEPS,
    STORED_STEPS,
    Arguments,
    Array,
    Run,
    draw_problem,
    find_classes,
    require_agreement,
    run_optax,
)

T = np.arange(STEPS)
# The values of each schedule by step. Those of the frameworks' own schedules are added below.
TABLES: dict[str, Array] = {
    "falling": 0.95 - 0.1 * T / STEPS,
    "rising": 0.5 + 0.45 * T / STEPS,
    "b2 rising": 0.9 + 0.099 * T / STEPS,
    "late": np.where(T < 7, 0.0, 0.9),  # no momentum at first
    "off and on": np.where((T % 20 >= 5) & (T % 20 < 12), 0.0, 0.9),
    "share": 0.5 * T / STEPS,
    "rate": 0.1 * 0.97**T,
    "small": 1e-3 * 0.95**T,  # an epsilon
    "decay": 0.1 * 0.96**T,  # a weight decay
    "warm-up": 0.1 * np.minimum(1, (T + 1) / 10),
}
RATES = {"torch": "lr", "keras": "learning_rate", "optax": "learning_rate"}

# By framework and optimizer: the constant arguments, then those that change, each with the name of its table.
Calls = list[tuple[Arguments, dict[str, Any]]]
ONE_CYCLE = {"lr": "one_cycle lr", "momentum": "one_cycle momentum"}
ONE_CYCLE_BETAS = {"lr": "one_cycle lr", "betas": ["one_cycle momentum", 0.999]}
CYCLIC_BETAS = {"lr": "cyclic lr", "betas": ["cyclic momentum", 0.999]}
BETAS: dict[str, Any] = {"betas": ["falling", "b2 rising"]}
OPTAX_ADAM: dict[str, Any] = {"learning_rate": "rate", "b1": "falling", "b2": "b2 rising"}
KERAS_ADAM: dict[str, Any] = {"learning_rate": "cosine", "beta_1": "falling", "beta_2": "b2 rising"}


def _adams(*further: dict[str, Any]) -> Calls:
    return [({}, ONE_CYCLE_BETAS), ({}, CYCLIC_BETAS), ({"lr": 0.1}, BETAS), *(({"lr": 0.1}, more) for more in further)]


CALLS: dict[str, dict[str, Calls]] = {
    "torch": {
        "sgd": [
            ({}, ONE_CYCLE),
            ({"nesterov": True}, ONE_CYCLE),
            ({"weight_decay": 0.1}, {"lr": "cyclic lr", "momentum": "cyclic momentum"}),
            ({"lr": 0.1, "dampening": 0.5}, {"momentum": "late"}),
            ({"lr": 0.1, "dampening": 0.5}, {"momentum": "off and on"}),
            ({"lr": 0.1, "momentum": 0.9}, {"dampening": "share", "weight_decay": "decay"}),
        ],
        "rmsprop": [
            ({}, ONE_CYCLE),
            ({"centered": True}, ONE_CYCLE),
            ({"lr": 0.1, "alpha": 0.9}, {"momentum": "off and on", "eps": "small"}),
            ({"lr": 0.1, "momentum": 0.9}, {"alpha": "rising", "weight_decay": "decay"}),
        ],
        "adagrad": [({"lr_decay": 0.1}, {"lr": "rate", "eps": "small"}), ({"lr": 0.1}, {"lr_decay": "decay"})],
        "adadelta": [({}, {"lr": "rate", "rho": "rising", "eps": "small"})],
        "adam": [
            *_adams({"eps": "small", "weight_decay": "decay"}),
            ({"amsgrad": True}, ONE_CYCLE_BETAS),
            ({"lr": 0.1, "amsgrad": True}, BETAS),
        ],
        "adamw": [*_adams({"eps": "small", "weight_decay": "decay"}), ({"amsgrad": True}, ONE_CYCLE_BETAS)],
        "adamax": _adams({"eps": "small", "weight_decay": "decay"}),
        "nadam": [
            *_adams({"momentum_decay": "decay"}),
            ({"decoupled_weight_decay": True, "weight_decay": 0.1}, ONE_CYCLE_BETAS),
        ],
    },
    "keras": {
        "sgd": [
            ({"momentum": 0.9}, {"learning_rate": "cosine", "momentum": "off and on"}),
            ({"momentum": 0.9, "nesterov": True}, {"learning_rate": "cosine", "momentum": "falling"}),
            ({"momentum": 0.9, "weight_decay": 0.1}, {"learning_rate": "inverse_time", "weight_decay": "decay"}),
        ],
        "rmsprop": [
            ({"momentum": 0.9}, {"learning_rate": "cosine", "momentum": "off and on", "rho": "rising"}),
            ({"centered": True}, {"learning_rate": "inverse_time", "epsilon": "small"}),
        ],
        "adagrad": [({}, {"learning_rate": "cosine", "epsilon": "small"})],
        "adadelta": [({}, {"learning_rate": "cosine", "rho": "rising", "epsilon": "small"})],
        "adam": [({}, KERAS_ADAM), ({"amsgrad": True}, KERAS_ADAM), ({}, {"learning_rate": "inverse_time"})],
        "adamw": [({}, KERAS_ADAM), ({}, {"learning_rate": "cosine", "weight_decay": "decay", "epsilon": "small"})],
        "adamax": [({}, KERAS_ADAM), ({}, {"learning_rate": "inverse_time"})],
        "nadam": [({}, KERAS_ADAM), ({}, {"learning_rate": "inverse_time"})],
    },
    "optax": {
        "sgd": [
            ({}, {"learning_rate": "rate", "momentum": "falling"}),
            ({"nesterov": True}, {"learning_rate": "warm-up", "momentum": "off and on"}),
        ],
        "rmsprop": [
            ({"momentum": 0.9}, {"learning_rate": "rate", "decay": "rising", "eps": "small"}),
            ({"bias_correction": True}, {"learning_rate": "rate", "decay": "rising", "momentum": "off and on"}),
        ],
        "adagrad": [({}, {"learning_rate": "rate", "eps": "small"})],
        "adadelta": [({}, {"learning_rate": "rate", "rho": "rising", "eps": "small", "weight_decay": "decay"})],
        "adam": [({}, OPTAX_ADAM), ({"nesterov": True}, OPTAX_ADAM), ({}, {**OPTAX_ADAM, "eps": "small"})],
        "adamw": [({}, OPTAX_ADAM), ({"nesterov": True}, {**OPTAX_ADAM, "weight_decay": "decay"})],
        "nadam": [({}, OPTAX_ADAM), ({}, {"learning_rate": "warm-up", "b1": "rising", "eps_root": "small"})],
        "nadamw": [({}, {**OPTAX_ADAM, "weight_decay": "decay"})],
        "adamax": [({}, OPTAX_ADAM)],
        "adamaxw": [({}, {**OPTAX_ADAM, "weight_decay": "decay"})],
        "amsgrad": [({}, OPTAX_ADAM), ({}, {**OPTAX_ADAM, "b1": "rising", "eps": "small"})],
    },
}


def arguments_at(scheduled: dict[str, Any], step: int) -> Arguments:
    """Return the changing arguments at one step."""

    def value(name: Any) -> Any:
        if isinstance(name, list):
            return tuple(value(one) for one in name)
        return float(TABLES[name][step]) if isinstance(name, str) else name

    return {argument: value(name) for argument, name in scheduled.items()}


def torch_tables() -> None:
    """Read the values of OneCycleLR and CyclicLR, with their default cycling of momentum, off a parameter group."""
    torch = importlib.import_module("torch")
    schedulers = torch.optim.lr_scheduler
    for name, make in {
        "one_cycle": lambda optimizer: schedulers.OneCycleLR(optimizer, max_lr=0.1, total_steps=STEPS),
        "cyclic": lambda optimizer: schedulers.CyclicLR(optimizer, base_lr=0.01, max_lr=0.1, step_size_up=15),
    }.items():
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.Adam([parameter], lr=0.1)
        scheduler = make(optimizer)
        values = []
        for step in range(STEPS):
            values.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"][0]))
            optimizer.step()
            if step < STEPS - 1:
                scheduler.step()
        TABLES[f"{name} lr"], TABLES[f"{name} momentum"] = np.array(values).T


def torch_positions(optimizer: str, constant: Arguments, scheduled: dict[str, Any], run: Run) -> Array:
    """Return torch's positions, after checking that its `foreach` form agrees."""
    torch = importlib.import_module("torch")
    find = find_classes(torch.optim, "SGD Adagrad Adadelta RMSprop Adam AdamW Adamax NAdam")

    def trajectory(*, foreach: bool) -> Array:
        x = torch.nn.Parameter(torch.tensor(run.x0))
        first = {"momentum": 0.9} if "momentum" in scheduled else {}  # so that its state has a momentum buffer
        torch_optimizer = find(optimizer)([x], **constant, **first, foreach=foreach)
        positions = [run.x0]
        for step, g in enumerate(run.gradients):
            torch_optimizer.param_groups[0].update(arguments_at(scheduled, step))
            x.grad = torch.tensor(g)
            torch_optimizer.step()
            positions.append(x.detach().numpy().copy())
        return np.stack(positions)

    return require_agreement(trajectory(foreach=False), trajectory(foreach=True), run)


def keras_tables() -> dict[str, Any]:
    """Return keras's own schedules of the rate, and read their values."""
    keras = importlib.import_module("keras")
    schedules = keras.optimizers.schedules
    own = {
        "cosine": schedules.CosineDecay(0.01, 60, alpha=0.1, warmup_target=0.1, warmup_steps=10),
        "inverse_time": schedules.InverseTimeDecay(0.1, 20, 0.5),
    }
    for name, schedule in own.items():
        TABLES[name] = np.array([float(schedule(step)) for step in range(STEPS)])
    return own


def keras_positions(optimizer: str, constant: Arguments, scheduled: dict[str, Any], run: Run, own: Any) -> Array:
    """Return keras's positions: its rate by a schedule object, the rest assigned at each step."""
    keras = importlib.import_module("keras")
    find = find_classes(keras.optimizers, "SGD Adagrad Adadelta RMSprop Adam AdamW Adamax Nadam")
    keras_optimizer = find(optimizer)(learning_rate=own[scheduled["learning_rate"]], **constant)
    assigned = {argument: name for argument, name in scheduled.items() if argument != "learning_rate"}
    x = keras.Variable(run.x0, dtype="float64")
    positions = [run.x0]
    for step, g in enumerate(run.gradients):
        for argument, value in arguments_at(assigned, step).items():
            setattr(keras_optimizer, argument, value)
        keras_optimizer.apply([keras.ops.convert_to_tensor(g)], [x])
        positions.append(np.asarray(x.value))
    return np.stack(positions)


def optax_positions(optimizer: str, constant: Arguments, scheduled: dict[str, Any], run: Run) -> Array:
    """Return optax's positions, with the changing arguments injected."""
    import jax.numpy as jnp

    optax = importlib.import_module("optax")
    tables = {argument: jnp.asarray(TABLES[name]) for argument, name in scheduled.items()}
    schedules = {argument: lambda count, table=table: table[count] for argument, table in tables.items()}
    tx = optax.inject_hyperparams(getattr(optax, optimizer))(**constant, **schedules)
    return run_optax(tx, run)


def main() -> None:
    """Write `scheduled.npz`."""
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_ENABLE_X64"] = "1"
    torch, keras, optax = (importlib.import_module(name) for name in ("torch", "keras", "optax"))
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    keras.backend.set_floatx("float64")
    torch_tables()
    own = keras_tables()
    run_of: dict[str, Any] = {
        "torch": torch_positions,
        "keras": functools.partial(keras_positions, own=own),
        "optax": optax_positions,
    }
    gradients, x0 = draw_problem()
    cases, positions = [], []
    for framework, optimizers in CALLS.items():
        for optimizer, calls in optimizers.items():
            for constant, scheduled in calls:
                run = Run(optimizer, constant, 0.0, True, gradients, x0)
                path = run_of[framework](optimizer, constant, scheduled, run)
                assert path.dtype == np.float64
                assert np.isfinite(path).all(), (framework, optimizer, constant, scheduled)
                positions.append(path[list(STORED_STEPS)])
                kinds = {"framework": framework, "optimizer": optimizer}
                cases.append(kinds | {"arguments": constant, "scheduled": scheduled})
    about = {
        "versions": {"torch": str(torch.__version__), "keras": keras.__version__, "optax": optax.__version__},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "steps": STORED_STEPS,
        "tables": list(TABLES),
        "cases": cases,
    }
    path = HERE / "scheduled.npz"
    np.savez_compressed(
        path,
        about=np.array(json.dumps(about)),
        tables=np.stack(list(TABLES.values())),
        gradients=gradients,
        x0=x0,
        positions=np.stack(positions),
    )
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
