// What the optimizers of the five stories descend: where they start, the gradient at update t, and the loss shown.
"use strict";
(() => {
  const { descent, momentum, nesterov, adagrad, adam, amsgrad, clipped } = gradlabStories.methods;

  // The ravine: 50 times steeper across than along, and turned by 30 degrees around its optimum.
  const cos = Math.cos(Math.PI / 6), sin = Math.sin(Math.PI / 6), steepness = 50;
  const along = ([x, y]) => (x - 1) * cos + (y - 0.5) * sin;
  const across = ([x, y]) => (y - 0.5) * cos - (x - 1) * sin;
  const ravine = {
    start: [1 - 4 * cos - sin, 0.5 - 4 * sin + cos],
    gradient: x => [
      cos * along(x) - sin * steepness * across(x),
      sin * along(x) + cos * steepness * across(x),
    ],
    quantities: { loss: x => 0.5 * (along(x) ** 2 + steepness * across(x) ** 2), along },
  };

  // Two logistic losses log(1 + exp(-label * w)). Every fifth label is -1.
  const softplus = z => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
  const label = count => (count % 5 === 4 ? -1 : 1);
  const slope = (w, sign) => -sign / (1 + Math.exp(sign * w));
  const mean = w => 0.8 * softplus(-w) + 0.2 * softplus(w);
  const sparse = {
    start: [0, 0],
    gradient: (w, t, { period }) => [
      slope(w[0], label(t)),
      t % period === period - 1 ? slope(w[1], label(Math.floor(t / period))) : 0,
    ],
    quantities: { loss: w => mean(w[0]) + mean(w[1]) - 2 * mean(Math.log(4)) },
  };

  // The problem of Reddi et al.: slopes 4, -1, -1, 4, ... and walls at -1 and +1.
  const wall = x => (Math.abs(x) > 1 ? 4 * Math.sign(x) : 0);
  const reddi = {
    start: [0],
    gradient: ([x], t) => [(t % 3 === 0 ? 4 : -1) + wall(x)],
    quantities: { loss: ([x]) => 2 / 3 * (x + 1) + 4 * Math.max(Math.abs(x) - 1, 0), first: ([x]) => x },
  };

  // A linear recurrent network: from the state u, 20 times multiplied by w, to the target 1.
  const exploding = {
    start: [1.2, 1.2],
    gradient: ([w, u]) => {
      const error = u * w ** 20 - 1;
      return [error * u * 20 * w ** 19, error * w ** 20];
    },
    quantities: { loss: ([w, u]) => 0.5 * (u * w ** 20 - 1) ** 2 },
  };

  gradlabStories.stories = {
    "ravine": { ...ravine, methods: {
      "gradient descent": s => descent(s.rate),
      "with momentum": s => momentum(s.rate, s.momentum),
    } },
    "overshoot": { ...ravine, methods: {
      "Polyak's momentum": s => momentum(s.rate, s.momentum),
      "Nesterov's momentum": s => nesterov(s.rate, s.momentum),
    } },
    "sparse-features": { ...sparse, methods: {
      "SGD": s => descent(s.rate),
      "Adagrad": s => adagrad(s.rate),
    } },
    "non-convergence": { ...reddi, methods: {
      "Adam": s => adam(s.rate, 0, s.b2),
      "AMSGrad": s => amsgrad(s.rate, 0, s.b2),
    } },
    "exploding-gradients": { ...exploding, methods: {
      "gradient descent": s => descent(s.rate),
      "clipped": s => clipped(s.limit, descent(s.rate)),
      "Adam": s => adam(s.rate, 0.9, 0.999),
    } },
  };
})();
