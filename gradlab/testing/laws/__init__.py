"""The laws, one family a file. Importing this package registers them in the order in which they are reported."""

from . import pure as pure  # noqa: I001
from . import stable as stable
from . import precise as precise
from . import traceable as traceable
from . import compiled_once as compiled_once
from . import same_everywhere as same_everywhere
from . import any_tree as any_tree
from . import durable as durable
from . import loud as loud
from . import symmetries as symmetries
from . import progress as progress
from . import accumulation as accumulation
