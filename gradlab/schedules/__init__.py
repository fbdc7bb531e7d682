"""Schedules: hyperparameters that are functions of the step, which counts from 0. They are values, like optimizers."""

import typing as _typing

from .base import Schedule as Schedule
from .base import as_schedule as as_schedule
from .base import constant as constant
from .base import schedule as schedule
from .base import shift as shift
from .bounds import lower_bound as lower_bound
from .bounds import relative as relative
from .bounds import upper_bound as upper_bound
from .decay import cosine as cosine
from .decay import exponential as exponential
from .decay import inverse_square_root as inverse_square_root
from .decay import inverse_time as inverse_time
from .decay import linear as linear
from .decay import polynomial as polynomial
from .memory import half_life as half_life
from .memory import power_law as power_law
from .phases import join as join
from .phases import nadam_momentum as nadam_momentum
from .phases import one_cycle as one_cycle
from .phases import piecewise as piecewise
from .phases import warmup_cosine as warmup_cosine
from .phases import warmup_stable_decay as warmup_stable_decay

if not _typing.TYPE_CHECKING:  # a `__getattr__` that type checkers could see would give them any name
    from ..remedies.missing_names import refuse_unknown_names as _refuse_unknown_names

    __getattr__ = _refuse_unknown_names(__name__)
