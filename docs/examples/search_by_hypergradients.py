"""Compare searches that use the gradient of the final score with respect to the optimizer with TPE and Sobol points.

The table is on the page "Sweep over hyperparameters". Run it with the extra `search`; it takes some minutes:

    python docs/examples/search_by_hypergradients.py            # ten studies from twelve seeds of the samplers
    python docs/examples/search_by_hypergradients.py 1 1 32     # one study, one seed, 32 trials
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optuna
from scipy.stats import qmc

import gradlab as gl
from gradlab.lab.problems import PROBLEMS

BATCH, CHOOSE, SEEDS = 16, 4, 8  # trials of a round, seeds that choose, all seeds
BEST, DISTANCES = 2, (0.02, 0.05, 0.12, 0.3)  # the best points, and how far from them a search goes along the gradient
FLOOR, WORST = -8.0, 4.0  # of the score, a decimal logarithm


RATE, MEMORY = ("log", 1e-4, 1.0), ("lin", 0.0, 0.99)
MOMENTUM = {"learning_rate": RATE, "momentum": MEMORY}
ADAM = {"learning_rate": RATE, "b1": MEMORY, "b2": ("lin", 0.5, 0.999)}
EPS = {"eps": ("log", 1e-8, 1.0)}
STUDIES = [  # problem, optimizer, axes, updates
    ("ravine", gl.sgd, MOMENTUM, 40),
    ("ravine", gl.adam, ADAM, 100),
    ("rosenbrock", gl.sgd, MOMENTUM, 200),
    ("rosenbrock", gl.adam, ADAM | EPS, 200),
    ("quadratic", gl.sgd, MOMENTUM, 100),
    ("matrix_factorization", gl.adam, ADAM, 100),
    ("sparse_logistic", gl.rmsprop, {"learning_rate": RATE, "decay": MEMORY} | EPS, 100),
    ("scaled_layers", gl.adam, ADAM | EPS, 100),
    ("digits", gl.sgd, MOMENTUM, 100),
    ("digits", gl.adamw, ADAM | {"weight_decay": ("log", 1e-4, 1.0)}, 100),
]


def place(axis, share):
    """The value of a hyperparameter at a share, in [0, 1], of its range."""
    kind, low, high = axis
    return low * (high / low) ** share if kind == "log" else low + share * (high - low)


def make_study(problem, factory, axes, steps):
    """Return two compiled functions: scores on (point, seed), and their mean gradients over the choosing seeds."""

    def run(point, key):
        """The losses of one run that choose and that report, as decimal logarithms."""
        tx = factory(**{name: place(axis, share) for (name, axis), share in zip(axes.items(), point)})
        start, batches = jax.random.split(key)
        params = problem.init(start)

        def step(carry, batch):
            params, state = carry
            updates, state = tx.update(jax.grad(problem.loss)(params, batch), state, params)
            return (gl.apply_updates(params, updates), state), None

        (params, _), _ = jax.lax.scan(step, (params, tx.init(params)), problem.batches(batches, steps), length=steps)
        metrics = problem.metrics(params)
        losses = [metrics[name] for name in ("validation_loss", "test_loss", "final_loss") if name in metrics]
        return jnp.log10(losses[0] + 10**FLOOR), jnp.log10(losses[-1] + 10**FLOOR)

    keys = jax.vmap(jax.random.key)(jnp.arange(SEEDS))

    def evaluate(point):
        chosen, reported = jax.vmap(run, (None, 0))(point, keys)
        return jnp.concatenate([chosen[:CHOOSE], reported[CHOOSE:]])

    def differentiate(point):
        # One tangent for each hyperparameter, side by side: exact, and in no more memory than so many runs.
        return jax.jacfwd(lambda at: jax.vmap(run, (None, 0))(at, keys[:CHOOSE])[0].mean())(point)

    return jax.jit(jax.vmap(evaluate)), jax.jit(jax.vmap(differentiate))


def search(method, evaluate, gradients, dimensions, trials, seed):
    """Return the points of a search, (trial, dimension), and their scores, (trial, seed)."""
    sampler = optuna.samplers.TPESampler(n_startup_trials=1, multivariate=True, constant_liar=True, seed=seed)
    study, rng = optuna.create_study(sampler=sampler), np.random.default_rng(seed)
    spread = qmc.Sobol(dimensions, seed=seed).random(trials)
    points, scores = np.empty((0, dimensions)), np.empty((0, SEEDS))
    for first in range(0, trials, BATCH):
        given = spread[first : first + BATCH] if method == "sobol" or first == 0 else np.empty((0, dimensions))
        if first and method in ("hypergradient", "random direction"):
            best = points[np.argsort(scores[:, :CHOOSE].mean(1))[:BEST]]
            slopes = rng.normal(size=best.shape) if method == "random direction" else np.asarray(gradients(best))
            lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
            is_known = (np.isfinite(lengths) & (lengths > 0))[:, 0]  # TPE takes the place of those that are not
            best, slopes = best[is_known], (slopes / lengths)[is_known]
            given = np.concatenate([best - distance * slopes for distance in DISTANCES]).clip(0, 1)
        for point in given:
            study.enqueue_trial({str(axis): float(share) for axis, share in enumerate(point)})
        asked = [study.ask() for _ in range(BATCH)]
        new = np.array([[trial.suggest_float(str(axis), 0, 1) for axis in range(dimensions)] for trial in asked])
        found = np.nan_to_num(np.asarray(evaluate(new)), nan=WORST, posinf=WORST).clip(FLOOR, WORST)
        for trial, values in zip(asked, found):
            study.tell(trial, values[:CHOOSE].mean())
        points, scores = np.concatenate([points, new]), np.concatenate([scores, found])
    return points, scores


def reported(scores, trials):
    """The score, over the other seeds, of the best of the first trials."""
    return scores[scores[:trials, :CHOOSE].mean(1).argmin(), CHOOSE:].mean()


def count(function, points):
    """The floating-point operations of a compiled function, with one update of each loop."""
    return function.lower(points).cost_analysis()["flops"]


def main(studies=10, seeds=12, trials=64):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    methods = ("sobol", "tpe", "random direction", "hypergradient")
    print("| study | axes | trials |", " | ".join(methods), "| against TPE | at equal cost | cost |")
    for name, factory, axes, steps in STUDIES[:studies]:
        evaluate, gradients = make_study(PROBLEMS[name](), factory, axes, steps)
        points = jnp.full((BATCH, len(axes)), 0.5)
        # The cost of the gradients of a round, in trials. A trial is a run from each of the seeds.
        cost = count(gradients, points[:BEST]) / count(evaluate, points) * BATCH
        scores = {
            method: [search(method, evaluate, gradients, len(axes), trials, seed)[1] for seed in range(seeds)]
            for method in methods
        }
        for some in (trials // 2, trials):
            ends = {method: np.array([reported(found, some) for found in scores[method]]) for method in methods}
            rounds = max(r for r in range(1, some // BATCH + 1) if r * BATCH + (r - 1) * cost <= some)
            cheaper = np.array([reported(found, rounds * BATCH) for found in scores["hypergradient"]])
            gains = [found - ends["tpe"] for found in (ends["hypergradient"], cheaper)]
            numbers = [f"{found.mean():.2f}" for found in ends.values()]
            numbers += [f"{gain.mean():+.2f} ± {gain.std() / seeds**0.5:.2f}" for gain in gains] + [f"{cost:.1f}"]
            print(f"| {name}, {factory.__name__} | {len(axes)} | {some} |", " | ".join(numbers), "|", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
