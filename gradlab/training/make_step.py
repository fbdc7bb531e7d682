"""`make_step`: a compiled training step that updates in place and takes the optimizer as an argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import optax

from ..remedies.argument_names import suggest_arguments
from ..values.factories import accepts
from .extra_arguments import ask_for_batch
from .flax_states import is_nnx_optimizer, is_train_state, step_nnx, step_train_state
from .models import call_joined, call_whole, join, take_apart
from .placement import Placement
from .programs import Options, StepProgram
from .step_arguments import (
    explain_failure,
    explain_first,
    explain_kinds,
    explain_model,
    require_arguments,
    require_loss_alone,
    show_call,
)


@suggest_arguments
@require_loss_alone
def make_step(
    loss: Callable[..., Any],
    *,
    has_aux: bool = False,
    micro_batches: int = 1,
    weight: Callable[[Any], Any] | None = None,
    trainable: Any = None,
    mesh: jax.sharding.Mesh | None = None,
    data_axis: str | tuple[str, ...] = "data",
    donate: bool = True,
) -> Callable[..., Any]:
    """Compile `step(tx, params, state, batch, **extra) -> (params, state, loss)`.

    `loss(params, batch)` returns a real scalar. With `has_aux` it returns a pair of a real scalar and anything else,
    and the step returns that pair in place of the loss. The optimizer is an argument, so a new learning rate never
    compiles again. (A new optimizer of optax does; `gl.transformation(optax.lion)(1e-4)` does not.)

    The step also takes what Flax trains with, and the loss then takes what Flax's user has:

    - `step(train_state, batch) -> (train_state, loss)` for a `TrainState` of linen;
    - `step(optimizer, model, batch) -> loss` for an `nnx.Optimizer`, with `loss(model, batch)`. It updates the
      optimizer and the model in place, also what the model keeps beside its parameters, such as running means.

    `trainable` chooses the leaves that are trained, if `params` holds others: a function of a leaf, such as
    `equinox.is_inexact_array` for a model of Equinox, a selector, or a tree of booleans. The loss receives the whole
    model, and the step returns it. `state` is then that of the trained leaves, with None in the place of the others:
    `tx.init(equinox.filter(model, equinox.is_inexact_array))`.

    `micro_batches` divides each batch along its first axis. Their gradients are computed one after another in one
    program and averaged in at least float32, so memory is needed for one micro-batch only. `weight(batch)` returns the
    weight of a micro-batch, such as its number of tokens, if the loss is a mean over a number that varies. A weight of
    0 leaves it out, even if its loss is NaN. What comes with the loss is stacked along a new first axis.

    `mesh` spreads the rows of the batch over its axes `data_axis`. Parameters and state keep their place on the mesh,
    and what is not on it yet is copied to all of its devices. (`gl.state_sharding` places a state.)

    `params` and `state` are donated, in the order in which they are returned, so they are updated in place. After the
    call, use the returned arrays; those that were passed are deleted. An array that is passed twice, such as tied
    weights or a batch that is a parameter, is copied, because one buffer cannot be donated twice. The copies are
    updated separately. `donate=False` leaves the arrays that were passed as they are.

    The gradient is taken at `gl.gradient_params(tx, state, params)`, and of the loss times `gl.loss_scale(tx, state)`.
    Links that name `value`, `grad`, `value_fn`, `gradient_fn`, `weight` or `loss_scale` receive them, over all
    micro-batches, and `value` without the scale. Arguments of your own reach the links that name them:
    `step(tx, params, state, batch, temperature=0.5)`. Numbers among them are data. What the loss needs, such as a
    random key, belongs in the batch.

    Raises TypeError if `loss` is not a function of two arguments or an option has the wrong type. The step raises
    TypeError if `tx` is not a transformation, the other arguments are too many, too few or exchanged, or no link reads
    one of your own. (A link of optax that takes `**extra_args` may read any.) It raises ValueError for arrays that an
    earlier step updated in place, and if the batch cannot be divided.

    >>> def loss(params, batch):
    ...     return jnp.mean((params * batch) ** 2)
    >>> step, params, tx = gl.make_step(loss), jnp.float32(1.0), gl.sgd(0.05)
    >>> params, state, value = step(tx, params, tx.init(params), jnp.array([1.0, 3.0]))
    >>> print(value, params)  # the mean of 1 and 9, and 1 - 0.05 * 2 * 5
    5.0 0.5
    """
    if not callable(loss) or isinstance(loss, optax.GradientTransformation):
        raise TypeError(
            f"make_step takes the loss, a function of (params, batch); got {type(loss).__name__}. The optimizer is the "
            f"first argument of the step"
        )
    if not accepts(loss, None, None):
        raise TypeError(
            f"make_step takes a loss of two arguments, loss(params, batch); got {show_call(loss)}{ask_for_batch(loss)}"
        )
    for name, option in (("has_aux", has_aux), ("donate", donate)):
        if not isinstance(option, bool):
            raise TypeError(f"make_step: {name} must be True or False, got {type(option).__name__}: {option!r}")
    if not isinstance(micro_batches, int) or isinstance(micro_batches, bool) or micro_batches < 1:
        raise TypeError(f"make_step: micro_batches must be a Python integer of at least 1, got {micro_batches!r}")
    if weight is not None and not callable(weight):
        raise TypeError(
            f"make_step: weight must be a function of a micro-batch, got {type(weight).__name__}: {weight!r}"
        )
    program = StepProgram(Options(loss, has_aux, micro_batches, weight, Placement(mesh, data_axis), donate))

    def step_tree(tx: Any, params: Any, state: Any, batch: Any, **extra: Any) -> tuple[Any, Any, Any]:
        try:
            if trainable is None:
                outcome = program(tx, params, state, batch, extra, (), call_whole)
                return outcome.params, outcome.state, outcome.result
            trained, kept = take_apart(params, trainable)
            outcome = program(tx, trained, state, batch, extra, kept, call_joined)
            return join(outcome.params, kept), outcome.state, outcome.result
        except Exception as error:

            def select(tree: Any) -> Any:
                return tree if trainable is None else take_apart(tree, trainable)[0]

            explained = explain_failure(tx, (params, state, batch), program.call_loss, select)
            if explained is None and trainable is None:
                explained = explain_model(tx, params, state)
            if explained is None:
                raise
            raise explained from error

    def step(*arguments: Any, **options: Any) -> Any:
        first: Any = next(iter((*arguments, *(options[name] for name in _FIRST if name in options))), None)
        if isinstance(first, optax.GradientTransformation):
            require_arguments(("tx", "params", "state", "batch"), arguments, options)
            return step_tree(*arguments, **options)
        special: Callable[..., Any]
        names: tuple[str, ...]
        if is_nnx_optimizer(first):
            special, names = step_nnx, ("optimizer", "model", "batch")
        elif is_train_state(first):
            special, names = step_train_state, ("train_state", "batch")
        else:
            raise TypeError(explain_first(first, arguments, _is_optimizer))
        require_arguments(names, arguments, options)
        if trainable is not None:
            raise TypeError(
                "make_step: trainable is for step(tx, params, state, batch); Flax's training states have their own "
                "choice, such as wrt of nnx.Optimizer"
            )
        try:
            return special(program, *arguments, **options)
        except Exception as error:
            batch = options["batch"] if "batch" in options else arguments[-1]
            if is_train_state(first):
                trees = first.params, first.opt_state, batch
                explained = explain_failure(first.tx, trees, program.call_loss, lambda params: params)
            else:
                explained = explain_kinds({"batch": batch})
            if explained is None:
                raise
            raise explained from error

    return step


def _is_optimizer(thing: Any) -> bool:
    return isinstance(thing, optax.GradientTransformation) or is_nnx_optimizer(thing) or is_train_state(thing)


_FIRST = ("tx", "train_state", "optimizer")  # the names of the first argument of a step
