"""Mutants: wrong versions of optimizers and links, each with one mistake that people really make.

They measure the kit, which must find each mistake by the right law (`python -m gradlab.testing.mutants`). They also let
`assert_same_trajectory` name the mistake in an optimizer whose trajectory is wrong, or say whose convention it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import accumulation as accumulation
from . import adabound as adabound
from . import adam as adam
from . import adam_relatives as adam_relatives
from . import arguments as arguments
from . import averages as averages
from . import between_leaves as between_leaves
from . import conventions as conventions
from . import dtypes as dtypes
from . import durability as durability
from . import instances as instances
from . import leaf_order as leaf_order
from . import links as links
from . import matrix_methods as matrix_methods
from . import mixed_dtypes as mixed_dtypes
from . import momentum as momentum
from . import purity as purity
from . import ranges_and_derivatives as ranges_and_derivatives
from . import released as released
from . import released_wrappers as released_wrappers
from . import schedules as schedules
from . import schedules_and_counts as schedules_and_counts
from . import second_moment as second_moment
from . import sizes as sizes
from . import skipping as skipping
from . import surroundings as surroundings
from . import tracing as tracing
from . import trees as trees
from .known_differences import KnownDifference as KnownDifference
from .known_differences import list_of_defaults, list_of_mutants
from .mutant import MUTANTS as MUTANTS
from .mutant import Mutant as Mutant
from .right_versions import OPTIMIZERS
from .schedules_and_counts import list_general_mistakes


def list_known_differences(reference: str, hyperparameters: Mapping[str, Any]) -> Iterator[KnownDifference]:
    """Yield the known ways to differ from a reference, made with these hyperparameters, the most likely first.

    These are the default values of other frameworks, where none are given, their conventions, the mutants of the
    reference, without those that need an option that is off (such as `nesterov`), and the mistakes that any optimizer
    may have. The learning rate may be a schedule.
    """
    if reference in OPTIMIZERS:
        yield from list_of_defaults(reference, hyperparameters, OPTIMIZERS[reference])
    described = set()
    for known in list_of_mutants(reference, hyperparameters):
        described.add(known.description)
        yield known
    for known in list_general_mistakes(reference, hyperparameters):
        if known.description not in described:
            yield known
