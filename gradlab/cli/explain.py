"""`gradlab explain`: one optimizer, link, schedule or problem in full."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import optax
import typer
from rich.table import Table
from rich.text import Text

from gradlab import registry
from gradlab.lab.entrants import Entrant, entrants
from gradlab.lab.load import LoadError, find_factory, find_problem, imported
from gradlab.lab.names import UnknownNameError, pick
from gradlab.lab.problems import PROBLEMS, Problem
from gradlab.plain_math import plain

from . import completion
from .tables import Trimmed
from .terminal import fail, output


def explain(
    name: Annotated[
        str,
        typer.Argument(
            help="An optimizer, link, combinator, schedule or problem (see gradlab list), or package.module:name.",
            autocompletion=completion.everything,
        ),
    ],
) -> None:
    """Show what something is made of: equation, composition, hyperparameters and state memory."""
    try:
        found = _find(name)
    except (UnknownNameError, LoadError) as error:
        fail(error)
    console = output()
    console.print(Text(name, style="bold"))
    if Problem in type(found).__mro__:
        _print_problem(console, found)
        return
    example = found.make(0.1) if isinstance(found, Entrant) else found.example
    factory = example.factory
    text = Text(repr(example)) if isinstance(found, Entrant) else _documentation(factory.build)
    if text:
        console.print(text)
        console.print()
    if isinstance(example, optax.GradientTransformation):
        console.print(Text("composition", style="bold"))
        console.print(Text(str(example)), soft_wrap=True)  # code is not to be broken
        console.print()
    _print_hyperparameters(console, factory.parameters)
    if isinstance(example, optax.GradientTransformation):
        console.print(Text("state", style="bold"))
        console.print(state_memory(example))


def _find(name: str) -> Any:
    """The Problem, Entrant or Entry of a name, or of `package.module:name`. Raises UnknownNameError and LoadError."""
    if ":" not in name:
        known: dict[str, Any] = {**entrants(), **registry.entries(), **PROBLEMS}
        found = pick(name, known, "optimizer, link, schedule or problem")
        return found() if name in PROBLEMS else found
    own = imported(name)
    if hasattr(own, "loss"):
        return find_problem(name)
    factory: Any = find_factory(name)
    try:
        example = factory(**_required(factory.factory.parameters))
    except Exception as error:
        raise LoadError(f"{name} cannot be made as an example: {type(error).__name__}: {error}") from None
    return registry.Entry(name, factory, "recipe", example)


def _required(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Numbers for the arguments that have no default."""
    return {
        name: 0.1
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and not parameter.variadic
    }


def _print_problem(console: Any, problem: Problem) -> None:
    """The problem in words, and the numbers that it is made of."""
    console.print(Text(problem.summary))
    if (type(problem).__doc__ or "").strip() != problem.summary:
        console.print(_documentation(type(problem)))
    console.print()
    console.print(Text("settings", style="bold"))
    settings: Any = dataclasses.fields(problem) if dataclasses.is_dataclass(problem) else ()
    names = [*(field.name for field in settings), "steps"]
    console.print(Text(", ".join(f"{name}={getattr(problem, name)!r}" for name in names)))


def state_memory(tx: optax.GradientTransformation) -> str:
    """How much state an optimizer keeps for float32 parameters, from the shapes that its `init` gives."""
    shape = (64, 64)  # a matrix, so that state for each row or column is told from state for each element
    state = jax.tree.leaves(jax.eval_shape(tx.init, jax.ShapeDtypeStruct(shape, jnp.float32)))
    count = shape[0] * shape[1]
    full = sum(leaf.dtype.itemsize for leaf in state if leaf.size == count)
    rest = sum(leaf.size * leaf.dtype.itemsize for leaf in state if leaf.size != count)
    arrays = sum(leaf.size == count for leaf in state)
    if not state:
        return "none"
    copies = f"{full} bytes for each parameter ({arrays} array{'s' * (arrays != 1)} like it)"
    return copies + (f", and {rest} bytes besides" if rest else "")


def _documentation(thing: Any) -> Text:
    paragraphs = inspect.cleandoc(thing.__doc__ or "").split("\n\n")
    joined = "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in paragraphs)
    return Text(plain(joined))


def _print_hyperparameters(console: Any, parameters: Any) -> None:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    for title in ("argument", "default", "range"):
        table.add_column(title)
    for parameter in parameters.values():
        required = parameter.default is inspect.Parameter.empty
        default = "any number of them" if parameter.variadic else "required" if required else repr(parameter.default)
        if parameter.range is not None:
            values = f"{parameter.range}, or a schedule"
        else:
            values = "transformations" if parameter.transformation or parameter.variadic else "an option"
        table.add_row(Text(parameter.name), Text(default), Text(values))
    if parameters:
        console.print(Trimmed(table))
        console.print()
