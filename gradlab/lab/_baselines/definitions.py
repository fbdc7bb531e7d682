"""The definition of a problem as a digest, by which a change is noticed: of its code, without comments and layout."""

from __future__ import annotations

import ast
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
_INTERFACE = f"{_HOME}.base"  # says what a problem has, and nothing about any of them
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


def digest_definition(problem: Problem) -> str:
    """Return a digest of what defines a problem: its arguments, its score, and the code that it runs.

    That is the code of its module, and of those modules of gradlab's problems that this one imports; of a user's
    problem, the user's files. Comments, docstrings and layout of gradlab's modules do not count.
    """
    modules = sorted(_find_modules(type(problem).__module__))
    text = [describe_setup(problem), repr(problem.score), *map(_read_code, modules)]
    text += [f"{name} {digest}" for name, digest in digest_source_files(problem).items()]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


def _find_modules(name: str) -> set[str]:
    """Return a module of gradlab's problems, and those of them that it imports, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        if module not in found and module.startswith(f"{_HOME}.") and module != _INTERFACE:
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
    """Return the code of a module without comments, docstrings and blanks: the same in every version of Python."""
    words: list[str] = []
    begins = True  # whether the next word is the first of its line, so that a string there is a docstring
    for token in tokenize.generate_tokens(io.StringIO(_read_source(module)).readline):
        if token.type in _LAYOUT:
            begins = begins or token.type == tokenize.NEWLINE
        else:
            words += [] if begins and token.type == tokenize.STRING else [token.string]
            begins = False
    return "".join("".join(words).split())
