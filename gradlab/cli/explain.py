"""`gradlab explain`: describe one optimizer, link, combinator, schedule or problem in full.

Modules that import JAX are imported inside the functions, so that help and completion stay fast.
"""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..lab._inputs.default_contestants import VARIANTS, Contestant, collect_contestants
from ..lab._inputs.name_lookup import UnknownNameError, look_up
from ..user_code_time_limit import limit_time, time_limit_seconds
from . import completion
from .printing import fail, make_console, print_json
from .tables import TrimmedLines, print_paths

if TYPE_CHECKING:
    from gradlab.lab.problems import Problem

_MARKUP = re.compile(r":\w+:`|^\.\. |::\s*$|^(Args|Returns|References|Examples?|Raises|Notes?):", re.MULTILINE)


def explain(
    name: Annotated[
        str,
        typer.Argument(
            help="An optimizer, link, combinator, schedule or problem (see gradlab list), or package.module:name.",
            autocompletion=completion.complete_names,
        ),
    ],
    save: Annotated[
        Path | None,
        typer.Option(help="Write the diagram (.svg, or .mmd for Mermaid), the equations (.tex) or the sources (.bib)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the description as JSON and nothing else.")] = False,
) -> None:
    """Explain an optimizer, link, combinator, schedule or problem, with equations, hyperparameters and memory."""
    from gradlab.lab.problems import Problem

    from ..lab._inputs.importing import LoadError
    from ..lab._inputs.user_errors import UserCodeError, convert_user_errors

    try:
        subject = find_subject(name)
        describe = describe_problem if Problem in type(subject).__mro__ else describe_factory
        with convert_user_errors(name, ":" in name):
            description = describe(name, subject)
            if save is not None:
                _save(name, subject, save)
    except (UnknownNameError, LoadError, UserCodeError) as error:
        fail(error, 1 if isinstance(error, UserCodeError) else 2)
    if as_json:
        print_json(description)
    else:
        _print_description(make_console(), description)
        if save is not None:
            make_console().print("\nWritten:")
            print_paths(make_console(), [save])


def _save(name: str, subject: Any, path: Path) -> None:
    """Write the diagram or the equations of an optimizer to a file; end the command for what has none."""
    import optax

    from gradlab.explanations import explain as explain_value

    example = find_example(name, subject)
    if not isinstance(example, optax.GradientTransformation):
        fail(f"{name} has no diagram and no equations of an update; leave out --save", 2)
    try:
        explain_value(example).save(path)
    except ValueError as error:
        fail(f"--save: {error}", 2)
    except OSError as error:
        fail(f"--save: {path} cannot be written: {error.strerror}", 1)


def describe_factory(name: str, subject: Any) -> dict[str, Any]:
    """Return the description of a Contestant or an Entry, ready for JSON. Equations are LaTeX and Unicode."""
    import optax

    from gradlab import registry
    from gradlab.equations import equations_of
    from gradlab.equations.latex_to_unicode import format_formula
    from gradlab.explanations import describe_state_memory, find_sources, split_docstring

    is_variant = name in VARIANTS
    example = find_example(name, subject)
    if isinstance(subject, Contestant) and not is_variant:
        subject = registry.entries()[name]
    description: dict[str, Any] = {
        "name": name,
        "kind": "variant" if is_variant else subject.kind,
        "call": repr(example),
    }
    build = example.factory.build  # behind `chain` and the like, the public function has the documentation
    documented = build if build.__doc__ or is_variant else subject.factory
    description["documentation"] = [] if is_variant else _read_documentation(documented)
    description["example"] = "" if is_variant else split_docstring(documented)[1]
    if isinstance(example, optax.GradientTransformation):
        equations = equations_of(example, update=description["kind"] in ("recipe", "variant"))
        description["equations"] = [
            {"latex": latex, "text": text} for latex, text in zip(equations.lines, equations.plain, strict=True)
        ]
        description["symbols"] = [
            {"latex": symbol.latex, "text": format_formula(symbol.latex), "value": symbol.value}
            for symbol in equations.symbols
        ]
        description["composition"] = str(example)
        description["sources"] = find_sources(example)
    description["hyperparameters"] = _describe_hyperparameters(example.factory.parameters)
    if isinstance(example, optax.GradientTransformation):
        description["state"] = describe_state_memory(example)
    return description


def find_example(name: str, subject: Any) -> Any:
    """Return the value that a name stands for; the problem itself for a problem."""
    from gradlab import registry

    if isinstance(subject, Contestant):
        return subject.make(0.1) if name in VARIANTS else registry.entries()[name].example
    return getattr(subject, "example", subject)


def describe_problem(name: str, problem: Problem) -> dict[str, Any]:
    """Return the description of a problem and its settings, ready for JSON."""
    own: Any = inspect.unwrap(problem)  # type: ignore[arg-type]  # a user's own object behind its adapter
    fields: Any = dataclasses.fields(own) if dataclasses.is_dataclass(own) else ()
    names = [*(field.name for field in fields), "steps"]
    more = [] if (type(own).__doc__ or "").strip() == problem.summary else _read_documentation(type(own))
    return {
        "name": name,
        "kind": "problem",
        "documentation": [problem.summary, *more],
        "settings": {key: _make_json_ready(getattr(problem, key)) for key in names},
    }


