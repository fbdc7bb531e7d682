"""The equations of any composition, from those that its links declare, as LaTeX and as Unicode."""

from ..remedies.called_modules import refuse_calls as _refuse_calls
from .hyperparameter_values import is_ahead as is_ahead
from .hyperparameter_values import is_zero as is_zero
from .latex_expressions import Expression as Expression
from .latex_expressions import Number as Number
from .letters import Letter as Letter
from .letters import letters_of as letters_of
from .lines import Equations as Equations
from .lines import Symbol as Symbol
from .writer import Writer as Writer
from .writer import add_accent as add_accent
from .writer import equation_of as equation_of
from .writer import equations_of as equations_of
from .writer import write_step as write_step

_refuse_calls(__name__, "gl.explain(tx) shows the equations of a transformation")
