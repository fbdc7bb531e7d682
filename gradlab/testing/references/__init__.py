r"""Independent references: the published optimizers, and the links that they are made of, as NumPy step functions.

Use them to test an optimizer, of gradlab or not. Each function is written from the equations of its
paper, in 5 to 12 lines of NumPy, and shares no code with any transformation or optimizer. Agreement
with it is therefore evidence. It is called as

    change, state = adam(g, state, t, x, learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8)

where `g` is one gradient array (float64 or complex128), `state` is a dict ({} at the start, never
mutated), `t` = 1, 2, ... is the step, `x` are the parameters, and the hyperparameters are numbers,
those of this step. It returns the change to add to `x` and the new state. Second moments use $|g|^2$.
Where a published form divides by zero (no eps, only zero gradients so far), the change is zero.
A step function gets one leaf of a tree at a time. One that needs the whole tree, for a global norm,
is marked with the decorator `whole_tree`, and gets dicts of arrays. The reference of a link, such
as `scale_by_rms`, returns the direction that the link makes as the change.

In the formulas of their docstrings, $g_t$ is the gradient of the step $t$, and $x_{t-1}$ and $x_t$ are the parameters
before and after it. A link makes the direction $d'$ of the direction $g$ before it. These symbols mean the same
everywhere, and all others are explained where they are used:

- $\alpha$ is the learning rate, $\lambda$ the weight decay and $\mu$ the momentum.
- $\beta$, $\beta_1$, $\beta_2$ and $\beta_3$ are the decays of running means: `decay`, `b1`, `b2` and `b3`.
- $\epsilon$ is `eps`, and $\epsilon_r$ is `eps_root`.
- $m_t$ is the mean of the gradients and $v_t$ that of their squares, $m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t$ and
  $v_t = \beta_2 v_{t-1} + (1 - \beta_2) |g_t|^2$, if nothing else is said.
- $\hat m_t$ is a mean that is corrected for its start at zero, $\hat m_t = m_t / (1 - \beta_1^t)$.
- $|g|$ is an absolute value, $\|g\|$ the Euclidean norm, and $\|g\|_1$ the sum of the absolute values.
- $\langle g, x \rangle$ is the sum of the products of all elements, and $\operatorname{RMS}$ the root mean square.
- $L^\top$ is a transposed matrix, for complex numbers with conjugate elements.

In the signatures, `Array` is a NumPy array, `State` is the dict of a state, `Step` is a pair of a change and a state,
and `Leaves` is a dict of arrays by path.

`trajectory` runs a step function from start to end; hyperparameters may then be schedules:

    >>> from gradlab.testing import references
    >>> def gradient(x):
    ...     return 2 * x
    >>> references.trajectory(references.sgd, [1.0], gradient, steps=2, learning_rate=0.25)
    array([[1.  ],
           [0.5 ],
           [0.25]])
    >>> references.trajectory(references.sgd, 0.0, [1.0, 1.0], learning_rate=lambda k: 0.5**k)
    array([ 0. , -1. , -1.5])
"""

