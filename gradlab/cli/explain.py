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

from ..lab._inputs.default_contestants import VARIANTS, Contestant
from ..lab._inputs.name_lookup import UnknownNameError
from .arguments.subjects import find_example, find_subject
from .terminal import completion
from .terminal.printing import fail, make_console, print_json
from .terminal.tables import TrimmedLines, print_paths

if TYPE_CHECKING:
    from gradlab.lab.problems import Problem

_MARKUP = re.compile(r":\w+:`|^\.\. |::\s*$|^(Args|Returns|References|Examples?|Raises|Notes?):", re.MULTILINE)


def explain(
    name: Annotated[
        str,
        typer.Argument(
            help="An optimizer, link, combinator, schedule or problem (see gradlab list), or package.module:name; "
            "with arguments behind a colon, as in adam:b1=0.8,b2=0.99.",
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
    except (UnknownNameError, LoadError, UserCodeError) as error:
        fail(error, 1 if isinstance(error, UserCodeError) else 2)
    if save is not None:
        _save(name, subject, save)
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
    if not path.parent.is_dir():
        fail(f"--save {path}: there is no folder {path.parent}; make it first, or pass another path", 2)
    if path.is_dir():
        fail(f"--save must be a file, but {path} is a folder", 2)
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
    from gradlab.explanations import describe_state_memory, find_remarks, find_sources, split_docstring

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
        description["remarks"] = find_remarks(example)
    description["hyperparameters"] = describe_hyperparameters(example.factory)
    if isinstance(example, optax.GradientTransformation):
        description["state"] = describe_state_memory(example)
    return description


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
    if description.get("remarks"):
        console.print()
        console.print(Text("remarks", style="bold"))
        for remark in description["remarks"]:
            console.print(TrimmedLines(Text(remark)))


def _read_documentation(thing: Any) -> list[str]:
    """Return the paragraphs of a docstring up to the first one with Sphinx markup. Equations become Unicode."""
    from gradlab.equations.latex_to_unicode import format_text
    from gradlab.explanations import split_docstring

    paragraphs, _ = split_docstring(thing)
    readable = itertools.takewhile(lambda paragraph: not _MARKUP.search(paragraph), paragraphs)
    return [format_text(" ".join(paragraph.split())) for paragraph in readable]


# What arguments are that have no range, by their names.
_KINDS = {
    "links": "transformations",
    "rules": "pairs of a selector and a transformation",
    "patterns": "strings",
    "counts": "integers",
    "names": "names of dtypes",
    "measures": "names of measures, or functions",
    "mask": "a tree of booleans, or a selector",
    "weight_decay_mask": "a tree of booleans, or a selector",
    **dict.fromkeys(("matrices", "embeddings", "heads", "outputs", "selector", "groups"), "a selector of leaves"),
    "head_size": "a whole number",
    "steps": "a whole number",
    "axis_name": "the name of a mapped axis",
    "coefficients": "a name, or the coefficients of each step",
    "precision": "a dtype",
    "codec": "a codec or a dtype",
    "name": "a string",
    "formula": "a formula of r and c",
    "otherwise": "pass or zero",
    "blocks": "leaf, matrices, rows or columns",
    "zeros": "alternate, plus or abstain",
    "ties": "zero or plus",
}


def describe_hyperparameters(factory: Any) -> list[dict[str, str]]:
    """Return the name, the default and the range of each argument of the factory of a value, as text."""
    from gradlab.lab._inputs.factory_adapter import declares_schedule
    from gradlab.transforms.matrix_shapes import CONVENTIONS

    layouts = f"{', '.join(CONVENTIONS)}, or a matrix_shape"
    kinds = _KINDS | {"layout": layouts, "head_layout": layouts}
    rows = []
    for parameter in factory.parameters.values():
        required = parameter.default is inspect.Parameter.empty
        default = "any number of them" if parameter.variadic else "required" if required else repr(parameter.default)
        if parameter.range is not None and parameter.range.integer:  # the offset of a schedule is no seed
            values = "an integer, or a key of JAX" if parameter.name == "key" else "an integer"
        elif parameter.range is not None:
            values = f"{parameter.range}" + ", or a schedule" * declares_schedule(factory, parameter.name)
        elif isinstance(parameter.default, bool):
            values = "True or False"
        elif isinstance(parameter.default, int):
            values = "a whole number"
        else:
            values = "transformations" if parameter.transformation else kinds.get(parameter.name, "an option")
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
