"""Mechanical mutants: every recipe and link of gradlab with one edit in its source, for all edits of some kinds.

The hand-written mutants are mistakes that people are known to make. These are made by rule, and so owe nothing to
those who wrote the laws. `python -m gradlab.testing.mutants --mechanical` examines them.
"""

from . import call_operators as call_operators  # registers its operators
from .mutants import MechanicalMutant as MechanicalMutant
from .mutants import list_mutants as list_mutants
