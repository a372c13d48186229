// Controls of a page: sliders, choices, buttons, tables of values and sentences.

/** The element of this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element with attributes (or properties) and children, at the end of a parent. */
export function append(parent, tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  parent.append(element);
  return element;
}

/** A number for people: so many significant digits, a true minus sign, a word for infinity. */
export function shown(value, digits = 4) {
  if (value === Infinity) return "infinite";
  if (value === 0 || Math.abs(value) < 1e-12) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) {
    const [mantissa, exponent] = value.toExponential(2).split("e");
    return `${Number(mantissa)} × 10${superscript(Number(exponent))}`.replace("-", "−");
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/** A number with so many decimals and a true minus sign. */
export function decimals(value, count = 3) {
  return value.toFixed(count).replace("-", "−");
}

function superscript(exponent) {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  return (exponent < 0 ? "⁻" : "") + [...String(Math.abs(exponent))].map((c) => digits[c]).join("");
}

/**
 * A labelled slider in the element `place`; `change(value)` is called as it moves.
 * Returns an object with its `value`, which can be set.
 */
export function slider(place, { label, min, max, step, value, text = shown, change }) {
  const box = append(byId(place), "div", { class: "control" });
  const id = `${place}-${label.replace(/\W+/g, "-")}`;
  append(box, "label", { for: id }, label);
  const output = append(box, "output", { for: id });
  const input = append(box, "input", { id, type: "range", min, max, step: step });
  const show = () => {
    output.textContent = text(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.value = value;
  show();
  input.addEventListener("input", () => {
    show();
    change(Number(input.value));
  });
  return {
    input,
    get value() {
      return Number(input.value);
    },
    set value(next) {
      input.value = next;
      show();
    },
  };
}

/** A slider over the entries of a list, in order; `change(entry, index)`. */
export function listSlider(place, { label, entries, index = 0, text = String, change }) {
  return slider(place, {
    label,
    min: 0,
    max: entries.length - 1,
    step: 1,
    value: index,
    text: (k) => text(entries[k]),
    change: (k) => change(entries[k], k),
  });
}

/** A labelled choice of one of several [value, name]; `change(value)`. */
export function choice(place, { label, options, value, change }) {
  const box = append(byId(place), "div", { class: "control" });
  const id = `${place}-${label.replace(/\W+/g, "-")}`;
  append(box, "label", { for: id }, label);
  const select = append(box, "select", { id });
  for (const [key, name] of options) append(select, "option", { value: key }, name);
  select.value = value;
  select.addEventListener("change", () => change(select.value));
  return select;
}

/** A button in the element `place`. */
export function button(place, label, press) {
  const made = append(byId(place), "button", { type: "button" }, label);
  made.addEventListener("click", press);
  return made;
}

/** Fill the table `place`: a header and rows, whose first cells name them. */
export function table(place, header, rows) {
  const box = byId(place);
  box.replaceChildren();
  const made = append(box, "table", { class: "values" });
  const top = append(append(made, "thead"), "tr");
  for (const name of header) append(top, "th", { scope: "col" }, name);
  const body = append(made, "tbody");
  for (const [name, ...cells] of rows) {
    const row = append(body, "tr");
    append(row, "th", { scope: "row" }, name);
    for (const cell of cells) append(row, "td", {}, typeof cell === "number" ? shown(cell) : cell);
  }
}

/** A legend above a chart: entries of [color, name, "block" or "dashed" if it is no plain line]. */
export function legend(place, entries) {
  const list = append(byId(place), "ul", { class: "legend" });
  byId(place).prepend(list);
  for (const [color, name, kind = ""] of entries) {
    const entry = append(list, "li");
    append(entry, "i", { class: kind, style: `color: ${color}` });
    entry.append(name);
  }
}
