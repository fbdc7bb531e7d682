"""Signatures on the pages of the API: annotations as they are written in the source, and defaults that one can read."""

from __future__ import annotations

import ast
import enum
import inspect
import re
import textwrap
import typing
from typing import Any

import typer
from definitions import find_definition, find_entry, find_full, is_module
from sphinx import addnodes
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.typing import stringify_annotation

from gradlab.values import numeric_arguments
from gradlab.values.value import Value, is_factory

# What the factories of each decorator return, by the module of the decorator.
MADE = {
    "gradlab.core.decorators": "gradlab.core.base.Transformation",
    "gradlab.schedules.base": "gradlab.schedules.base.Schedule",
    "gradlab.selectors.base": "gradlab.selectors.base.Selector",
    "gradlab.codecs.base": "gradlab.codecs.base.Codec",
}
FIELD = {"default", "default_factory"}
LONGEST_NUMBER = 12  # characters; of a longer number, the formula in the source is shown


class _Written:
    """An annotation or a default that prints as a text."""

    def __init__(self, source: str):
        self.source = source

    def __repr__(self) -> str:
        return self.source


def command_options(function: Any) -> dict[str, tuple[Any, Any]]:
    """Return the parameters that Typer reads from a command line: the type of each, and what Typer is told of it."""
    if not function.__module__.startswith("gradlab.cli"):
        return {}
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError):  # what is imported for type checkers alone, or `list` in a package with that module
        return {}
    found = {}
    for name, hint in hints.items():
        notes = getattr(hint, "__metadata__", ())
        if notes and isinstance(notes[0], typer.models.ParameterInfo):
            found[name] = (hint.__origin__, notes[0])
    return found


def _defaults(function: Any) -> dict[str, str]:
    """Return the defaults of a function as they are written in its source, or those of the fields of a class."""
    try:
        lines, start = inspect.findsource(function if inspect.isclass(function) else inspect.unwrap(function))
        definition = ast.parse(textwrap.dedent("".join(inspect.getblock(lines[start:])))).body[0]
    except (OSError, TypeError, SyntaxError):
        return {}
    if isinstance(definition, ast.ClassDef):
        fields = [node for node in definition.body if isinstance(node, ast.AnnAssign) and node.value is not None]
        return {ast.unparse(node.target): _write_default(node.value) for node in fields}
    if not isinstance(definition, ast.FunctionDef):
        return {}
    places = [*definition.args.posonlyargs, *definition.args.args]
    given = [*zip(reversed(places), reversed(definition.args.defaults), strict=False)]
    given += [pair for pair in zip(definition.args.kwonlyargs, definition.args.kw_defaults, strict=True) if pair[1]]
    return {argument.arg: ast.unparse(default) for argument, default in given}


def _write_default(value: Any) -> str:
    """Return the default of a field as it is written. A field with a factory begins as what the factory returns."""
    given = {option.arg: option.value for option in value.keywords} if isinstance(value, ast.Call) else {}
    if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("field") and given.keys() & FIELD:
        made = given.get("default_factory")
        return ast.unparse(given["default"]) if made is None else _call(made)
    return ast.unparse(value)


def _call(factory: Any) -> str:
    if isinstance(factory, ast.Lambda):
        return ast.unparse(factory.body)
    text = ast.unparse(factory)
    return {"dict": "{}", "list": "[]", "set": "set()"}.get(text, f"{text}()")


def _is_readable(default: Any) -> bool:
    text = repr(default)
    if isinstance(default, float):
        return len(text) <= LONGEST_NUMBER
    if "<" in text and not isinstance(default, str):
        return False
    return not (text.startswith(("PosixPath", "WindowsPath", "mappingproxy", "frozenset")) or " at 0x" in text)


def _returns(function: Any, written: Any, returns: str | None) -> str | None:
    """Return what a call gives, as it is written; of a context manager that is written as a generator, that manager."""
    if isinstance(written, str) and written != "None":
        returns = written
    is_manager = inspect.isgeneratorfunction(inspect.unwrap(function)) and not inspect.isgeneratorfunction(function)
    if is_manager and returns is not None:
        return returns.replace("Iterator[", "AbstractContextManager[").replace("Generator[", "AbstractContextManager[")
    return returns


def sign(app: Any, what: str, name: str, owner: Any, options: Any, signature: str | None, returns: str | None) -> Any:
    """Return the signature with its annotations as they are written in the source.

    Values have none, and neither have classes whose constructor is not gradlab's own, such as exceptions.
    """
    if what in ("class", "exception"):
        return _sign_class(owner, signature, returns)
    if what not in ("function", "method") or signature is None:
        return None
    written = inspect.signature(owner)
    parameters = [p.replace(annotation=_name_type(p.annotation)) for p in written.parameters.values()]
    if not all(isinstance(p.annotation, str) or p.annotation is p.empty for p in parameters):
        return None
    if what == "method" and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    given = command_options(owner) if what == "function" else {}
    result = _returns(owner, written.return_annotation, returns)
    if is_factory(owner) and owner.__globals__["__name__"] in MADE:
        result = f"~{MADE[owner.__globals__['__name__']]}"
    return _show(parameters, given, _defaults(owner)), result