def _make_json_ready(value: Any) -> Any:
    finite = isinstance(value, float) and math.isfinite(value)
    return value if finite or isinstance(value, (int, str)) or value is None else repr(value)


def _print_description(console: Console, description: Mapping[str, Any]) -> None:
    console.print(TrimmedLines(Text(description["name"], style="bold")))
    is_problem = description["kind"] == "problem"
    paragraphs = [description["call"]] if description["kind"] == "variant" else description["documentation"]
    if paragraphs:
        console.print(TrimmedLines(Text(paragraphs[0])))
    for paragraph in paragraphs[1:]:
        if not is_problem or paragraph is not paragraphs[1]:
            console.print()
        console.print(TrimmedLines(Text(paragraph)))
    if paragraphs:
        console.print()
    if description.get("example"):
        console.print(Text("example", style="bold"))
        console.print(Text(description["example"]), soft_wrap=True)  # code must not be wrapped
        console.print()
    if description.get("equations"):
        console.print(Text("equations", style="bold"))
        for number, line in enumerate(description["equations"], 1):
            console.print(Text(f"({number}) {line['text']}"), soft_wrap=True)
        if description["symbols"]:
            values = ", ".join(f"{symbol['text']} = {symbol['value']}" for symbol in description["symbols"])
            console.print(TrimmedLines(Text(f"with {values}")))
        console.print()
    if "composition" in description:
        console.print(Text("composition", style="bold"))
        console.print(Text(description["composition"]), soft_wrap=True)  # code must not be wrapped
        console.print()
    if description.get("hyperparameters"):
        _print_hyperparameters(console, description["hyperparameters"])
    for part in ("state", "settings"):
        if part in description:
            value = description[part]
            text = value if isinstance(value, str) else ", ".join(f"{key}={number!r}" for key, number in value.items())
            console.print(Text(part, style="bold"))
            console.print(TrimmedLines(Text(text)))
    if description.get("sources"):
        console.print()
        console.print(Text("sources", style="bold"))
        for part, source in description["sources"].items():
            console.print(TrimmedLines(Text(f"{part}: {source}")))


def find_subject(name: str) -> Any:
    """Return the Problem, Contestant or Entry of a name or a `package.module:name`.

    Raises UnknownNameError and LoadError.
    """
    from gradlab import registry
    from gradlab.lab.problems import PROBLEMS

    from ..lab._inputs.importing import LoadError, import_object
    from ..lab._inputs.loading import find_factory, find_problem
    from ..lab._inputs.user_errors import UserCodeError, convert_user_errors, describe_error

    if "=" in name:  # only problems are typed with arguments
        return find_problem(name)
    if ":" not in name:
        table: dict[str, Any] = {**collect_contestants(), **registry.entries(), **PROBLEMS}
        subject = look_up(name, table, "optimizer, link, schedule or problem", may_be_own=True)
        return subject() if name in PROBLEMS else subject
    own = import_object(name)
    if hasattr(own, "loss"):
        return find_problem(name)
    factory: Any = find_factory(name)
    try:
        with convert_user_errors(name, True), limit_time(time_limit_seconds()):
            example = factory(**_fill_required(factory.factory.parameters))
    except UserCodeError as error:
        raise LoadError(f"{name} cannot be made as an example: {describe_error(error.__cause__ or error)}") from None
    return registry.Entry(name, factory, "recipe", example)


def _fill_required(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return a number for each argument without a default."""
    return {
        name: 0.1
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and not parameter.variadic
    }


def _read_documentation(thing: Any) -> list[str]:
    """Return the paragraphs of a docstring up to the first one with Sphinx markup. Equations become Unicode."""
    from gradlab.equations.latex_to_unicode import format_text
    from gradlab.explanations import split_docstring

    paragraphs, _ = split_docstring(thing)
    readable = itertools.takewhile(lambda paragraph: not _MARKUP.search(paragraph), paragraphs)
    return [format_text(" ".join(paragraph.split())) for paragraph in readable]


# What the arguments are of which there may be any number, by their names.
_VARIADIC = {
    "links": "transformations",
    "rules": "pairs of a selector and a transformation",
    "patterns": "strings",
    "counts": "integers",
    "names": "names of dtypes",
}


def _describe_hyperparameters(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for parameter in parameters.values():
        required = parameter.default is inspect.Parameter.empty
        default = "any number of them" if parameter.variadic else "required" if required else repr(parameter.default)
        if parameter.range is not None:
            values = f"{parameter.range}, or a schedule"
        elif isinstance(parameter.default, bool):
            values = "True or False"
        elif isinstance(parameter.default, int):
            values = "a whole number"
        else:
            values = _VARIADIC.get(parameter.name, "an option") if not parameter.transformation else "transformations"
        rows.append({"argument": parameter.name, "default": default, "range": values})
    return rows


def _print_hyperparameters(console: Console, hyperparameters: Sequence[Mapping[str, str]]) -> None:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    for title in hyperparameters[0]:
        table.add_column(title)
    for row in hyperparameters:
        table.add_row(*map(Text, row.values()))
    console.print(TrimmedLines(table))
    console.print()
