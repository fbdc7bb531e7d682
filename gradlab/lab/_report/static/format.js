// Numbers as text, and elements of the page. With `even`, trailing zeros stay, so that the numbers of a column align.
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function number(value, digits = 3, even = false) {
  if (value === null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return "∞";
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-12);
  if (exponent >= -4 && exponent < 5) {
    const text = value.toFixed(Math.max(digits - 1 - exponent, 0));
    return (text.includes(".") && !even ? text.replace(/\.?0+$/, "") : text).replace("-", "−");
  }
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  return `${mantissa.replace("-", "−")}×10${raised(Number(power))}`;
}

function raised(power) {
  return (power < 0 ? "⁻" : "") + [...String(Math.abs(power))].map((digit) => SUPERSCRIPT[digit]).join("");
}

function element(tag, attributes = {}, parent = null, text = null) {
  return fill(document.createElement(tag), attributes, parent, text);
}

function svg(tag, attributes = {}, parent = null, text = null) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, parent, text);
}

function fill(made, attributes, parent, text) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text; // never as HTML, because names are the user's
  if (parent) parent.append(made);
  return made;
}
