"""The law kit: it examines any optimizer by laws, and compares it with independent references."""

import typing as _typing

from . import references as references
from .check import assert_lawful as assert_lawful
from .check import check as check
from .matrix_methods.check_polynomials import check_polynomial_iteration as check_polynomial_iteration
from .schedules.check_schedule import check_schedule as check_schedule
from .schedules.schedule_laws import SCHEDULE_CLAIMS as SCHEDULE_CLAIMS
from .schedules.schedule_laws import SCHEDULE_LAWS as SCHEDULE_LAWS
from .subjects.own_parameters import adapt_parameters as adapt_parameters
from .trajectories.trajectory import assert_same_trajectory as assert_same_trajectory
from .verdicts.law import CLAIMS as CLAIMS
from .verdicts.law import CONTRACTS as CONTRACTS
from .verdicts.law import Law as Law
from .verdicts.law import law as law
from .verdicts.report import Report as Report
from .verdicts.report import Result as Result
from .verdicts.report import Unexamined as Unexamined

if not _typing.TYPE_CHECKING:  # a `__getattr__` that type checkers could see would give them any name
    from ..remedies.missing_names import refuse_unknown_names as _refuse_unknown_names

    __getattr__ = _refuse_unknown_names(__name__)
