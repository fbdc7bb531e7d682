// Buttons that save a chart as SVG or PNG. `take` returns its picture and a name for the file. Nothing leaves the page.
function offerSaving(host, take) {
  const row = element("div", { class: "saving" }, host);
  for (const kind of ["SVG", "PNG"]) {
    const button = element("button", { type: "button" }, row, `Save ${kind}`);
    button.addEventListener("click", async () => {
      const { picture, name } = take();
      const stem = name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 80);
      const source = new XMLSerializer().serializeToString(picture);
      const blob = kind === "SVG" ? new Blob([source], { type: "image/svg+xml" }) : await toPng(source, picture);
      const link = element("a", { href: URL.createObjectURL(blob), download: `${stem}.${kind.toLowerCase()}` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  }
}

// What the page's style sheet says of a picture, which a file of its own does not have.
const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "vector-effect", "opacity", "font-size", "font-weight", "font-family", "text-anchor"];

// A copy of a picture as it is on the screen, on the color of the paper, with the names of its lines below if asked.
function copyPicture(picture, named = []) {
  const copy = picture.cloneNode(true);
  const [width, height] = [picture.width.baseVal.value, picture.height.baseVal.value];
  const originals = picture.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((part, index) => {
    const style = getComputedStyle(originals[index]);
    if (style.display === "none") return void part.setAttribute("display", "none");
    part.setAttribute("style", KEPT.map((key) => `${key}: ${style.getPropertyValue(key)}`).join("; "));
  });
  for (const passing of copy.querySelectorAll(".cursor")) passing.remove();
  const page = getComputedStyle(document.body);
  const tall = height + 20 * named.length + (named.length ? 8 : 0);
  named.forEach((name, index) => {
    const y = height + 20 * index + 16;
    const { color, dash } = styleOf(name);
    const stroke = getComputedStyle(document.documentElement).getPropertyValue(`--s${color}`);
    svg("path", { d: `M4 ${y}h26`, stroke, "stroke-width": 2.4, "stroke-dasharray": dash }, copy);
    svg("text", { x: 38, y: y + 4, fill: page.color, "font-size": 13, "font-family": page.fontFamily }, copy, name);
  });
  for (const [key, value] of Object.entries({ width, height: tall, viewBox: `0 0 ${width} ${tall}`, xmlns: "http://www.w3.org/2000/svg" })) copy.setAttribute(key, value);
  copy.prepend(svg("rect", { width, height: tall, fill: page.backgroundColor }));
  return copy;
}

const SHARPNESS = 3; // pixels of a PNG for each one of the page

function toPng(source, picture) {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onerror = failed;
    image.onload = () => {
      const canvas = element("canvas", { width: SHARPNESS * picture.getAttribute("width"), height: SHARPNESS * picture.getAttribute("height") });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(done, "image/png");
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
  });
}
