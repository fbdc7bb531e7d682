"""The problems to race on, by name: one a file, each a value with the few parts that `Problem` lists."""

from __future__ import annotations

from collections.abc import Callable

from ..names import pick
from .base import Landscape as Landscape
from .base import Problem as Problem
from .base import Score as Score
from .beale import Beale as Beale
from .characters import Characters as Characters
from .deep_sigmoid import DeepSigmoid as DeepSigmoid
from .digits import Digits as Digits
from .digits_cnn import DigitsCnn as DigitsCnn
from .double_well import DoubleWell as DoubleWell
from .exploding_rnn import ExplodingRnn as ExplodingRnn
from .himmelblau import Himmelblau as Himmelblau
from .matrix_factorization import MatrixFactorization as MatrixFactorization
from .plane import PlaneProblem as PlaneProblem
from .plateau import Plateau as Plateau
from .quadratic import NoisyQuadratic as NoisyQuadratic
from .quadratic import Quadratic as Quadratic
from .rastrigin import Rastrigin as Rastrigin
from .ravine import Ravine as Ravine
from .reddi import Reddi as Reddi
from .rosenbrock import Rosenbrock as Rosenbrock
from .saddles import MonkeySaddle as MonkeySaddle
from .saddles import Saddle as Saddle
from .scaled_layers import ScaledLayers as ScaledLayers
from .sparse_logistic import SparseLogistic as SparseLogistic
from .tables import BreastCancer as BreastCancer
from .tables import Diabetes as Diabetes
from .tables import Wine as Wine

PROBLEMS: dict[str, Callable[[], Problem]] = {
    problem.name: problem
    for problem in (
        # Real data.
        Digits, DigitsCnn, DeepSigmoid, BreastCancer, Wine, Diabetes, Characters,
        # Landscapes of two parameters.
        Ravine, Rosenbrock, Beale, Himmelblau, Rastrigin, Saddle, MonkeySaddle, Plateau, DoubleWell,
        # Made for one question each.
        Quadratic, NoisyQuadratic, Reddi, SparseLogistic, MatrixFactorization, ScaledLayers, ExplodingRnn,
    )
}  # fmt: skip


def find(name: str) -> Problem:
    """The problem of a name; a KeyError that lists the near matches if there is none."""
    return pick(name, PROBLEMS, "problem")()
