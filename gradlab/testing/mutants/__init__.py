"""Mutants: wrong versions of optimizers and links, each with one mistake that people really make.

They measure the kit, which must find each mistake by the right law (`python -m gradlab.testing.mutants`). They also let
`assert_same_trajectory` name the mistake in an optimizer whose trajectory is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import accumulation as accumulation
from . import adabound as adabound
from . import adam as adam
from . import adam_relatives as adam_relatives
from . import averages as averages
from . import dtypes as dtypes
from . import durability as durability
from . import links as links
from . import momentum as momentum
from . import purity as purity
from . import schedules_and_counts as schedules_and_counts
from . import second_moment as second_moment
from . import tracing as tracing
from . import trees as trees
from .mutant import MUTANTS as MUTANTS
from .mutant import KnownMistake as KnownMistake
from .mutant import Mutant as Mutant
from .mutant import select_mistakes
from .schedules_and_counts import list_general_mistakes


def list_known_mistakes(reference: str, hyperparameters: Mapping[str, Any]) -> list[KnownMistake]:
    """Return the known mistakes in a reference, each as a transformation made with these hyperparameters.

    The mutants of the reference come first, without those that need an option that is off (such as `nesterov`). The
    mistakes that any optimizer may have follow. The learning rate may be a schedule.
    """
    own = select_mistakes(reference, hyperparameters)
    descriptions = {known.description for known in own}
    general = list_general_mistakes(reference, hyperparameters)
    return own + [known for known in general if known.description not in descriptions]
