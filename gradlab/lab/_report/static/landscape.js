// Paths on a landscape, with a slider over the updates and a button that plays them.
function landscape(section, problem) {
  const host = section.querySelector('[data-chart="paths"]');
  if (!host || !problem.paths) return;
  const { height, window: around, optimum, contours, steps, updates, lines } = problem.paths;
  const [play, slider, at, map, losses] = ["play", "step", "at", "map", "losses"].map((role) => host.querySelector(`[data-role="${role}"]`));
  const last = steps - 1;
  const update = (step) => updates ? updates[step] : step;
  const unit = 1000;
  slider.max = last;
  slider.value = last;
  offerSaving(host, () => ({ picture: copyPicture(map.firstElementChild, parts.map((part) => part.name)), name: `Paths on ${problem.name}` }));
  let parts = []; // of each path: {name, line, points, stroke, exits, head}

  function draw() {
    const width = Math.max(map.clientWidth, 200);
    const scale = (width - 2) / unit;
    const tall = height * scale + 2;
    const picture = svg("svg", { width, height: tall, viewBox: `0 0 ${width} ${tall}`, role: "img", "aria-label": `Paths on ${problem.name}, from ${around[0].join(" to ")} across and ${around[1].join(" to ")} up` });
    const ground = svg("g", { transform: `translate(1 1) scale(${scale})` }, picture);
    for (const level of contours) svg("path", { class: "contour", d: level }, ground);
    svg("rect", { class: "border", x: 0.5, y: 0.5, width: width - 1, height: tall - 1 }, picture);
    const place = (value) => (1 + value * scale).toFixed(1);
    if (optimum) svg("path", { class: "optimum", d: star(Number(place(optimum[0])), Number(place(optimum[1])), 8) }, picture);
    parts = [];
    for (const [name, line] of Object.entries(lines)) {
      if (!choice.has(name)) continue;
      const { color, dash } = styleOf(name);
      const group = svg("g", { class: "line", "data-name": name, style: `--c: var(--s${color})` }, picture);
      const points = [];
      for (let index = 0; index < line.points.length; index += 2) points.push(`${place(line.points[index])} ${place(line.points[index + 1])}`);
      const stroke = svg("path", { class: "stroke", "stroke-dasharray": dash }, group);
      svg("circle", { class: "start", r: 3.5, ...center(points[0]) }, group);
      const exits = line.exits.map(([step, x, y]) => ({ step, mark: svg("path", { class: "exit", d: cross(Number(place(x)), Number(place(y)), 4) }, group) }));
      parts.push({ name, line, points, stroke, exits, head: svg("circle", { class: "head", r: 5 }, group) });
    }
    map.replaceChildren(picture);
    move();
  }

  function move() {
    const step = Number(slider.value);
    at.textContent = `${update(step)} of ${update(last)}`;
    slider.setAttribute("aria-valuetext", `update ${update(step)} of ${update(last)}`);
    losses.replaceChildren();
    element("p", {}, losses, parts.length ? "Loss at this update" : choice.size ? "No path: runs of all of these diverged, or no path was kept" : "Choose an optimizer");
    const list = element("dl", {}, losses);
    const rows = [];
    for (const { name, line, points, stroke, exits, head } of parts) {
      const end = Math.min(step, points.length - 1);
      stroke.setAttribute("d", "M" + points.slice(0, end + 1).join("L"));
      for (const [key, value] of Object.entries(center(points[end]))) head.setAttribute(key, value);
      for (const { step: left, mark } of exits) mark.style.display = left < step ? "" : "none";
      rows.push([name, step >= points.length ? null : line.loss ? line.loss[end] : undefined]);
    }
    rows.sort((a, b) => (a[1] ?? Infinity) - (b[1] ?? Infinity));
    for (const [name, loss] of rows) {
      list.append(swatch(name));
      element("dt", {}, list, name);
      element("dd", {}, list, loss === null ? "diverged" : loss === undefined ? "" : number(loss, 2));
    }
  }

  // Where the user asks for reduced motion, the paths advance in a few large steps.
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-label", "Play the paths");
  }
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (Number(slider.value) >= last) slider.value = 0;
    play.textContent = "Pause";
    play.setAttribute("aria-label", "Pause the paths");
    const stride = calm.matches ? Math.ceil(steps / 12) : Math.ceil(steps / 240);
    timer = setInterval(() => {
      slider.value = Math.min(Number(slider.value) + stride, last);
      move();
      if (Number(slider.value) >= last) stop();
    }, calm.matches ? 900 : 40);
    move();
  });
  slider.addEventListener("input", () => {
    if (timer !== null) stop();
    move();
  });
  whenResized(map, draw);
  redraws.push(draw);
}

function center(point) {
  const [cx, cy] = point.split(" ");
  return { cx, cy };
}

function cross(x, y, size) {
  return `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`;
}

function star(x, y, size) {
  const corners = [];
  for (let index = 0; index < 10; index++) {
    const [angle, radius] = [(Math.PI * index) / 5, index % 2 ? size * 0.42 : size];
    corners.push(`${(x + radius * Math.sin(angle)).toFixed(1)} ${(y - radius * Math.cos(angle)).toFixed(1)}`);
  }
  return `M${corners.join("L")}Z`;
}
