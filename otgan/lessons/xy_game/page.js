// The game xy: step through three orders of moves, from where you like, with the step size you like.
import { button, legend, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { prefersLessMotion, start } from "../pages/start.js";

/** One move of both players, x against x y and y for it, in three orders. */
const SCHEMES = {
  simultaneous: ([x, y], eta) => [x - eta * y, y + eta * x],
  alternating: ([x, y], eta) => {
    const next = x - eta * y;
    return [next, y + eta * next];
  },
  extragradient: ([x, y], eta) => {
    const [aheadX, aheadY] = SCHEMES.simultaneous([x, y], eta);
    return [x - eta * aheadY, y + eta * aheadX];
  },
};

/** The numbers of the lesson: paths of so many steps, and the factors by which radii change. */
export function values({ eta, steps, start: begin }) {
  const path = (scheme) => {
    const positions = [begin];
    for (let k = 0; k < steps; k += 1) positions.push(scheme(positions[k], eta));
    return positions;
  };
  return {
    ...Object.fromEntries(Object.entries(SCHEMES).map(([name, scheme]) => [name, path(scheme)])),
    growth: Math.sqrt(1 + eta ** 2),
    shrinkage: Math.sqrt((1 - eta ** 2) ** 2 + eta ** 2),
  };
}

function build(data) {
  const REACH = 4;
  const most = data.simultaneous.length - 1;
  const state = {
    eta: data.eta,
    steps: Math.min(most, 40),
    start: data.simultaneous[0].map((t) => Math.max(-REACH, Math.min(REACH, t))),
  };
  const orders = [
    ["simultaneous", "both at once", "var(--red)"],
    ["alternating", "taking turns", "var(--gray)"],
    ["extragradient", "looking ahead", "var(--ink)"],
  ];
  const radius = ([x, y]) => Math.hypot(x, y);
  const isInside = ([x, y]) => Math.max(Math.abs(x), Math.abs(y)) <= REACH;
  /** A path as far as it can be drawn: until it is well outside. */
  const drawn = (path) => path.slice(0, 1 + path.findLastIndex((at) => radius(at) <= 3 * REACH));
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  const set = (name) => (value) => {
    state[name] = value;
    changed();
  };
  state.eta = slider("controls", {
    label: "η, step size",
    min: 0.01,
    max: 0.99,
    step: 0.01,
    value: state.eta,
    change: set("eta"),
  }).value;
  const steps = slider("controls", {
    label: "steps",
    min: 0,
    max: most,
    step: 1,
    value: state.steps,
    change: set("steps"),
  });
  const setSteps = (count) => {
    steps.value = count;
    set("steps")(steps.value);
  };
  button("controls", "One step", () => setSteps(state.steps + 1));
  button("controls", "Play", play);

  /** From the start, a step each frame; to the end at once for readers who want no motion. */
  function play() {
    const last = Math.min(most, 200);
    if (prefersLessMotion()) return setSteps(last);
    setSteps(0);
    const next = () => {
      setSteps(state.steps + 1);
      if (state.steps < last) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }

  legend(
    "paths",
    orders.map(([, name, color]) => [color, name]),
  );
  updates.push(
    chart("paths", {
      options: (width) => {
        const found = values(state);
        return {
          height: Math.min(width, 460),
          aspectRatio: 1,
          x: { label: "x, who lowers xy", domain: [-REACH, REACH], ticks: 5, grid: true },
          y: { label: "y, who raises it", domain: [-REACH, REACH], ticks: 5, grid: true },
          marks: [
            Plot.dot([[0, 0]], { symbol: "plus", r: 7, stroke: "currentColor" }),
            orders.map(([name, , color]) => [
              Plot.line(drawn(found[name]), { x: "0", y: "1", stroke: color, strokeWidth: 1.5, clip: true }),
              Plot.dot(drawn(found[name]), { x: "0", y: "1", fill: color, r: 2, clip: true }),
              Plot.dot(found[name].slice(-1).filter(isInside), {
                x: "0",
                y: "1",
                fill: color,
                r: 6,
                clip: true,
              }),
            ]),
          ],
        };
      },
      handles: () => [
        {
          key: "start",
          label: "Where both players start",
          color: "var(--blue)",
          x: state.start[0],
          y: state.start[1],
          axis: "xy",
          step: 0.1,
          min: -REACH,
          max: REACH,
          text: `x = ${shown(state.start[0])}, y = ${shown(state.start[1])}`,
          move: (x, y) => (x || y) && set("start")([x, y]),
        },
      ],
      caption: () => {
        const path = values(state).simultaneous;
        const out = path.findIndex((at) => !isInside(at));
        return (
          `After ${state.steps} steps from (${shown(state.start[0])}, ${shown(state.start[1])}).` +
          (out > 0 ? ` Moving at once leaves the picture at step ${out}.` : "")
        );
      },
    }),
  );
  legend(
    "radii",
    orders.map(([, name, color]) => [color, name]),
  );
  updates.push(
    chart("radii", {
      options: () => {
        const found = values(state);
        return {
          height: 300,
          marginLeft: 60,
          x: { label: "step", domain: [0, Math.max(1, state.steps)] },
          y: {
            label: "distance from (0, 0), log scale",
            type: "log",
            grid: true,
            ticks: 4,
            tickFormat: "~g",
          },
          marks: orders.map(([name, , color]) =>
            Plot.line(found[name], { x: (_, k) => k, y: radius, stroke: color, strokeWidth: 2.5 }),
          ),
        };
      },
      caption: () => {
        const found = values(state);
        const ratio = (name) => shown(radius(found[name].at(-1)) / radius(state.start));
        return `The distance from (0, 0) is now ${orders.map(([key, name]) => `${ratio(key)} (${name})`).join(", ")} times the first.`;
      },
    }),
  );
  updates.push(() => {
    const { growth, shrinkage } = values(state);
    const level = state.start[0] ** 2 + state.start[1] ** 2 - state.eta * state.start[0] * state.start[1];
    table(
      "numbers",
      ["", "each step"],
      [
        ["both at once", `radius × ${shown(growth, 6)} = √(1 + η²)`],
        ["taking turns", `x² + y² − η x y stays ${shown(level)}`],
        ["looking ahead", `radius × ${shown(shrinkage, 6)} = √((1 − η²)² + η²)`],
      ],
    );
  });
  changed();
}

start({ values, build });
