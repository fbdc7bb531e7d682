"""Statistics that reviewers ask for, from the results of a finished study: tuning budgets, tests, and many problems.

All are pure functions of its Datasets. Configurations are chosen on the choosing seeds alone, and what is said about
them is of the reporting seeds alone.
"""

from .budget_sentences import describe_tuning_budget as describe_tuning_budget
from .rate_sensitivity import describe_rate_sensitivity as describe_rate_sensitivity
from .rate_sensitivity import rate_sensitivity as rate_sensitivity
from .tuning_budget import tuning_budget as tuning_budget