from gradlab.testing.references.adabound_family import adabound as adabound
from gradlab.testing.references.adabound_family import amsbound as amsbound
from gradlab.testing.references.adam_family import adam as adam
from gradlab.testing.references.adam_family import adam_efficient as adam_efficient
from gradlab.testing.references.adam_family import adamax as adamax
from gradlab.testing.references.adam_family import adamw as adamw
from gradlab.testing.references.adam_family import amsgrad as amsgrad
from gradlab.testing.references.adam_family import nadam as nadam
from gradlab.testing.references.adam_relatives import adabelief as adabelief
from gradlab.testing.references.adam_relatives import cautious_adamw as cautious_adamw
from gradlab.testing.references.adam_relatives import nadamw as nadamw
from gradlab.testing.references.adam_relatives import qhadam as qhadam
from gradlab.testing.references.adam_relatives import qhm as qhm
from gradlab.testing.references.adam_relatives import radam as radam
from gradlab.testing.references.adam_relatives import yogi as yogi
from gradlab.testing.references.blocks import adam_mini as adam_mini
from gradlab.testing.references.blocks import average_blocks as average_blocks
from gradlab.testing.references.blocks import block_mean as block_mean
from gradlab.testing.references.blocks import normalize_blocks as normalize_blocks
from gradlab.testing.references.clipping_links import centralize as centralize
from gradlab.testing.references.clipping_links import clip_between as clip_between
from gradlab.testing.references.clipping_links import clip_by_norm as clip_by_norm
from gradlab.testing.references.clipping_links import clip_by_value as clip_by_value
from gradlab.testing.references.curvature import sophia as sophia
from gradlab.testing.references.distance_based import dadapt_adam as dadapt_adam
from gradlab.testing.references.distance_based import dog as dog
from gradlab.testing.references.distance_based import dowg as dowg
from gradlab.testing.references.distance_based import mechanic as mechanic
from gradlab.testing.references.distance_based import prodigy as prodigy
from gradlab.testing.references.distance_based import scale_by_global_rss as scale_by_global_rss
from gradlab.testing.references.factored import adafactor as adafactor
from gradlab.testing.references.factored import clip_by_rms as clip_by_rms
from gradlab.testing.references.factored import factored_mean as factored_mean
from gradlab.testing.references.factored import scale_by_param_rms as scale_by_param_rms
from gradlab.testing.references.further_moments import adan as adan
from gradlab.testing.references.further_moments import ademamix as ademamix
from gradlab.testing.references.further_moments import adopt as adopt
from gradlab.testing.references.further_moments import mars as mars
from gradlab.testing.references.gradient_descent import momentum_average as momentum_average
from gradlab.testing.references.gradient_descent import sgd as sgd
from gradlab.testing.references.gradient_descent import sign_sgd as sign_sgd
from gradlab.testing.references.kronecker import scale_by_kronecker as scale_by_kronecker
from gradlab.testing.references.kronecker import shampoo as shampoo
from gradlab.testing.references.layerwise import lamb as lamb
from gradlab.testing.references.layerwise import lars as lars
from gradlab.testing.references.layerwise import scale_by_trust_ratio as scale_by_trust_ratio
from gradlab.testing.references.loss_models import momo as momo
from gradlab.testing.references.loss_models import momo_adam as momo_adam
from gradlab.testing.references.low_rank import dion as dion
from gradlab.testing.references.low_rank import orthonormalize_low_rank as orthonormalize_low_rank
from gradlab.testing.references.matrix_bases import eigenbasis as eigenbasis
from gradlab.testing.references.matrix_bases import galore as galore
from gradlab.testing.references.matrix_bases import singular_basis as singular_basis
from gradlab.testing.references.matrix_bases import soap as soap
from gradlab.testing.references.matrix_methods import muon as muon
from gradlab.testing.references.matrix_methods import orthogonalize as orthogonalize
from gradlab.testing.references.matrix_methods import scale_by_shape as scale_by_shape
from gradlab.testing.references.matrix_relatives import keep_norm as keep_norm
from gradlab.testing.references.matrix_relatives import muon_hyperball as muon_hyperball
from gradlab.testing.references.matrix_relatives import normuon as normuon
from gradlab.testing.references.matrix_relatives import scion as scion
from gradlab.testing.references.points import nag as nag
from gradlab.testing.references.points import nesterov_momentum as nesterov_momentum
from gradlab.testing.references.points import schedule_free_adamw as schedule_free_adamw
from gradlab.testing.references.points import schedule_free_sgd as schedule_free_sgd
from gradlab.testing.references.root_mean_square import adadelta as adadelta
from gradlab.testing.references.root_mean_square import adagrad as adagrad
from gradlab.testing.references.root_mean_square import rmsprop as rmsprop
from gradlab.testing.references.runner import trajectory as trajectory
from gradlab.testing.references.runner import whole_tree as whole_tree
from gradlab.testing.references.running_mean_links import additive_mean as additive_mean
from gradlab.testing.references.running_mean_links import bias_correction as bias_correction
from gradlab.testing.references.running_mean_links import lagged_mean as lagged_mean
from gradlab.testing.references.running_mean_links import mix_with_gradient as mix_with_gradient
from gradlab.testing.references.running_mean_links import nesterov as nesterov
from gradlab.testing.references.running_mean_links import running_max as running_max
from gradlab.testing.references.running_mean_links import running_sum as running_sum
from gradlab.testing.references.running_mean_links import scale_by_heavy_ball as scale_by_heavy_ball
from gradlab.testing.references.running_mean_links import scale_by_momentum as scale_by_momentum
from gradlab.testing.references.scaling_links import add_decayed_weights as add_decayed_weights
from gradlab.testing.references.scaling_links import agree_in_sign as agree_in_sign
from gradlab.testing.references.scaling_links import majority_vote as majority_vote
from gradlab.testing.references.scaling_links import one_bit_mean as one_bit_mean
from gradlab.testing.references.scaling_links import proximal_decay as proximal_decay
from gradlab.testing.references.scaling_links import scale as scale
from gradlab.testing.references.scaling_links import scale_by_infinity_norm as scale_by_infinity_norm
from gradlab.testing.references.scaling_links import scale_by_learning_rate as scale_by_learning_rate
from gradlab.testing.references.scaling_links import scale_by_rms as scale_by_rms
from gradlab.testing.references.scaling_links import scale_by_rss as scale_by_rss
from gradlab.testing.references.scaling_links import scale_by_sign as scale_by_sign
from gradlab.testing.references.scaling_links import scale_by_stddev as scale_by_stddev
from gradlab.testing.references.scaling_links import scale_by_update_rms as scale_by_update_rms
from gradlab.testing.references.sign_methods import cautious_lion as cautious_lion
from gradlab.testing.references.sign_methods import lion as lion
from gradlab.testing.references.sign_methods import signum as signum
from gradlab.testing.references.signal_links import delay as delay
from gradlab.testing.references.signal_links import gauss_newton_bartlett as gauss_newton_bartlett
from gradlab.testing.references.signal_links import gradient as gradient
from gradlab.testing.references.signal_links import hutchinson as hutchinson
from gradlab.testing.references.signal_links import scale_by_distance as scale_by_distance
from gradlab.testing.references.signal_links import scale_by_rates as scale_by_rates
from gradlab.testing.references.watching_links import probe as probe
from gradlab.testing.references.watching_links import reduce_on_plateau as reduce_on_plateau
from gradlab.testing.references.whitening import kron as kron
from gradlab.testing.references.whitening import scale_by_whitening as scale_by_whitening
from gradlab.testing.references.whole_tree_links import add_noise as add_noise
from gradlab.testing.references.whole_tree_links import clip_by_global_norm as clip_by_global_norm
from gradlab.testing.references.whole_tree_links import scale_to_global_norm as scale_to_global_norm
from gradlab.testing.references.whole_tree_links import scale_to_relative_norm as scale_to_relative_norm
