"""The search space of a sweep or a search: axes of numbers and choices, conditions, grids, samples, structures."""

from .axes import Axis as Axis
from .conditions import When as When
from .ranges import Integer as Integer
from .ranges import Linear as Linear
from .ranges import Log as Log
from .ranges import SearchSpaceError as SearchSpaceError
