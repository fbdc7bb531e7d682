"""Write torch_states.json: states of torch's optimizers after five steps, and their next three steps.

Run it in the environment that README.md describes: `oracle/bin/python tests/golden/generate_torch_states.py`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "adam": ("Adam", {"lr": 0.1}),
    "adamw_amsgrad": ("AdamW", {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True}),
    "sgd": ("SGD", {"lr": 0.1}),
    "sgd_momentum": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    "sgd_nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {"lr": 0.1, "centered": True, "momentum": 0.9}),
    "adagrad": ("Adagrad", {"lr": 0.1}),
    "adadelta": ("Adadelta", {"lr": 0.1}),
    "adamax": ("Adamax", {"lr": 0.1}),
    "nadam": ("NAdam", {"lr": 0.1}),
}
SHAPES = [(3, 2), (3,)]  # a layer's weight, [out, in], and its bias


def gradient(step: int) -> list[torch.Tensor]:
    return [torch.cos(step + torch.arange(1.0, int(np.prod(shape)) + 1)).reshape(shape) for shape in SHAPES]


def run(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    params = [torch.nn.Parameter(torch.linspace(-1, 1, int(np.prod(shape))).reshape(shape)) for shape in SHAPES]
    optimizer = getattr(torch.optim, name)(params, foreach=False, **arguments)
    record: dict[str, Any] = {"optimizer": name, "arguments": arguments}
    for step in range(8):
        if step == 5:
            state = optimizer.state_dict()["state"]
            record["state"] = {
                index: {
                    key: value if value is None else torch.as_tensor(value).tolist() for key, value in arrays.items()
                }
                for index, arrays in state.items()
            }
            record["params"] = [[p.tolist() for p in params]]
        for param, g in zip(params, gradient(step)):
            param.grad = g
        optimizer.step()
        if step >= 5:
            record["params"].append([p.tolist() for p in params])
    return record


if __name__ == "__main__":
    about = {"torch": torch.__version__, "cases": {key: run(*case) for key, case in CASES.items()}}
    path = Path(__file__).with_name("torch_states.json")
    path.write_text(json.dumps(about) + "\n", encoding="utf-8")
