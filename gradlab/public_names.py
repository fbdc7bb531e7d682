"""The public names of gradlab, each written once. `gradlab` imports each from its module at its first use."""

# What transformations are, and how they are joined.
from optax import apply_updates as apply_updates

from . import codecs as codecs
from . import flavors as flavors
from . import lab as lab
from . import schedules as schedules
from . import selectors as selectors
from .base import Transformation as Transformation
from .combinators.accumulate import accumulate as accumulate
from .combinators.add import add as add
from .combinators.average_params import average_params as average_params
from .combinators.chain import chain as chain
from .combinators.description import describe as describe
from .combinators.dynamic_loss_scale import dynamic_loss_scale as dynamic_loss_scale
from .combinators.each import each as each
from .combinators.freeze import freeze as freeze
from .combinators.lookahead import lookahead as lookahead
from .combinators.master_params import master_params as master_params
from .combinators.only import only as only
from .combinators.partition import partition as partition
from .combinators.per_worker import per_worker as per_worker
from .combinators.round_params import round_params as round_params
from .combinators.schedule_free import schedule_free as schedule_free
from .combinators.signals import isolate as isolate
from .combinators.signals import measure as measure
from .combinators.signals import precondition as precondition
from .combinators.skip_nonfinite import skip_nonfinite as skip_nonfinite
from .combinators.store import store as store
from .decorators import recipe as recipe
from .decorators import transformation as transformation

# What a hyperparameter may be.
from .numeric_arguments import Decay as Decay
from .numeric_arguments import Dtype as Dtype
from .numeric_arguments import Fraction as Fraction
from .numeric_arguments import Hyperparameter as Hyperparameter
from .numeric_arguments import Limit as Limit
from .numeric_arguments import NonNegative as NonNegative
from .numeric_arguments import Positive as Positive
from .numeric_arguments import PositiveSteps as PositiveSteps
from .numeric_arguments import Range as Range
from .numeric_arguments import Seed as Seed
from .numeric_arguments import Steps as Steps

# Recipes.
from .optimizers.adabound import adabound as adabound
from .optimizers.adabound import amsbound as amsbound
from .optimizers.adadelta import adadelta as adadelta
from .optimizers.adagrad import adagrad as adagrad
from .optimizers.adam import adam as adam
from .optimizers.adam import adamw as adamw
from .optimizers.adamax import adamax as adamax
from .optimizers.amsgrad import amsgrad as amsgrad
from .optimizers.nadam import nadam as nadam
from .optimizers.nag import nag as nag
from .optimizers.rmsprop import rmsprop as rmsprop
from .optimizers.schedule_free import schedule_free_adamw as schedule_free_adamw
from .optimizers.schedule_free import schedule_free_sgd as schedule_free_sgd
from .optimizers.sgd import sgd as sgd
from .optimizers.sign_sgd import sign_sgd as sign_sgd

# Selectors of leaves.
from .selectors.base import where as where
from .selectors.labels import labels as labels
from .selectors.patterns import path as path
from .selectors.properties import dtype as dtype
from .selectors.properties import ndim as ndim
from .selectors.properties import size as size

# What reads or edits a state.
from .states.from_optax import state_from_optax as state_from_optax
from .states.from_torch import state_from_torch as state_from_torch
from .states.hyperparameters import hyperparameters as hyperparameters
from .states.metrics import metrics as metrics
from .states.named_arrays import state_from_dict as state_from_dict
from .states.named_arrays import state_to_dict as state_to_dict
from .states.points import eval_params as eval_params
from .states.points import gradient_params as gradient_params
from .states.reset import reset_state as reset_state
from .states.sharding import state_sharding as state_sharding
from .training.loss_scale import loss_scale as loss_scale
from .training.make_step import make_step as make_step

# Links.
from .transforms.bias_correction import bias_correction as bias_correction
from .transforms.centralization import centralize as centralize
from .transforms.clipping import clip_between as clip_between
from .transforms.clipping import clip_by_global_norm as clip_by_global_norm
from .transforms.clipping import clip_by_norm as clip_by_norm
from .transforms.clipping import clip_by_value as clip_by_value
from .transforms.decay import add_decayed_weights as add_decayed_weights
from .transforms.delay import delay as delay
from .transforms.estimators import running_max as running_max
from .transforms.estimators import running_sum as running_sum
from .transforms.gradient import gradient as gradient
from .transforms.gradient import gradient_at as gradient_at
from .transforms.majority_vote import majority_vote as majority_vote
from .transforms.momentum import nesterov as nesterov
from .transforms.momentum import nesterov_momentum as nesterov_momentum
from .transforms.momentum import scale_by_heavy_ball as scale_by_heavy_ball
from .transforms.momentum import scale_by_momentum as scale_by_momentum
from .transforms.noise import add_noise as add_noise
from .transforms.normalization import scale_to_global_norm as scale_to_global_norm
from .transforms.normalization import scale_to_relative_norm as scale_to_relative_norm
from .transforms.one_bit_mean import one_bit_mean as one_bit_mean
from .transforms.plateau import reduce_on_plateau as reduce_on_plateau
from .transforms.probe import probe as probe
from .transforms.scaling import scale as scale
from .transforms.scaling import scale_by_learning_rate as scale_by_learning_rate
from .transforms.scaling import scale_by_sign as scale_by_sign
from .transforms.second_moment import scale_by_infinity_norm as scale_by_infinity_norm
from .transforms.second_moment import scale_by_rms as scale_by_rms
from .transforms.second_moment import scale_by_rss as scale_by_rss
from .transforms.second_moment import scale_by_stddev as scale_by_stddev
from .transforms.second_moment import scale_by_update_rms as scale_by_update_rms
from .transforms.sharpness_aware import asam as asam
from .transforms.sharpness_aware import sam as sam
