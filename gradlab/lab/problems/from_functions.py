"""A problem made of the functions of a model in any library, and of a data loader."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...remedies.argument_names import suggest_arguments
from .base import Problem, PyTree, Score
from .loaders import count_batches, digest_batches, read_batches

_MOST_MEASURED = 8  # training batches that are measured, if there are no others


@suggest_arguments
def problem_from(
    init: Callable[[jax.Array], PyTree],
    loss: Callable[..., jax.Array],
    batches: Any,
    *,
    validation: Any = None,
    test: Any = None,
    evaluate: Callable[[PyTree, PyTree], Any] | None = None,
    score: Score | None = None,
    steps: int = 200,
    name: str | None = None,
    summary: str | None = None,
) -> FunctionProblem:
    """Make a problem of the functions of a model, of any library, and of the batches of a data loader.

    `init(key)` returns the parameters, a pytree of float arrays: what is trained, and nothing else.
    `loss(params, batch)` returns a real scalar. The loss of a model that draws random numbers, as for dropout, has an
    argument `key`: training gives it a new key in each step, and evaluation gives none.

    `batches` is an iterable of batches (a list, a data loader, a function that returns a generator). A batch is a
    pytree of arrays of numbers, and all have the same shapes. They are read once, and each run trains on them in a
    random order of its own, again and again. `validation` and `test` are such iterables, too: `evaluate(params, batch)`
    is averaged over each, for the metrics `validation_loss`, which chooses configurations, and `test_loss`, which ranks
    optimizers. Without them, `final_loss` ranks, the average over at most 8 training batches at even distances.

    `evaluate` returns a real scalar, the loss, or several by name, such as `{"loss": ..., "accuracy": ...}`; by
    default, it is `loss`. `score` ranks by another metric than the loss, as with `Score("test_accuracy", "test
    accuracy", higher_is_better=True, logarithmic=False, tolerance=0.01, chosen_by="validation_accuracy")`. `steps` is
    the number of updates in a run. `name` is part of file names, and by default that of the module of `loss`. `summary`
    is a sentence.

    Raises ValueError and TypeError for batches that cannot be used (see `read_batches`), for an `init` that takes no
    key and a `name` with other signs than letters, digits and _, if only one of `validation` and `test` is given, and
    if `loss` cannot be called without a key and there is no `evaluate`.

    >>> batches = [(jnp.array([1.0, 2.0]), jnp.array([2.0, 4.0]))]  # of y = 2 x
    >>> def loss(slope, batch):
    ...     return jnp.mean((slope * batch[0] - batch[1]) ** 2)
    >>> line = gl.lab.problem_from(lambda key: jnp.zeros(()), loss, batches, name="line")
    >>> results = gl.lab.race(line, "sgd", rates=[0.1], seeds=2, steps=20)
    >>> bool((results["line"].loss.isel(step=-1) < 1e-3).all())
    True
    """
    for label, function in (("init", init), ("loss", loss), ("evaluate", evaluate)):
        if not callable(function) and not (label == "evaluate" and function is None):
            raise TypeError(f"{label} must be a function, {_CALLS[label]}, got {type(function).__name__}")
    _require_key_alone(init)
    if name is not None and not re.fullmatch(r"[A-Za-z]\w*", str(name)):
        raise ValueError(
            f"name must begin with a letter and have letters, digits and _ only, because it is part of file names; got "
            f"{name!r}"
        )
    takes_key, needs_key = _read_key_argument(loss)
    if evaluate is None and needs_key:
        raise ValueError(
            "loss needs a key, which evaluation does not give; write loss(params, batch, key=None), without dropout "
            "where key is None, or pass evaluate=, a function of params and batch"
        )
    if (validation is None) != (test is None):
        given, missing = ("validation", "test") if test is None else ("test", "validation")
        raise ValueError(
            f"{given} is given without {missing}: one sample chooses configurations and the other one ranks; split "
            f"it, as with validation=held_out[::2], test=held_out[1::2]"
        )
    train = read_batches(batches, "batches")
    count = count_batches(train)
    if validation is None or test is None:
        default = Score("final_loss", "final loss")
        measured = np.linspace(0, count - 1, min(count, _MOST_MEASURED)).round().astype(int)
        samples = {"final": jax.tree.map(lambda leaf: leaf[measured], train)}
    else:
        default = Score("test_loss", "test loss", chosen_by="validation_loss")
        samples = {"validation": read_batches(validation, "validation"), "test": read_batches(test, "test")}
    return FunctionProblem(
        init, loss, evaluate or loss, takes_key, train, samples, score or default, steps, name, summary
    )


class FunctionProblem(Problem):
    """The problem that `problem_from` returns, with the parts that `gradlab.lab.problems.base.Problem` lists."""

    def __init__(
        self,
        init: Callable[[jax.Array], PyTree],
        loss: Callable[..., jax.Array],
        evaluate: Callable[[PyTree, PyTree], Any],
        takes_key: bool,
        train: PyTree,
        samples: Mapping[str, PyTree],
        score: Score,
        steps: int,
        name: str | None,
        summary: str | None,
    ):
        self._init, self._loss, self._evaluate, self._takes_key = init, loss, evaluate, takes_key
        self._train, self._samples = train, samples
        self._text = f"problem_from({count_batches(train)} batches, data {digest_batches(train, *samples.values())})"
        module = str(getattr(loss, "__module__", "")).rpartition(".")[2].strip("_") or "model"
        about = f"The model of {module}, on {count_batches(train)} batches of a data loader."
        self.score, self.steps = score, steps  # type: ignore[misc]  # of this problem, and not of all
        self.name = module.lower() if name is None else name
        self.summary = about if summary is None else summary

    def __repr__(self) -> str:
        return self._text  # part of the plan by which a folder is resumed, so other data are another problem

    def init(self, key: jax.Array) -> PyTree:
        params = self._init(key)
        for path, leaf in jax.tree_util.tree_leaves_with_path(params):
            if not (hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.inexact)):
                what = leaf.dtype if hasattr(leaf, "dtype") else type(leaf).__name__
                raise TypeError(
                    f"init returns {what} at {jax.tree_util.keystr(path)}, which cannot be trained; return the "
                    "parameters alone, as with nnx.state(model, nnx.Param) or eqx.filter(model, eqx.is_inexact_array)"
                )
        return params

    def loss(self, params: PyTree, batch: PyTree) -> jax.Array:
        own = jax.tree.map(lambda leaf: jnp.asarray(leaf)[batch["number"]], self._train)
        key = {"key": batch["key"]} if self._takes_key else {}
        return _require_no_state(self._loss(params, own, **key), "loss")

    def batches(self, key: jax.Array, steps: int) -> PyTree:
        order, keys = jax.random.split(key)
        count = count_batches(self._train)
        epochs = jax.random.split(order, -(-steps // count))
        numbers = jax.vmap(lambda key: jax.random.permutation(key, jnp.arange(count, dtype=jnp.int32)))(epochs)
        drawn = {"number": numbers.ravel()[:steps]}
        return drawn | {"key": jax.random.split(keys, steps)} if self._takes_key else drawn

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        return {
            f"{kind}_{name}": value
            for kind, sample in self._samples.items()
            for name, value in self._average(params, sample).items()
        }

    def _average(self, params: PyTree, sample: PyTree) -> dict[str, jax.Array]:
        # One batch after the other, because the activations of all batches at once may not fit into memory.
        values = jax.lax.map(lambda batch: self._measure(params, batch), jax.tree.map(jnp.asarray, sample))
        return {name: jnp.mean(value) for name, value in values.items()}

    def _measure(self, params: PyTree, batch: PyTree) -> dict[str, jax.Array]:
        found = self._evaluate(params, batch)
        if not isinstance(found, Mapping):
            found = {"loss": _require_no_state(found, "evaluate")}
        return {name: jnp.asarray(value) for name, value in found.items()}


def _require_no_state(value: Any, function: str) -> Any:
    """Return the value of a function of the user. Raises TypeError for a pair of a loss and something else."""
    if isinstance(value, (tuple, list)):
        raise TypeError(
            f"{function} returns a {type(value).__name__}, expected the scalar alone: a run keeps parameters and no "
            "other state. Let batch norms normalize by their batch (use_running_average=False) without averages, or "
            "take layer norms"
        )
    return value


def _require_key_alone(init: Callable[..., Any]) -> None:
    """Raise TypeError for an `init` that cannot be called with a key alone."""
    try:
        signature = inspect.signature(init)
    except (TypeError, ValueError):  # a function that does not tell
        return
    try:
        signature.bind(None)
    except TypeError as error:
        raise TypeError(
            f"init must be a function, {_CALLS['init']}, got one that cannot be called with a key alone: {error}"
        ) from None


def _read_key_argument(loss: Callable[..., Any]) -> tuple[bool, bool]:
    """Return whether a loss has an argument `key`, and whether it must be given. Raises ValueError for other names."""
    try:
        parameters = list(inspect.signature(loss).parameters.values())
    except (TypeError, ValueError):  # a function that does not tell
        return False, False
    first, second = ([p.name for p in parameters] + ["", ""])[:2]
    if "param" in second and "batch" in first:
        raise ValueError(f"loss takes ({first}, {second}), but is called as loss(params, batch); exchange the two")
    required = [p for p in parameters if p.default is inspect.Parameter.empty and p.kind not in _VARIADIC]
    if len(required) > 2 and required[2].name != "key":
        raise ValueError(
            f"loss must take params, batch and perhaps key, but needs {required[2].name!r}; name it key if it is for "
            "random numbers, or give it a default"
        )
    keys = [p for p in parameters if p.name == "key"]
    return bool(keys), bool(keys) and keys[0].default is inspect.Parameter.empty


_CALLS = {
    "init": "init(key), that returns the parameters (for a tree: init=lambda key: tree)",
    "loss": "loss(params, batch)",
    "evaluate": "evaluate(params, batch)",
}  # how each function is called
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
