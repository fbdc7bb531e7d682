"""Facts about the recipes of the gallery: what they are at their defaults, what they need, and what they keep."""

from __future__ import annotations

import inspect
import re
from typing import Any

import jax
import jax.numpy as jnp
from recipe_behavior.backgrounds import LAYER

from gradlab.core.transformation_calls import signals_of
from gradlab.flavors.framework_names import FLAVORS
from gradlab.lab._results.step_costs import count_state_bytes
from gradlab.registry import Entry
from gradlab.states.named_leaves import name_leaves

SIGNALS = {
    "params": ("params", "the parameters"),
    "value": ("value=loss", "the loss at the parameters"),
    "gradient_fn": ("gradient_fn=gradient_fn", "a function that returns the gradient at other parameters"),
}
POINTS = {
    "eval_params": "Evaluate the model at `gl.eval_params(tx, state, params)`, and not at `params`.",
    "gradient_params": "Take the gradient at `gl.gradient_params(tx, state, params)`, and not at `params`.",
}
# What is in arrays whose names do not say it, by a part of their link, in the letters of the page.
STATES = {
    "minimize_loss_model/mean/": (
        "Of the arrays whose names end in a number, 0 is the average of the gradients, 1 that of the losses, "
        "$\\bar f_t$, and 2 that of the products of gradients and parameters, $\\gamma_t$."
    ),
    "scale_by_kronecker": (
        "`total/0` is $L_t$ and `total/1` is $R_t$; `roots/0` and `roots/1` are the powers of both that multiply the "
        "gradient."
    ),
    "scale_by_whitening": (
        "`factors/0` is $Q_t$ and `factors/1` is $P_t$; `wait` is the number of updates until the next fit."
    ),
    "`mechanic`": (
        "`way` is $\\Delta_t$. With an element for each $\\beta$, `scale` is $s_t$, `largest` is $m'_t$, "
        "`second_moment` is $v_t$, and `reward` is $r_t$."
    ),
    "`prodigy_distance`": "`start` is $x_0$, `gradients` is $s_t$, `progress` is $r_t$, and `distance` is $D_t$.",
    "/eigenbasis": "`left` is $Q_t$ and `right` is $P_t$; `rows` is $L_t$ and `columns` is $R_t$.",
}


def make_default(entry: Entry) -> Any:
    """Return the value of a factory at its defaults, or the example of one that has none."""
    needs = any(parameter.default is inspect.Parameter.empty for parameter in entry.factory.factory.parameters.values())
    return entry.example if needs else entry.factory()


def needed_signals(tx: Any) -> list[str]:
    """Return which of `SIGNALS` an update needs beside the gradient. Raises ValueError for one that is not there."""
    params = {"x": jax.ShapeDtypeStruct((4, 2), jnp.float32)}
    named = signals_of(tx) - {"grads"}

    def step(x):
        extra = {"value": jnp.ones(()), "gradient_fn": lambda x: x}
        return tx.update(x, tx.init(x), **{name: extra[name] for name in named if name in extra})

    try:
        jax.eval_shape(step, params)
    except ValueError:  # without parameters
        named |= {"params"}
    return sorted(named, key=list(SIGNALS).index)


def make_flavors(name: str) -> dict[str, Any]:
    """Return what other libraries make of a recipe at their defaults, by the names in gradlab, with links."""
    factories = {f"{key}.{name}": getattr(module, name, None) for key, module in FLAVORS.items()}
    made: dict[str, Any] = {}
    for key, factory in factories.items():
        if factory is not None:
            defaults = {argument: parameter.default for argument, parameter in factory.factory.parameters.items()}
            needs_rate = defaults.get("learning_rate", 0) in (None, inspect.Parameter.empty)  # optax's have no default
            link = f"{{py:obj}}`gl.flavors.{key} <{factory.__module__}.{factory.__qualname__}>`"
            made[link] = factory(**{"learning_rate": 0.001} if needs_rate else {})
    return made


def names_in(text: str) -> set[str]:
    """Return the optimizers that the code in a text compares, but not those that a wrapper holds in it."""
    calls = re.finditer(r"\b(?:gl|optax(?:\.contrib)?)\.(\w+)", text)
    return {call[1] for call in calls if not re.search(r"\b(gl|optax)\.[\w.]+\($", text[: call.start()])}


def read_state(tx: Any) -> tuple[list[list[str]], float]:
    """Return the arrays of the state for `LAYER` as rows of a table, and its bytes for each parameter."""
    params = {key: jax.ShapeDtypeStruct(shape, jnp.float32) for key, shape in LAYER.items()}
    state = jax.eval_shape(tx.init, params)
    rows: dict[tuple[str, str], list[Any]] = {}
    for leaf, array in zip(name_leaves(tx, state, params), jax.tree.leaves(state), strict=True):
        rows.setdefault((leaf.link, leaf.field), []).append(array)
    shown = [
        [
            f"`{link}`",
            f"`{field}`",
            ", ".join(" by ".join(map(str, array.shape)) or "a number" for array in reversed(arrays)),  # kernel first
            f"{sum(array.size * array.dtype.itemsize for array in arrays):,}",
        ]
        for (link, field), arrays in rows.items()
    ]
    return shown, count_state_bytes(tx, LAYER)


def explain_state(rows: list[list[str]]) -> list[str]:
    """Return the sentences below the table of a state: on estimators, terms of a sum, matrices, means and blocks."""
    links, shapes = " ".join(row[0] for row in rows), [row[2] for row in rows if "/factored_mean" not in row[0]]
    texts = []
    if re.search(r"add/chain_\d", links):
        texts.append("In a link such as `add/chain_2`, `chain` is the first term of the sum, and `chain_2` the second.")
    if "scale_by_rms/second_moment/" in links:
        texts.append("`second_moment` is the estimator that `scale_by_rms` has as its `decay`.")
    if "scale_by_rms/second_moment/scale_by_momentum" in links:
        texts.append("A number as `decay` stands for `scale_by_momentum` with this decay, here of squares.")
    texts += [text for link, text in STATES.items() if link in links]
    if any(shape.startswith("1 by") for shape in shapes):
        sides = ", of outputs by inputs" if any(re.match(r"1 by \d+ by", shape) for shape in shapes) else ""
        texts.append(f"The leading 1 of a shape counts the matrices in a leaf. The kernel is one{sides}.")
    if "/factored_mean" in links:
        texts.append(
            "A mean has the size 1 along the axis over which it is taken. The bias is not factored: in `rows` is the "
            "running mean of each of its elements, and in `columns` a zero that is not used."
        )
    if "/block_mean" in links:
        texts.append("A block has one number: each output of the kernel is a block.")
    return ["", " ".join(texts), ""] if texts else []
