"""Comparison: what a race says about its optimizers, and how sure that is. Pure functions of its Datasets."""

from .measures import summary as summary
from .profiles import performance_profiles as performance_profiles
from .ranks import ranks as ranks
from .rates import rate_intervals as rate_intervals
from .resampling import MINIMUM_SEEDS as MINIMUM_SEEDS
from .resampling import Resampling as Resampling
from .runs import reporting_runs as reporting_runs
from .sentences import certainty as certainty
from .sentences import verdict as verdict
from .targets import default_target as default_target
from .targets import seconds_per_update as seconds_per_update
from .targets import steps_to_target as steps_to_target
