"""Selectors: which leaves of a tree of parameters a rule is about. They are values. `&` (and), `|` (or) and `~` (not)
make new ones."""

import typing as _typing

from .base import Selector as Selector
from .base import as_selector as as_selector
from .base import everything as everything
from .base import selector as selector
from .base import where as where
from .labels import labels as labels
from .leaves import Leaf as Leaf
from .patterns import path as path
from .properties import dtype as dtype
from .properties import ndim as ndim
from .properties import size as size

if not _typing.TYPE_CHECKING:  # a `__getattr__` that type checkers could see would give them any name
    from ..remedies.missing_names import refuse_unknown_names as _refuse_unknown_names

    __getattr__ = _refuse_unknown_names(__name__)
