"""Mutants: wrong versions of the founding optimizers and links, each with one plausible slip of an author.

They prove the kit, which must kill every one on the right law (`python -m gradlab.testing.mutants`), and they give
`assert_same_trajectory` its words: the slips whose trajectory a failing optimizer has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import adabound as adabound
from . import adam as adam
from . import adam_relatives as adam_relatives
from . import dtypes as dtypes
from . import links as links
from . import momentum as momentum
from . import purity as purity
from . import schedules_and_counts as schedules_and_counts
from . import second_moment as second_moment
from . import storage as storage
from . import tracing as tracing
from . import trees as trees
from . import wrappers as wrappers
from .base import MUTANTS as MUTANTS
from .base import Mutant as Mutant
from .base import Slip as Slip
from .base import slips_in
from .schedules_and_counts import general_slips
from .score import Outcome as Outcome
from .score import Score as Score
from .score import mutation_score as mutation_score


def known_slips(reference: str, hyperparameters: Mapping[str, Any]) -> list[Slip]:
    """The known mistakes in a reference, each as a transformation made with these hyperparameters.

    First the mutants of the reference that make sense with them (of Nesterov's form only where `nesterov` is on), then
    the mistakes that any optimizer may have. The learning rate may be a schedule.
    """
    own = slips_in(MUTANTS, reference, hyperparameters)
    named = {slip.slip for slip in own}
    return own + [slip for slip in general_slips(reference, hyperparameters) if slip.slip not in named]
