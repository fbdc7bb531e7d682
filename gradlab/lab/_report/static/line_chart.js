// A line chart. The returned function draws {label, x: {label, log}, y: {label, log, range, text}, lines, bands, step}.
// Each line has {name, x, y, low, high, ring, crosses}. Lines of optimizers that are not selected are gray, in the back.
function makeChart(host) {
  const frame = element("div", { class: "frame", tabindex: 0, role: "slider" }, host);
  const readout = element("div", { class: "readout", hidden: "", "aria-hidden": "true" }, host);
  const numbers = element("details", { class: "numbers" }, host);
  element("summary", {}, numbers, "Numbers");
  const holder = element("div", { class: "scroller" }, numbers);
  offerSaving(host, savedPicture);
  let spec = null;
  let drawn = null; // {x, y, overlay, box, visible} of the chart on the screen
  let stops = []; // the values of x at which the cursor can stand
  let at = null;

  function draw(next) {
    spec = next;
    frame.setAttribute("aria-label", spec.label);
    const visible = spec.lines.filter((line) => choice.has(line.name));
    stops = [...new Set(visible.flatMap((line) => line.x))].sort((a, b) => a - b);
    const width = Math.max(frame.clientWidth, 260);
    const labeled = width >= 560;
    const longest = Math.max(0, ...visible.map((line) => measured(shortened(line.name))));
    const height = Math.round(Math.min(Math.max(width * 0.56, 250), 430));
    const rows = visible.filter((line) => line.crosses && line.crosses.length).length;
    const box = { left: 58, right: width - (labeled ? 24 + longest : 12), top: 10 + 9 * rows, bottom: height - 44 };
    const source = visible.length ? visible : spec.lines;
    const x = makeScale(...xRange(source), spec.x.log, box.left, box.right);
    const yRange = spec.y.range || widened(extent(source.flatMap((line) => line.y), spec.y.log), spec.y.log, 0.05);
    const y = makeScale(...yRange, spec.y.log, box.bottom, box.top);
    const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    const clip = `clip-${chartCount++}`;
    svg("rect", { x: box.left, y: box.top - 1, width: box.right - box.left, height: box.bottom - box.top + 2 }, svg("clipPath", { id: clip }, svg("defs", {}, picture)));
    drawAxes(picture, spec, x, y, box, yRange, xRange(source));
    const behind = svg("g", { class: "context", "clip-path": `url(#${clip})` }, picture);
    for (const line of spec.lines) if (!choice.has(line.name)) svg("path", { d: trace(line.x, line.y, x, y, spec) }, behind);
    const ends = [];
    visible.forEach((line, row) => {
      const group = svg("g", { class: "line", "data-name": line.name, style: `--c: var(--s${styleOf(line.name).color})` }, picture);
      const inside = svg("g", { "clip-path": `url(#${clip})` }, group);
      if (spec.bands && line.low) svg("path", { class: "band", d: band(line, x, y, spec) }, inside);
      svg("path", { class: "stroke", d: trace(line.x, line.y, x, y, spec), "stroke-dasharray": styleOf(line.name).dash }, inside);
      if (line.ring != null && usable(line.y[line.ring], spec)) svg("circle", { class: "ring", cx: x(line.x[line.ring]), cy: y(line.y[line.ring]), r: 4.2 }, group);
      for (const place of line.crosses || []) {
        const [cx, cy] = [x(place), 6 + 9 * visible.slice(0, row).filter((other) => (other.crosses || []).length).length];
        svg("path", { class: "cross", d: `M${cx - 3} ${cy - 3}l6 6m0 -6l-6 6` }, group);
      }
      const last = line.y.findLastIndex((value) => usable(value, spec));
      if (labeled && last >= 0) ends.push({ line, group, x: x(line.x[last]), y: Math.min(Math.max(y(line.y[last]), box.top), box.bottom) });
    });
    labelEnds(ends, box);
    const missing = !visible.length ? "Choose an optimizer" : visible.some((line) => line.y.some((value) => usable(value, spec))) ? null : "Nothing to draw: runs of all of these diverged";
    if (missing) svg("text", { class: "empty", x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, "text-anchor": "middle" }, picture, missing);
    const overlay = svg("g", { class: "cursor" }, picture);
    frame.replaceChildren(picture);
    drawn = { x, y, overlay, box, visible };
    if (at !== null) at = Math.min(at, stops.length - 1);
    point(at !== null && at >= 0 ? at : null);
    if (numbers.open) tabulate();
  }

  // Drawn for a moment at a width at which the names stand beside their lines, whatever the width of the screen.
  function savedPicture() {
    host.style.width = `${Math.max(host.clientWidth, 640)}px`;
    draw(spec);
    const picture = copyPicture(frame.firstElementChild);
    host.style.width = "";
    draw(spec);
    return { picture, name: spec.label };
  }

  function xRange(lines) {
    const range = extent(lines.flatMap((line) => line.x), spec.x.log);
    return spec.x.log && !spec.step ? widened(range, true, 0.02) : range;
  }

  function point(index) {
    at = index;
    drawn.overlay.replaceChildren();
    readout.hidden = index === null || !stops.length;
    describe(index);
    if (readout.hidden) return;
    const place = stops[index];
    const found = drawn.visible.map((line) => [line, valueAt(line, place, spec)]).filter(([, value]) => value !== undefined);
    found.sort((a, b) => (a[1] ?? Infinity) - (b[1] ?? Infinity));
    if (spec.step) found.reverse();
    const px = drawn.x(place);
    svg("line", { x1: px, x2: px, y1: drawn.box.top, y2: drawn.box.bottom }, drawn.overlay);
    readout.replaceChildren();
    readout.classList.toggle("long", found.length > 9);
    element("p", {}, readout, `${spec.x.label} ${number(place)}`);
    const list = element("dl", {}, readout);
    for (const [line, value] of found) {
      if (usable(value, spec)) svg("circle", { cx: px, cy: drawn.y(value), r: 4, style: `--c: var(--s${styleOf(line.name).color})` }, drawn.overlay);
      list.append(swatch(line.name));
      element("dt", {}, list, line.name);
      element("dd", {}, list, value === null ? "diverged" : spec.y.text ? spec.y.text(value) : number(value, 3, true));
    }
    const left = px < (drawn.box.left + drawn.box.right) / 2;
    readout.style.left = left ? `${px + 14}px` : "auto";
    readout.style.right = left ? "auto" : `${host.clientWidth - px + 14}px`;
    const said = found.map(([line, value]) => `${line.name} ${value === null ? "diverged" : number(value)}`).join(", ");
    frame.setAttribute("aria-valuetext", `${spec.x.label} ${number(place)}: ${said}`);
  }

  function describe(index) {
    frame.setAttribute("aria-valuemin", 0);
    frame.setAttribute("aria-valuemax", Math.max(stops.length - 1, 0));
    frame.setAttribute("aria-valuenow", index ?? 0);
    frame.setAttribute("aria-valuetext", "use the arrow keys to read values");
  }

  function tabulate() {
    const every = Math.max(1, Math.ceil(stops.length / 14));
    const places = stops.filter((_, index) => index % every === 0 || index === stops.length - 1);
    const table = element("table");
    element("caption", { class: "hidden" }, table, spec.label);
    const head = element("tr", {}, element("thead", {}, table));
    element("th", { scope: "col" }, head, spec.x.label);
    for (const line of drawn.visible) element("th", { scope: "col" }, head, line.name);
    const body = element("tbody", {}, table);
    for (const place of places) {
      const row = element("tr", {}, body);
      element("th", { scope: "row" }, row, number(place));
      for (const line of drawn.visible) {
        const value = valueAt(line, place, spec);
        element("td", {}, row, value === undefined ? "" : value === null ? "diverged" : number(value, 3, true));
      }
    }
    holder.replaceChildren(table);
    holder.tabIndex = 0;
  }

  frame.addEventListener("pointermove", (event) => {
    if (!stops.length) return;
    const place = event.clientX - frame.getBoundingClientRect().left;
    let nearest = 0;
    stops.forEach((stop, index) => {
      if (Math.abs(drawn.x(stop) - place) < Math.abs(drawn.x(stops[nearest]) - place)) nearest = index;
    });
    point(nearest);
  });
  frame.addEventListener("pointerleave", () => point(null));
  frame.addEventListener("blur", () => point(null));
  frame.addEventListener("keydown", (event) => {
    const last = stops.length - 1;
    const now = at ?? -1;
    const page = Math.max(1, Math.round(last / 10));
    const moves = { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, PageUp: now + page, PageDown: now - page, Home: 0, End: last };
    if (event.key === "Escape") point(null);
    else if (event.key in moves && last >= 0) {
      event.preventDefault();
      point(Math.min(Math.max(moves[event.key], 0), last));
    }
  });
  numbers.addEventListener("toggle", () => numbers.open && tabulate());
  whenResized(host, () => spec && draw(spec));
  return draw;
}

