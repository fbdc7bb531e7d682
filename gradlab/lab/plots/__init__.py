"""Plots: functions that draw a Dataset on Matplotlib's axes, and the figures and pictures of whole studies.

A function `draw_...` takes axes and a Dataset, draws, and returns the axes. What is computed from results belongs in
`analysis`, and the page in `report`.
"""

# ruff: noqa: E402  (Matplotlib must be loaded by load_matplotlib)

from .matplotlib_settings import load_matplotlib

load_matplotlib()

from .comparisons.choice_maps import draw_choice_map as draw_choice_map
from .comparisons.critical_difference_diagrams import draw_critical_differences as draw_critical_differences
from .comparisons.intervals import draw_improvement as draw_improvement
from .comparisons.intervals import draw_interquartile_means as draw_interquartile_means
from .comparisons.size_laws import draw_size_laws as draw_size_laws
from .comparisons.tuning_budgets import draw_tuning_budget as draw_tuning_budget
from .heat_maps import draw_heat_map as draw_heat_map
from .hyperparameter_effects import draw_effect as draw_effect
from .landscape_paths import draw_path as draw_path
from .learning_curves import draw_learning_curves as draw_learning_curves
from .performance_profiles import draw_performance_profiles as draw_performance_profiles
from .race_figures import family_figure as family_figure
from .race_figures import paths_figure as paths_figure
from .race_figures import save_race_pictures as save_race_pictures
from .rank_intervals import draw_rank_intervals as draw_rank_intervals
from .rate_sensitivity import draw_sensitivity as draw_sensitivity
from .sweep_figures import save_sweep_pictures as save_sweep_pictures
from .sweep_figures import sweep_figures as sweep_figures
