"""`state_from_torch`, which goes on from the `state_dict` of an optimizer of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.base import Transformation
from ..selectors.leaves import read_leaves
from .argument_order import raise_exchanged, require_optimizer_first
from .foreign_arrays import ForeignArray, take_over
from .other_values import list_other_values
from .transfer import TransferReport

# What PyTorch's optimizers keep for each parameter.
_QUANTITIES = {
    "step": "step",
    "exp_avg": "momentum",
    "exp_avg_sq": "second moment",
    "max_exp_avg_sq": "largest second moment",
    "momentum_buffer": "momentum",
    "square_avg": "second moment",
    "grad_avg": "mean",
    "acc_delta": "second moment of the updates",
    "exp_inf": "infinity norm",
    "sum": "sum of squares",
}

_CALL = "state_from_torch(tx, params, state_dict, parameters)"

Parameter = str | tuple[str, Callable[[np.ndarray], Any]]


def state_from_torch(
    tx: Transformation,
    params: Any,
    state_dict: Mapping[str, Any],
    parameters: Sequence[Parameter],
    *,
    step: int | None = None,
) -> tuple[Any, TransferReport]:
    """Return the state of an optimizer that goes on from that of the same optimizer of PyTorch, and a report.

    `tx` is a recipe such as `gl.adam(1e-3)`, or a flavor (`gl.flavors.torch.adam(1e-3)`). `state_dict` is what
    `optimizer.state_dict()` returned, with tensors or NumPy arrays. `parameters` are the paths of the parameters in
    `params`, such as `dense/kernel`, in the order in which the optimizer of PyTorch got them. A pair of a path and a
    function converts arrays from the layout of PyTorch: `("dense/kernel", np.transpose)`. `step` is the number of steps
    for an optimizer that counts none, such as SGD, where a schedule here needs it. The report lists all arrays, as that
    of `state_from_dict` does, and its `differences` where the checkpoint has another learning rate, decay or weight
    decay. With them the report is complete all the same, since they may be meant.

    Raises ValueError if the numbers of parameters differ, if a path is not one of `params`, or if some parameters took
    more steps than others, and TypeError for arguments in another order.

    >>> moments = {"step": 1, "exp_avg": np.array([0.2, -0.4]), "exp_avg_sq": np.array([0.004, 0.016])}
    >>> state_dict = {"state": {0: moments}, "param_groups": [{"params": [0]}]}
    >>> state, report = gl.state_from_torch(gl.adam(0.1), {"bias": jnp.zeros(2)}, state_dict, ["bias"])
    >>> print(state[0].moment["bias"])
    [ 0.2 -0.4]
    """
    require_optimizer_first(_CALL, tx, params, state_dict, parameters)
    if _is_state_dict(params) and not _is_state_dict(state_dict):
        raise_exchanged(_CALL, "params", params, "state_dict", state_dict)
    known = {path for path, _ in _list_parameters(params)}
    paths = [parameter if isinstance(parameter, str) else parameter[0] for parameter in parameters]
    unknown = [path for path in paths if path not in known]
    if unknown:
        raise ValueError(f"there is no parameter {unknown[0]!r}; the parameters are {', '.join(sorted(known))}")
    indices = [index for group in state_dict["param_groups"] for index in group["params"]]
    if len(indices) != len(parameters):
        raise ValueError(
            f"the optimizer of PyTorch has {len(indices)} parameters, and {len(parameters)} paths were passed; pass "
            f"one for each, in its order"
        )
    found = list(_read(state_dict["state"], dict(zip(indices, parameters, strict=True))))
    steps = {int(array.value) for array in found if array.quantity == "step"}
    if len(steps) > 1:
        raise ValueError(
            f"the parameters took different numbers of steps, {', '.join(map(str, sorted(steps)))}, and gradlab keeps "
            f"one for all; give those with fewer steps a group of their own (gl.partition), and import each group"
        )
    state, report = take_over(tx, params, found, next(iter(steps), step))
    remarks = (*report.remarks, *_remark_on_shapes(params, found))
    return state, report._replace(remarks=remarks, differences=tuple(list_other_values(tx, state_dict["param_groups"])))


def _is_state_dict(tree: Any) -> bool:
    return isinstance(tree, Mapping) and {"state", "param_groups"} <= set(tree)


def _list_parameters(params: Any) -> Iterator[tuple[str, Any]]:
    for leaf in read_leaves(params):
        yield leaf.name, leaf


def _remark_on_shapes(params: Any, found: Sequence[ForeignArray]) -> Iterator[str]:
    """Yield for each parameter whose arrays have another shape in PyTorch how to pass a conversion."""
    shapes = {name: tuple(leaf.shape) for name, leaf in _list_parameters(params)}
    others = {array.parameter: np.shape(array.value) for array in found if np.ndim(array.value)}
    for path, shape in others.items():
        if path in shapes and shape != shapes[path]:
            is_transposed = shape == shapes[path][::-1]
            pair = f"({path!r}, {'np.transpose' if is_transposed else 'function'})"
            yield (
                f"{path} has the shape {list(shapes[path])} and its arrays from PyTorch {list(shape)}; pass the pair "
                f"{pair} among the parameters{'' if is_transposed else ', with a function that converts them'}"
            )


def _read(state: Mapping[Any, Any], parameters: Mapping[Any, Parameter]) -> Iterator[ForeignArray]:
    for index, arrays in state.items():
        parameter = parameters[index]
        path, convert = (parameter, None) if isinstance(parameter, str) else parameter
        for field, value in arrays.items():
            if value is None:  # a momentum before its first step
                continue
            array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
            array = convert(array) if convert is not None and array.ndim else array
            quantity = _QUANTITIES.get(field, "")
            reason = "" if quantity else f"gradlab knows no {field}; counters are computed from the steps"
            owner = path if quantity != "step" else ""
            yield ForeignArray(f"torch:{field}:{path}", quantity, owner, array, reason=reason)
