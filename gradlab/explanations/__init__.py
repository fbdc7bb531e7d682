"""What a transformation is, for a person: equations, a diagram, state and sources of any composition."""

from .explanation import Explanation as Explanation
from .explanation import explain as explain
from .sources import find_sources as find_sources
from .state_memory import describe_state_memory as describe_state_memory
