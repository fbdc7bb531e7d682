"""The problems that optimizers train. Each has a file of its own, and the parts that `Problem` lists."""

from __future__ import annotations

from collections.abc import Callable

from .base import Landscape as Landscape
from .base import Problem as Problem
from .base import Score as Score
from .landscapes.beale import Beale as Beale
from .landscapes.double_well import DoubleWell as DoubleWell
from .landscapes.himmelblau import Himmelblau as Himmelblau
from .landscapes.plateau import Plateau as Plateau
from .landscapes.rastrigin import Rastrigin as Rastrigin
from .landscapes.ravine import Ravine as Ravine
from .landscapes.rosenbrock import Rosenbrock as Rosenbrock
from .landscapes.saddles import MonkeySaddle as MonkeySaddle
from .landscapes.saddles import Saddle as Saddle
from .landscapes.two_parameter_problem import PlaneProblem as PlaneProblem
from .phenomena.burgers import Burgers as Burgers
from .phenomena.exploding_rnn import ExplodingRnn as ExplodingRnn
from .phenomena.matrix_factorization import MatrixFactorization as MatrixFactorization
from .phenomena.matrix_sensing import MatrixSensing as MatrixSensing
from .phenomena.quadratic import NoisyQuadratic as NoisyQuadratic
from .phenomena.quadratic import Quadratic as Quadratic
from .phenomena.reddi import Reddi as Reddi
from .phenomena.scaled_layers import ScaledLayers as ScaledLayers
from .phenomena.sparse_logistic import SparseLogistic as SparseLogistic
from .real_data.autoencoder import Autoencoder as Autoencoder
from .real_data.characters import Characters as Characters
from .real_data.deep_sigmoid import DeepSigmoid as DeepSigmoid
from .real_data.digits import Digits as Digits
from .real_data.digits_cnn import DigitsCnn as DigitsCnn
from .real_data.lora import Lora as Lora
from .real_data.tabular_data import BreastCancer as BreastCancer
from .real_data.tabular_data import Diabetes as Diabetes
from .real_data.tabular_data import Wine as Wine
from .real_data.transformer import Transformer as Transformer

PROBLEMS: dict[str, Callable[[], Problem]] = {
    problem.name: problem
    for problem in (
        # Real data.
        Digits, DigitsCnn, DeepSigmoid, BreastCancer, Wine, Diabetes, Characters, Transformer, Autoencoder,
        Lora,
        # Landscapes of two parameters.
        Ravine, Rosenbrock, Beale, Himmelblau, Rastrigin, Saddle, MonkeySaddle, Plateau, DoubleWell,
        # Made for one question each.
        Quadratic, NoisyQuadratic, Reddi, SparseLogistic, MatrixFactorization, MatrixSensing, ScaledLayers,
        ExplodingRnn, Burgers,
    )
}  # fmt: skip
