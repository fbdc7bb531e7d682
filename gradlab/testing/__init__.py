"""The law kit: it examines any optimizer by laws, and compares it with independent references."""

from . import references as references
from .check import assert_lawful as assert_lawful
from .check import check as check
from .check_polynomials import check_polynomial_iteration as check_polynomial_iteration
from .check_schedule import check_schedule as check_schedule
from .law import CLAIMS as CLAIMS
from .law import CONTRACTS as CONTRACTS
from .law import Law as Law
from .law import law as law
from .own_parameters import adapt_parameters as adapt_parameters
from .report import Report as Report
from .report import Result as Result
from .report import Unexamined as Unexamined
from .schedule_laws import SCHEDULE_CLAIMS as SCHEDULE_CLAIMS
from .schedule_laws import SCHEDULE_LAWS as SCHEDULE_LAWS
from .trajectory import assert_same_trajectory as assert_same_trajectory
