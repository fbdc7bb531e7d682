"""The definition of a problem as a digest, by which a change is noticed: of the code that decides its runs."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import inspect
import io
import sys
import tokenize
from collections.abc import Iterator

from .._engine.task import describe_setup
from .._inputs.source_files import digest_source_files
from ..problems.base import Problem

_HOME = "gradlab.lab.problems"
# These say what a problem has and what its parameters may be, and decide nothing about a run.
_INTERFACE = {f"{_HOME}.base", f"{_HOME}.parameters"}
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


def digest_definition(problem: Problem) -> str:
    """Return a digest of what defines a problem: its arguments, its score, and the code that it runs.

    That is the code of its module, and of those modules of gradlab's problems that this one imports; of a user's
    problem, the user's files. Comments, docstrings, layout, summaries and the refusal of parameters do not count in
    gradlab's modules.
    """
    modules = sorted(_find_modules(type(problem).__module__))
    score = problem.score
    if score.tolerance is None:  # which is a decade in gradlab's problems, and follows from the runs in others
        score = dataclasses.replace(score, tolerance=10.0)
    text = [describe_setup(problem), repr(score), *map(_read_code, modules)]
    text += [f"{name} {digest}" for name, digest in digest_source_files(problem).items()]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


def _find_modules(name: str) -> set[str]:
    """Return a module of gradlab's problems, and those of them that it imports, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        if module not in found and module.startswith(f"{_HOME}.") and module not in _INTERFACE:
            found.add(module)
            waiting += _list_imports(module)
    return found


def _list_imports(module: str) -> Iterator[str]:
    package = module.rpartition(".")[0].split(".")
    for node in ast.walk(ast.parse(_read_source(module))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if f"{base}.{alias.name}" in sys.modules)


def _read_source(module: str) -> str:
    return inspect.getsource(sys.modules[module])


def _read_code(module: str) -> str:
    """Return the code of a module without what decides no run: the same in every version of Python."""
    source = _read_source(module)
    left_out = _find_lines_without_effect(ast.parse(source))
    words: list[str] = []
    begins = True  # whether the next word is the first of its line, so that a string there is a docstring
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in _LAYOUT:
            begins = begins or token.type == tokenize.NEWLINE
        else:
            is_docstring = begins and token.type == tokenize.STRING
            words += [] if is_docstring or token.start[0] in left_out else [token.string]
            begins = False
    return "".join("".join(words).split())


def _find_lines_without_effect(tree: ast.Module) -> set[int]:
    """Return the lines of summaries, of the refusal of parameters, and of the imports for both."""
    found: set[int] = set()
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    for node in statements:
        is_import = isinstance(node, ast.ImportFrom) and node.level and node.module == "parameters"
        is_summary = isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["summary"]
        if is_import or is_summary or _only_refuses(node):
            found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def _only_refuses(node: ast.stmt) -> bool:
    """Return whether this is a `__post_init__` that can only raise errors: a frozen problem is set by `__setattr__`."""
    is_called_first = isinstance(node, ast.FunctionDef) and node.name == "__post_init__"
    return is_called_first and "__setattr__" not in ast.unparse(node)