const LONGEST = 24; // letters of a name beside a chart
let chartCount = 0;

// The width of a text beside a chart, in pixels.
function measured(text) {
  const pen = (measured.pen ??= document.createElement("canvas").getContext("2d"));
  pen.font = `500 12.5px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

function shortened(name) {
  return name.length > LONGEST ? name.slice(0, LONGEST - 1) + "…" : name;
}

function whenResized(host, act) {
  let width = host.clientWidth;
  new ResizeObserver(() => {
    if (host.clientWidth === width) return;
    width = host.clientWidth;
    act();
  }).observe(host);
}

function usable(value, spec) {
  return value !== null && value !== undefined && !(spec.y.log && value <= 0);
}

// The value of a line where the cursor stands: undefined if it has none there, null if it diverged.
function valueAt(line, place, spec) {
  if (spec.step) return line.y[line.x.findLastIndex((x) => x <= place)];
  const index = line.x.indexOf(place);
  return index < 0 ? undefined : line.y[index];
}

function trace(xs, ys, x, y, spec) {
  let path = "";
  let down = false;
  xs.forEach((value, index) => {
    if (!usable(ys[index], spec)) return void (down = false);
    const [px, py] = [x(value).toFixed(1), y(ys[index]).toFixed(1)];
    path += down ? (spec.step ? `H${px}V${py}` : `L${px} ${py}`) : `M${px} ${py}`;
    down = true;
  });
  return path;
}

function band(line, x, y, spec) {
  let path = "";
  let run = [];
  const close = () => {
    if (run.length > 1) path += "M" + run.map((i) => `${x(line.x[i]).toFixed(1)} ${y(line.high[i]).toFixed(1)}`).join("L") + "L" + run.reverse().map((i) => `${x(line.x[i]).toFixed(1)} ${y(line.low[i]).toFixed(1)}`).join("L") + "Z";
    run = [];
  };
  line.x.forEach((_, index) => (usable(line.low[index], spec) && usable(line.high[index], spec) ? run.push(index) : close()));
  close();
  return path;
}

function drawAxes(picture, spec, x, y, box, yRange, xRange) {
  const axis = svg("g", { class: "axis" }, picture);
  const span = (range) => Math.log10(range[1] / range[0]);
  for (const value of y.ticks(Math.round((box.bottom - box.top) / 48))) {
    svg("path", { class: "grid", d: `M${box.left} ${y(value)}H${box.right}` }, axis);
    svg("text", { x: box.left - 7, y: y(value) + 4, "text-anchor": "end" }, axis, tickText(value, spec.y.log, span(yRange)));
  }
  let free = -Infinity; // where the last label ends
  for (const value of x.ticks(Math.round((box.right - box.left) / 76))) {
    const text = tickText(value, spec.x.log, span(xRange));
    const half = text.length * 3.6;
    svg("path", { d: `M${x(value)} ${box.bottom}v4` }, axis);
    if (x(value) - half < free + 6) continue;
    svg("text", { x: x(value), y: box.bottom + 18, "text-anchor": "middle" }, axis, text);
    free = x(value) + half;
  }
  svg("path", { d: `M${box.left} ${box.bottom}H${box.right}` }, axis);
  svg("text", { x: (box.left + box.right) / 2, y: box.bottom + 38, "text-anchor": "middle" }, axis, spec.x.label);
  // A chart on a narrow screen is too low for a long label, whose end is in the heading of the chart's slider anyway.
  const title = measured(spec.y.label) > box.bottom - box.top + 30 ? spec.y.label.split(", ")[0] : spec.y.label;
  svg("text", { transform: `translate(13 ${(box.top + box.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, axis, title);
}

function labelEnds(ends, box) {
  const gap = Math.min(15, (box.bottom - box.top) / Math.max(ends.length - 1, 1));
  const places = spreadOut(ends.map((end) => end.y), gap);
  const over = Math.max(0, Math.max(...places) - box.bottom) || Math.min(0, Math.min(...places) - box.top);
  ends.forEach(({ line, group, x, y }, index) => {
    const place = places[index] - over;
    const right = box.right + 16;
    svg("path", { class: "leader", d: x < box.right - 30 ? `M${x + 4} ${y}H${box.right}L${right} ${place}` : `M${x + 3} ${y}L${right} ${place}` }, group);
    svg("text", { class: "end", x: right + 4, y: place + 4 }, group, shortened(line.name));
  });
}
