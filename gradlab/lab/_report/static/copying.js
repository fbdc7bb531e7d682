// Buttons that copy the sentences of a finding, each with what it is about: one for all, with the table if there is one,
// and a small one for each.
function offerCopying(finding) {
  const about = /\?$/.test(finding.dataset.about) ? finding.dataset.about : `${finding.dataset.about}:`;
  const sentences = [...finding.querySelectorAll("[data-sentence]")];
  const texts = sentences.map((sentence) => sentence.textContent.replace(/\s+/g, " ").trim());
  if (!texts.length) return;
  for (const [index, sentence] of sentences.entries()) {
    const label = `Copy: ${texts[index]}`;
    // Those of single sentences are for the pointer; by keyboard, one button copies all.
    const button = element("button", { type: "button", class: "copy", tabindex: -1, title: "Copy this sentence", "aria-label": label });
    drawSheets(button);
    sentence.after(button);
    button.addEventListener("click", () => copyText(`${about} ${texts[index]}`, button));
  }
  const all = element("button", { type: "button", class: "copy-all", "aria-label": `Copy: ${finding.dataset.about}` }, finding, "Copy");
  const rows = [...finding.querySelectorAll("tr")].map((row) => `${[...row.cells].map((cell) => cell.textContent).join("\t")}\n`);
  const start = rows.length ? `${about}\n${rows.join("")}` : `${about} `;
  all.addEventListener("click", () => copyText(start + texts.join(" "), all));
}

// Two sheets of paper, one above the other.
function drawSheets(button) {
  const picture = svg("svg", { width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true" });
  svg("path", { d: "M4 4h7v7h-7zM8 4V1H1V8H4" }, picture);
  button.replaceChildren(picture);
}

async function copyText(text, button) {
  const before = [...button.childNodes];
  let isCopied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers that give a file no clipboard still copy what is selected.
    const holder = element("textarea", { class: "hidden" }, document.body);
    holder.value = text;
    holder.select();
    isCopied = document.execCommand("copy");
    holder.remove();
    button.focus({ preventScroll: true });
  }
  if (button.dataset.copied !== undefined) return; // it says so already
  button.dataset.copied = text;
  button.textContent = isCopied ? "Copied" : "Not copied";
  setTimeout(() => {
    button.replaceChildren(...before);
    delete button.dataset.copied;
  }, 1500);
}
