// The optimizers of the stories. Each function returns a step: from a gradient, an array, to what is added to the
// parameters. The tests compare their paths with those of gradlab.
"use strict";
var gradlabStories = window.gradlabStories || {};
window.gradlabStories = gradlabStories;

gradlabStories.methods = (() => {
  const zeros = gradient => gradient.map(() => 0);

  function descent(rate) {
    return gradient => gradient.map(g => -rate * g);
  }

  function momentum(rate, decay) {
    let velocity;
    return gradient => {
      velocity = (velocity || zeros(gradient)).map((v, i) => decay * v + gradient[i]);
      return velocity.map(v => -rate * v);
    };
  }

  function nesterov(rate, decay) {
    let velocity;
    return gradient => {
      velocity = (velocity || zeros(gradient)).map((v, i) => decay * v - rate * gradient[i]);
      return velocity.map((v, i) => decay * v - rate * gradient[i]);
    };
  }

  function adagrad(rate) {
    let sum;
    return gradient => {
      sum = (sum || zeros(gradient)).map((s, i) => s + gradient[i] ** 2);
      return gradient.map((g, i) => -rate * g / (Math.sqrt(sum[i]) + 1e-10));
    };
  }

  // A running mean divided by its weight, which is the same running mean of ones.
  function correctedMean(decay) {
    let mean, weight = 0;
    return values => {
      weight = decay * weight + (1 - decay);
      mean = (mean || zeros(values)).map((m, i) => decay * m + (1 - decay) * values[i]);
      return mean.map(m => m / weight);
    };
  }

  function adam(rate, b1, b2, keepLargest = false) {
    const first = correctedMean(b1), second = correctedMean(b2);
    let largest;
    return gradient => {
      const m = first(gradient);
      let v = second(gradient.map(g => g ** 2));
      if (keepLargest) v = largest = v.map((x, i) => Math.max(x, largest ? largest[i] : 0));
      return m.map((x, i) => -rate * x / (Math.sqrt(v[i]) + 1e-8));
    };
  }

  function amsgrad(rate, b1, b2) {
    return adam(rate, b1, b2, true);
  }

  function clipped(limit, method) {
    return gradient => {
      const norm = Math.hypot(...gradient);
      return method(gradient.map(g => g * (norm > limit ? limit / norm : 1)));
    };
  }

  return { descent, momentum, nesterov, adagrad, adam, amsgrad, clipped };
})();
