// A neural critic: slide the weight of its penalty, the width under clipping, the steps of training.
import { choice, legend, listSlider, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { gaussLegendre, normalCdf, normalDensity, spaced, sum } from "../pages/numerics.js";
import { start } from "../pages/start.js";

// N(0, 1) against N(2, 1), and x̂ = t x + (1 − t) y with t uniform on [0, 1].
const SHIFT = 2;
const X = spaced(-8, SHIFT + 8, 4001);
const FLOW = X.map((x) => Math.abs(normalCdf(x) - normalCdf(x - SHIFT)));
const DENSITY = densityBetween();

/** The density of x̂ at X. */
function densityBetween() {
  const { nodes, weights } = gaussLegendre(200);
  const parts = nodes.map((node, i) => {
    const t = (node + 1) / 2;
    return { mean: (1 - t) * SHIFT, std: Math.hypot(t, 1 - t), weight: weights[i] / 2 };
  });
  return X.map((x) =>
    parts.reduce(
      (total, { mean, std, weight }) => total + (weight / std) * normalDensity((x - mean) / std),
      0,
    ),
  );
}

const integral = (heights) => sum(heights) * (X[1] - X[0]);

/** |f'| of a perfect critic under weight · E(|f'| − 1)². */
const slopeAt = (k, weight) => 1 + FLOW[k] / (2 * weight * DENSITY[k]);

/** What critics show: of a penalty's weight if perfect; how steep a clipped one of a width can be. */
export function values({ weight, width }, data) {
  const penalty = integral(FLOW.map((flow, k) => weight * DENSITY[k] * (slopeAt(k, weight) - 1) ** 2));
  const gap = integral(FLOW.map((flow, k) => flow * slopeAt(k, weight)));
  return {
    w1: integral(FLOW),
    gap,
    corrected: gap - 2 * penalty,
    steepest: data.limit ** 3 * width ** 2,
  };
}

function build(data) {
  penaltySection(data);
  clippingSection(data);
  trainingSection(data);
}

function penaltySection(data) {
  const state = { weight: 1 };
  const weights = spaced(-1, 2, 61).map((power) => 10 ** power);
  const gaps = weights.map((weight) => values({ weight, width: 1 }, data).gap);
  const trained = data.weighed.flatMap(({ weight, single, double }) => [
    { weight, ...single },
    { weight: 2 * weight, ...double },
  ]);
  const nearest = () =>
    data.weighed.reduce((best, one) =>
      Math.abs(Math.log(one.weight / state.weight)) < Math.abs(Math.log(best.weight / state.weight))
        ? one
        : best,
    );
  const updates = [];
  slider("weight", {
    label: "weight of the penalty (log scale)",
    min: -1,
    max: 2,
    step: 0.05,
    value: 0,
    text: (power) => shown(10 ** power, 3),
    change: (power) => {
      state.weight = 10 ** power;
      updates.forEach((update) => update());
    },
  });
  legend("gaps", [
    ["var(--ink)", "gap of a perfect critic"],
    ["var(--violet)", "trained critics", "block"],
    ["var(--blue)", "W₁"],
  ]);
  updates.push(
    chart("gaps", {
      options: () => ({
        height: 300,
        x: { type: "log", label: "weight, log scale", domain: [0.1, 100], tickFormat: "~g", ticks: 4 },
        y: {
          type: "log",
          label: "E f(x) − E f(y), log scale",
          domain: [1.5, 30],
          grid: true,
          tickFormat: "~g",
        },
        marks: [
          Plot.ruleX([state.weight], { stroke: "currentColor", strokeOpacity: 0.35 }),
          Plot.ruleY([SHIFT], { stroke: "var(--blue)", strokeWidth: 2.5 }),
          Plot.line(weights, {
            x: (w) => w,
            y: (_, k) => gaps[k],
            stroke: "var(--ink)",
            strokeWidth: 2.5,
            clip: true,
          }),
          Plot.dot(trained, { x: "weight", y: "gap", fill: "var(--violet)", r: 5, clip: true }),
        ],
      }),
      caption: () => {
        const { gap, corrected } = values({ weight: state.weight, width: 1 }, data);
        return `With weight ${shown(state.weight, 3)} a perfect critic shows ${shown(gap)}, not 2. Less twice its penalty that is ${shown(corrected)}.`;
      },
    }),
  );
  legend("slopes", [
    ["var(--ink)", "slope of a perfect critic"],
    ["var(--violet)", "slope of a trained one"],
    ["var(--gray)", "slope one, which W₁ asks for", "dashed"],
  ]);
  updates.push(
    chart("slopes", {
      options: () => {
        const inside = X.map((x, k) => ({ x, slope: slopeAt(k, state.weight) })).filter(
          ({ x }, k) => k % 10 === 0 && x >= -2 && x <= 4,
        );
        const { x, slopes } = nearest();
        return {
          height: 300,
          x: { label: "x", domain: [-2, 4] },
          y: {
            label: "slope −f'(x)",
            domain: [0, 1.1 * Math.max(2, ...inside.map(({ slope }) => slope))],
            grid: true,
          },
          marks: [
            Plot.ruleY([1], { stroke: "var(--gray)", strokeDasharray: "4 4" }),
            Plot.line(inside, { x: "x", y: "slope", stroke: "var(--ink)", strokeWidth: 2.5 }),
            Plot.line(x, {
              x: (t) => t,
              y: (_, k) => slopes[k],
              stroke: "var(--violet)",
              strokeWidth: 2,
              clip: true,
            }),
          ],
        };
      },
      caption: () =>
        `A perfect critic with weight ${shown(state.weight, 3)} beside a trained one with weight ${shown(nearest().weight)}: where much mass has to pass, both are steeper than one.`,
    }),
  );
}

function clippingSection(data) {
  const state = { width: 64 };
  const widths = spaced(3, 9, 61).map((power) => 2 ** power);
  const steepest = (width) => values({ weight: 1, width }, data).steepest;
  const updates = [];
  slider("width", {
    label: "width of the network (log scale)",
    min: 3,
    max: 9,
    step: 1,
    value: 6,
    text: (power) => String(2 ** power),
    change: (power) => {
      state.width = 2 ** power;
      updates.forEach((update) => update());
    },
  });
  legend("clipped", [
    ["var(--green)", "steepest slope that the weights allow, times W₁"],
    ["var(--violet)", "what trained critics show", "block"],
    ["var(--blue)", "W₁"],
  ]);
  updates.push(
    chart("clipped", {
      options: () => ({
        height: 280,
        marginLeft: 64,
        x: { type: "log", base: 2, label: "width, log scale", domain: [8, 512], tickFormat: "d" },
        y: {
          type: "log",
          label: "E f(x) − E f(y), log scale",
          domain: [Math.min(SHIFT * steepest(8), ...data.clipped.map(({ fit }) => fit.gap)) / 2, 2 * SHIFT],
          grid: true,
          ticks: 4,
          tickFormat: "~g",
        },
        marks: [
          Plot.ruleX([state.width], { stroke: "currentColor", strokeOpacity: 0.35 }),
          Plot.ruleY([SHIFT], { stroke: "var(--blue)", strokeWidth: 2.5 }),
          Plot.line(widths, {
            x: (w) => w,
            y: (w) => SHIFT * steepest(w),
            stroke: "var(--green)",
            strokeWidth: 2.5,
          }),
          Plot.dot(data.clipped, { x: "width", y: ({ fit }) => fit.gap, fill: "var(--violet)", r: 5 }),
        ],
      }),
      caption: () =>
        `With all weights between −${data.limit} and ${data.limit}, no slope of a network of width ${state.width} exceeds ${shown(steepest(state.width))}, so it shows at most ${shown(SHIFT * steepest(state.width))}: that is its unit, not 1.`,
    }),
  );
}

function trainingSection(data) {
  const most = Math.min(...data.on_line.map(({ steps }) => steps.length));
  const state = { fit: 1, record: most - 1 };
  const fit = () => data.on_line[state.fit];
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  choice("training", {
    label: "what keeps the critic from being steep",
    options: data.on_line.map(({ label }, k) => [k, label]),
    value: state.fit,
    change: (k) => {
      state.fit = Number(k);
      changed();
    },
  });
  listSlider("training", {
    label: "steps of training",
    entries: data.on_line[0].steps.slice(0, most),
    index: most - 1,
    text: (step) => String(step),
    change: (_, k) => {
      state.record = k;
      changed();
    },
  });
  legend("curve", [
    ["var(--violet)", "gap on held-out points"],
    ["var(--ink)", "gap of a perfect critic", "dashed"],
    ["var(--blue)", "W₁"],
  ]);
  updates.push(
    chart("curve", {
      options: () => {
        const { steps, gaps, ideal } = fit();
        const rows = steps.slice(0, state.record + 1).map((step, k) => ({ step, gap: gaps[k] }));
        return {
          height: 300,
          x: { label: "steps", domain: [0, steps.at(-1)] },
          y: {
            label: "E f(x) − E f(y)",
            domain: [Math.min(0, ...gaps), 1.1 * Math.max(SHIFT, ...gaps)],
            grid: true,
          },
          marks: [
            Plot.ruleY([SHIFT], { stroke: "var(--blue)", strokeWidth: 2.5 }),
            ideal === null
              ? null
              : Plot.ruleY([ideal], { stroke: "var(--ink)", strokeWidth: 2, strokeDasharray: "5 4" }),
            Plot.line(rows, { x: "step", y: "gap", stroke: "var(--violet)", strokeWidth: 2.5 }),
            Plot.dot([rows.at(-1)], { x: "step", y: "gap", fill: "var(--violet)", r: 5 }),
          ],
        };
      },
      caption: () => {
        const { label, steps, gaps, value, se } = fit();
        return `${label}: after ${steps[state.record]} steps the gap is ${shown(gaps[state.record])}. At the end it is read as W₁ = ${shown(value)} ± ${shown(se, 1)}.`;
      },
    }),
  );
  table(
    "fits",
    ["critic", "shows", "if perfect", "read as W₁", "±"],
    data.on_line.map(({ label, gap, ideal, value, se }) => [
      label,
      gap,
      ideal === null ? "–" : ideal,
      value,
      shown(se, 1),
    ]),
  );
}

start({ values, build });
