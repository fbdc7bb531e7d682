"""Pictures of results: functions that take matplotlib axes and a Dataset, draw, and return the axes."""

# ruff: noqa: E402  (Matplotlib is loaded first)

from .settings import load_matplotlib

load_matplotlib()

from .curves import learning_curves as learning_curves
from .effects import effect as effect
from .figures import draw_pictures as draw_pictures
from .figures import family_figure as family_figure
from .figures import paths_figure as paths_figure
from .heat import heat as heat
from .paths import path as path
from .profiles import performance_profile as performance_profile
from .ranks import rank_intervals as rank_intervals
from .sensitivity import sensitivity as sensitivity
from .sweeps import draw_sweep as draw_sweep
from .sweeps import sweep_figures as sweep_figures
