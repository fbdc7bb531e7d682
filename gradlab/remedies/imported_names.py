"""The names that a file imports, read from its source, since to import it would import JAX."""

from __future__ import annotations

import ast
import functools
from pathlib import Path


@functools.cache
def read_imported_names(file: Path) -> dict[str, str]:
    """Return the module of each name that a file imports by `from`, such as `.optimizers.adam` for `adam`.

    A subpackage, as in `from . import codecs`, is its own module, `.codecs`.
    """
    statements = [node for node in ast.parse(file.read_bytes()).body if isinstance(node, ast.ImportFrom)]
    return {
        alias.name: "." * statement.level + (statement.module or alias.name)
        for statement in statements
        for alias in statement.names
    }
