"""Selectors: which leaves of a tree of parameters a rule is about. They are values, and `& | ~` join them."""

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
