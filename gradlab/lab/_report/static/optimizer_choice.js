const data = JSON.parse(document.getElementById("data").textContent);

// The optimizers that all charts show, and how their lines look.
const DASHES = ["none", "7 3", "2 3", "9 3 2 3", "4 4"];
const names = data.optimizers.map((optimizer) => optimizer.name);
const choice = new Set(data.shown);
const redraws = []; // functions to call when the choice changes

// Seven colors and five dashes repeat at different lengths, so that 35 lines differ, and the best ones in both.
function styleOf(name) {
  const position = names.indexOf(name);
  return { color: position % 7, dash: DASHES[position % DASHES.length] };
}

function swatch(name) {
  const { color, dash } = styleOf(name);
  const holder = element("span", { class: "swatch" });
  const picture = svg("svg", { width: 22, height: 10, "aria-hidden": "true" }, holder);
  svg("path", { d: "M0 5H22", "stroke-width": 2.4, "stroke-dasharray": dash, style: `stroke: var(--s${color})` }, picture);
  return holder;
}

function offerChoice() {
  document.getElementById("choice").hidden = !names.length; // without charts there is nothing to choose
  for (const place of document.querySelectorAll(".swatch[data-name]")) {
    if (names.includes(place.dataset.name)) place.append(...swatch(place.dataset.name).childNodes); // others have no lines
  }
  const holder = document.getElementById("choices");
  const boxes = new Map();
  let family = null;
  const families = [...new Set(data.optimizers.map((optimizer) => optimizer.family))];
  for (const group of families) {
    for (const { name, family: own } of data.optimizers) {
      if (own !== group) continue;
      if (group !== family && group) element("p", { class: "family" }, holder, group);
      family = group;
      const label = element("label", {}, holder);
      const box = element("input", { type: "checkbox" }, label);
      box.checked = choice.has(name);
      label.append(swatch(name));
      element("span", {}, label, name);
      boxes.set(name, box);
      box.addEventListener("change", () => {
        if (box.checked) choice.add(name);
        else choice.delete(name);
        changed();
      });
      label.addEventListener("pointerenter", () => highlight(name));
      label.addEventListener("pointerleave", () => highlight(null));
      box.addEventListener("focus", () => box.matches(":focus-visible") && highlight(name));
      box.addEventListener("blur", () => highlight(null));
    }
  }
  const choose = (chosen) => () => {
    choice.clear();
    for (const name of chosen) choice.add(name);
    for (const [name, box] of boxes) box.checked = choice.has(name);
    changed();
  };
  document.getElementById("choose-best").addEventListener("click", choose(data.shown));
  document.getElementById("choose-all").addEventListener("click", choose(names));
  document.getElementById("choose-none").addEventListener("click", choose([]));
  const wide = matchMedia("(min-width: 941px)");
  const details = document.getElementById("choice");
  const unfold = () => (details.open = wide.matches);
  wide.addEventListener("change", unfold);
  unfold();
  details.querySelector("summary").addEventListener("click", (event) => wide.matches && event.preventDefault());
  changed();
}

function changed() {
  document.getElementById("choice-count").textContent = `${choice.size} of ${names.length}`;
  for (const redraw of redraws) redraw();
}

function highlight(name) {
  const active = name !== null && choice.has(name);
  for (const line of document.querySelectorAll(".line")) line.classList.toggle("dimmed", active && line.dataset.name !== name);
}
