// The sliders of a story: they show themselves where scripts run, and move the paths that the page was built with.
"use strict";
(() => {
  // Return the points of each method by its label, from the start on.
  gradlabStories.trace = (name, steps, settings) => {
    const story = gradlabStories.stories[name], paths = {};
    for (const [label, make] of Object.entries(story.methods)) {
      const step = make(settings);
      let x = story.start;
      paths[label] = [x];
      for (let t = 0; t < steps; t++) {
        const move = step(story.gradient(x, t, settings));
        x = x.map((value, i) => value + move[i]);
        paths[label].push(x);
      }
    }
    return paths;
  };

  // Return where points are in a frame, as text for SVG, up to the first that is not finite.
  function place(points, { width, height, across, up, logarithmic, left, top, reach }) {
    const scale = logarithmic ? value => Math.log10(Math.max(value, up[0] / 1e3)) : value => value;
    const clip = share => Math.min(Math.max(share, -reach), 1 + reach);
    const [low, high] = up.map(scale), placed = [];
    for (const [horizontal, vertical] of points) {
      const x = (horizontal - across[0]) / (across[1] - across[0]), y = 1 - (scale(vertical) - low) / (high - low);
      if (!Number.isFinite(x + y)) break;
      placed.push(`${(left + width * clip(x)).toFixed(1)},${(top + height * clip(y)).toFixed(1)}`);
    }
    return placed.join(" ");
  }

  function describeEnd(loss) {
    if (!(Math.abs(loss) < 1e12)) return "diverges";
    const plain = loss >= 1e-4 && loss < 99;
    const text = plain ? Number(loss.toPrecision(2)) : loss.toExponential(1).replace(/([+-])(\d)$/, (_, s, d) => `${s}0${d}`);
    return `ends at a loss of ${text}`;
  }

  function start(root) {
    const name = root.dataset.story, form = root.querySelector("form"), inputs = [...form.querySelectorAll("input")];
    const written = input => JSON.parse(input.dataset.values)[input.value];

    function draw() {
      const texts = {}, settings = {};
      for (const input of inputs) {
        const text = texts[input.dataset.name] = written(input);
        settings[input.dataset.name] = Number(text);
        input.setAttribute("aria-valuetext", text);
        input.parentElement.querySelector("output").textContent = text;
      }
      const paths = gradlabStories.trace(name, Number(root.dataset.steps), settings);
      const quantities = gradlabStories.stories[name].quantities;
      for (const svg of root.querySelectorAll("svg")) {
        const frame = JSON.parse(svg.dataset.frame), measure = quantities[svg.dataset.quantity];
        for (const line of svg.querySelectorAll(".path")) {
          const path = paths[line.dataset.method];
          line.setAttribute("points", place(measure ? path.map((x, t) => [t, measure(x)]) : path, frame));
        }
      }
      for (const item of root.querySelectorAll(".legend li")) {
        const code = item.dataset.expression.replace(/\{(\w+)\}/g, (_, key) => texts[key]);
        item.querySelector("code").textContent = code;
        item.querySelector(".result").textContent = describeEnd(quantities.loss(paths[item.dataset.method].at(-1)));
      }
    }

    form.hidden = false;
    form.addEventListener("input", draw);
    form.addEventListener("reset", () => setTimeout(draw)); // after the sliders are back
    form.addEventListener("submit", event => event.preventDefault());
    draw(); // a browser may have kept where the sliders were
  }

  document.querySelectorAll(".story").forEach(start);
})();
