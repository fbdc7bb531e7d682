"""Pictures of results: functions that take matplotlib axes and a Dataset, draw, and return the axes."""

from .curves import learning_curves as learning_curves
from .figures import draw_pictures as draw_pictures
from .figures import family_figure as family_figure
from .figures import paths_figure as paths_figure
from .paths import path as path
from .sensitivity import sensitivity as sensitivity
