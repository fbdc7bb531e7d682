"""Pictures of results: functions that take matplotlib axes and a Dataset, draw, and return the axes."""

# ruff: noqa: E402  (Matplotlib is loaded first)

from .matplotlib_settings import load_matplotlib

load_matplotlib()

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
