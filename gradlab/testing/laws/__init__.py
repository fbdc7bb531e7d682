"""The laws, one family a file. Importing this package registers them in the order in which they are reported."""

from . import surroundings as surroundings  # noqa: I001
from . import pure as pure
from . import donatable as donatable
from . import instances as instances
from . import stable as stable
from . import precise as precise
from . import mixed_dtypes as mixed_dtypes
from . import differentiable as differentiable
from . import traceable as traceable
from . import compiled_once as compiled_once
from . import same_everywhere as same_everywhere
from . import any_tree as any_tree
from . import leaf_order as leaf_order
from . import durable as durable
from . import arguments as arguments
from . import loud as loud
from . import symmetries as symmetries
from . import progress as progress
from . import accumulation as accumulation
from . import skipping as skipping
from . import averages as averages
from . import slow_weights as slow_weights
from . import matrix_symmetries as matrix_symmetries
from . import singular_values as singular_values
from . import polynomials as polynomials
from . import sizes as sizes
