"""Explanations of any composition for a person: its equations, its diagram, its state and its sources."""

from ..remedies.called_modules import refuse_calls as _refuse_calls
from .docstrings import split_docstring as split_docstring
from .explanation import Explanation as Explanation
from .explanation import explain as explain
from .remarks import find_remarks as find_remarks
from .sources import find_sources as find_sources
from .state_memory import describe_state_memory as describe_state_memory

_refuse_calls(__name__, "gl.explain(tx) explains a transformation")
