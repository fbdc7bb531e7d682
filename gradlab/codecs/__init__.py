"""Codecs: how `gl.store` keeps the arrays of a state in fewer bytes. They are values, like optimizers."""

import typing as _typing

from .base import Codec as Codec
from .base import Coding as Coding
from .base import codec as codec
from .cast import cast as cast
from .companded_blocks import companded_blocks as companded_blocks
from .dynamic_blocks import dynamic_blocks as dynamic_blocks
from .float_blocks import float_blocks as float_blocks

if not _typing.TYPE_CHECKING:  # a `__getattr__` that type checkers could see would give them any name
    from ..remedies.missing_names import refuse_unknown_names as _refuse_unknown_names

    __getattr__ = _refuse_unknown_names(__name__)
