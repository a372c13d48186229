// Charts: Observable Plot's, drawn to the width there is, under handles that mouse, finger and keys move.

const SVG = "http://www.w3.org/2000/svg";
const TARGET = 16; // radius of what a finger can touch, in pixels
const KNOB = 8;

/**
 * A chart in the figure `place`, whose figcaption says what it shows.
 *
 * `options(width)` returns the options of Plot.plot; `handles()`, a list of
 * {key, label, color, x, y, axis: "x" | "y" | "xy", step, min, max, text, move(x, y)} in units of
 * the chart; `caption()`, a sentence on what can be seen. Returns `update`, to be called when
 * something has changed.
 */
export function chart(place, { options, handles = () => [], caption }) {
  const figure = document.getElementById(place);
  const box = document.createElement("div");
  box.className = "chart";
  const words = document.createElement("figcaption");
  words.setAttribute("aria-live", "polite");
  figure.append(box, words);
  const layer = document.createElementNS(SVG, "svg");
  layer.setAttribute("class", "handles");
  layer.setAttribute("role", "group");
  layer.setAttribute("aria-label", "Handles of the chart");
  const knobs = new Map();
  let plot = null;

  function update() {
    const width = Math.max(240, Math.floor(box.clientWidth));
    const next = Plot.plot({
      style: { fontSize: "13px", background: "none" },
      marginTop: 30,
      marginBottom: 44,
      ...options(width),
      width,
    });
    const sentence = caption();
    for (const part of next.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
    next.setAttribute("role", "img");
    next.setAttribute("aria-label", sentence);
    if (plot) plot.replaceWith(next);
    else box.append(next);
    plot = next;
    words.textContent = sentence;
    placeHandles();
  }

  function placeHandles() {
    const wanted = handles();
    if (!wanted.length) return;
    if (!layer.parentNode) box.append(layer);
    layer.setAttribute("width", plot.getAttribute("width"));
    layer.setAttribute("height", plot.getAttribute("height"));
    const scales = { x: plot.scale("x"), y: plot.scale("y") };
    for (const handle of wanted) {
      if (!knobs.has(handle.key))
        knobs.set(
          handle.key,
          newHandle(layer, () => plot, box),
        );
      knobs.get(handle.key)(handle, scales);
    }
  }

  new ResizeObserver(() => {
    if (plot && Math.abs(box.clientWidth - plot.getAttribute("width")) > 1) update();
  }).observe(box);
  update();
  return update;
}

/** Append a handle to the layer; returns a function that puts it where it belongs. */
function newHandle(layer, plot, box) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", "handle");
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", "slider");
  for (const [name, radius] of [
    ["target", TARGET],
    ["knob", KNOB],
  ]) {
    const circle = document.createElementNS(SVG, "circle");
    circle.setAttribute("class", name);
    circle.setAttribute("r", radius);
    group.append(circle);
  }
  layer.append(group);
  let now = null;

  const go = (x, y) => {
    const at = { x: snapped(x, now, "x"), y: snapped(y, now, "y") };
    now.move(now.axis === "y" ? now.x : at.x, now.axis === "x" ? now.y : at.y);
  };

  group.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    group.focus({ focusVisible: false });
    group.setPointerCapture(event.pointerId);
  });
  group.addEventListener("pointermove", (event) => {
    if (!group.hasPointerCapture(event.pointerId)) return;
    const corner = box.getBoundingClientRect();
    const scales = { x: plot().scale("x"), y: plot().scale("y") };
    go(
      now.axis === "y" ? now.x : scales.x.invert(event.clientX - corner.left),
      now.axis === "x" ? now.y : scales.y.invert(event.clientY - corner.top),
    );
  });
  group.addEventListener("keydown", (event) => {
    const move = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!move) return;
    event.preventDefault();
    const size = now.step * (event.shiftKey ? 5 : 1);
    // A handle on one axis follows all four keys, as native sliders do.
    const along = move[0] + move[1];
    if (now.axis === "xy") go(now.x + size * move[0], now.y + size * move[1]);
    else go(now.x + size * along, now.y + size * along);
  });

  return (handle, scales) => {
    now = handle;
    group.setAttribute("transform", `translate(${scales.x.apply(handle.x)},${scales.y.apply(handle.y)})`);
    group.querySelector(".knob").style.stroke = handle.color;
    const value = handle.axis === "x" ? handle.x : handle.y;
    const attributes = {
      "aria-label": handle.label,
      "aria-valuemin": handle.min,
      "aria-valuemax": handle.max,
      "aria-valuenow": Number(value.toPrecision(6)),
      "aria-valuetext": handle.text,
      "aria-orientation": handle.axis === "y" ? "vertical" : "horizontal",
    };
    for (const [name, content] of Object.entries(attributes)) group.setAttribute(name, content);
  };
}

function snapped(value, handle, axis) {
  if (axis !== handle.axis && handle.axis !== "xy") return value;
  const rounded = Number((handle.step * Math.round(value / handle.step)).toPrecision(12));
  return Math.min(handle.max, Math.max(handle.min, rounded));
}