def _sign_class(owner: Any, signature: str | None, returns: str | None) -> Any:
    maker = next((kind for kind in owner.__mro__ if {"__init__", "__new__"} & vars(kind).keys()), object)
    is_own = maker.__module__.split(".")[0] == "gradlab" and not getattr(owner, "_is_protocol", False)
    if signature is None:
        return None
    if issubclass(owner, (Value, enum.Enum)) or not is_own:
        return "", None
    # The class of a callable may have a `__wrapped__` that is a property of its objects.
    parameters = list(inspect.signature(owner, follow_wrapped=False).parameters.values())
    if not all(isinstance(_text(p.annotation), str) or p.annotation is p.empty for p in parameters):
        return re.sub(r"<\S+ \S+ at 0x[0-9a-f]+>", "...", signature), returns
    # A field that has a default and no public name is the object's own.
    shown = [p for p in parameters if not p.name.startswith("_") or p.default is p.empty]
    has_fields = hasattr(maker, "_fields") or hasattr(maker, "__dataclass_fields__")
    return _show(shown, {}, _defaults(maker if has_fields else maker.__init__)), None


def _text(annotation: Any) -> Any:
    """Return an annotation as it is written; named tuples keep theirs as `ForwardRef`."""
    return getattr(annotation, "__forward_arg__", annotation)


def _name_type(annotation: Any) -> Any:
    """Return the name of a class, of a range of hyperparameters, or of its union with None; else the annotation.

    The arguments that a decorator adds to each flavor have such annotations.
    """
    inside = [part for part in typing.get_args(annotation) if part is not type(None)]
    if len(inside) == 1 and type(None) in typing.get_args(annotation):
        named = _name_type(inside[0])
        return f"{named} | None" if isinstance(named, str) else annotation
    if inspect.isclass(annotation) and annotation.__module__ == "builtins":
        return annotation.__name__
    if not hasattr(annotation, "__metadata__"):
        return annotation
    return next((name for name, range_ in vars(numeric_arguments).items() if range_ == annotation), annotation)


def _show(parameters: list[inspect.Parameter], given: dict[str, Any], defaults: dict[str, str]) -> str:
    shown = []
    for p in parameters:
        if p.name in given:
            p = p.replace(annotation=_Written(stringify_annotation(given[p.name][0], "smart")))
        elif p.annotation is not p.empty:
            p = p.replace(annotation=_Written(_text(p.annotation)))
        if p.default is not p.empty and not _is_readable(p.default):
            p = p.replace(default=_Written(defaults.get(p.name, "...")))
        shown.append(p)
    return str(inspect.Signature(shown))


def link_annotations(app: Any, doctree: Any) -> None:
    """Let each name in a signature lead to what it stands for in the module, or nowhere.

    Sphinx itself would lead it to the entry of any module that ends in this name.
    """
    for signature in doctree.findall(addnodes.desc_signature):
        for link in list(signature.findall(addnodes.pending_xref)):
            if link.get("refdomain") == "py" and "refspecific" in link:
                _set_target(link, signature.get("module"))


def _set_target(link: Any, module: str | None) -> None:
    target = find_target(module or "", link["reftarget"])
    if target is None:
        link.replace_self(link.children)
        return
    del link["refspecific"]  # whose presence, true or false, lets Sphinx search all modules
    link["reftarget"] = target
    link["reftype"] = "obj"


def find_target(module: str, name: str) -> str | None:
    """Return the full name under which the site may describe what an annotation of a module names, or None."""
    full = find_full(name) or (find_definition(module, name) if is_module(module) else None)
    return find_entry(full) if full else None


def keep_overloads(app: Any, what: str, name: str, *_: Any) -> None:
    """Let the overloads in a module show their annotations as they are written; Sphinx writes those of `P` wrongly."""
    if what != "module":
        return
    analyzer = ModuleAnalyzer.for_module(name)
    analyzer.analyze()
    for written in analyzer.overloads.values():
        written[:] = [_as_written(signature) for signature in written]


def _as_written(signature: inspect.Signature) -> inspect.Signature:
    def read(annotation: Any) -> Any:
        return _Written(annotation) if isinstance(annotation, str) and annotation else annotation

    parameters = [p.replace(annotation=read(p.annotation)) for p in signature.parameters.values()]
    return signature.replace(parameters=parameters, return_annotation=read(signature.return_annotation))


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-signature", sign)
    app.connect("autodoc-process-docstring", keep_overloads)
    app.connect("doctree-read", link_annotations)
    return {"parallel_read_safe": True}
