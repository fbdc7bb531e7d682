"""Comparison: measures, ranks and verdicts of the optimizers of a race, each with its certainty.

All are pure functions of its Datasets.
"""

from .chosen_rates import rate_intervals as rate_intervals
from .optimizer_statistics import summary as summary
from .profiles import performance_profiles as performance_profiles
from .rank_intervals import ranks as ranks
from .reporting_runs import select_reporting_runs as select_reporting_runs
from .resampling import MINIMUM_SEEDS as MINIMUM_SEEDS
from .resampling import Resampling as Resampling
from .targets import default_target as default_target
from .targets import seconds_per_update as seconds_per_update
from .targets import steps_to_target as steps_to_target
from .verdict_sentences import describe_certainty as describe_certainty
from .verdict_sentences import describe_places as describe_places
from .verdict_sentences import describe_stuck as describe_stuck
from .verdict_sentences import verdict as verdict
