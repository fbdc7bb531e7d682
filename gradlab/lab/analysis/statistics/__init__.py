"""Statistics that reviewers ask for, from the results of a finished study: tuning budgets, tests, and many problems.

All are pure functions of its Datasets. Configurations are chosen on the choosing seeds alone, and what is said about
them is of the reporting seeds alone.
"""

from .aggregates import improvement_probabilities as improvement_probabilities
from .aggregates import interquartile_means as interquartile_means
from .axes.best_by_value import best_by_value as best_by_value
from .axes.power_law import PowerLaw as PowerLaw
from .axes.power_law import fit_power_law as fit_power_law
from .axes.size_laws import describe_size_laws as describe_size_laws
from .axes.size_laws import size_laws as size_laws
from .budget_sentences import describe_tuning_budget as describe_tuning_budget
from .critical_differences import critical_differences as critical_differences
from .many_problems import tuned_race as tuned_race
from .pairwise_tests import describe_pairwise_tests as describe_pairwise_tests
from .pairwise_tests import pairwise_tests as pairwise_tests
from .rate_sensitivity import describe_rate_sensitivity as describe_rate_sensitivity
from .rate_sensitivity import rate_sensitivity as rate_sensitivity
from .time_to_target import time_to_target as time_to_target
from .tuning_budget import tuning_budget as tuning_budget
