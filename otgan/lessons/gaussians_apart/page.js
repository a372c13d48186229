// Gaussians apart: slide the mean and the deviation of Q; see five numbers, and how they pull.
import { legend, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import {
  density,
  jsOfNormals,
  klOfNormals,
  slopesOfNormals,
  tvOfNormals,
  w1OfNormals,
} from "../pages/densities.js";
import { spaced } from "../pages/numerics.js";
import { first, start } from "../pages/start.js";

const STANDARD = { mean: 0, std: 1 };

/** N(0, 1) against N(mean, std²): the numbers, and their slopes in the mean. */
export function values({ mean, std }) {
  const Q = { mean, std };
  return {
    kl: klOfNormals(STANDARD, Q),
    kl_reversed: klOfNormals(Q, STANDARD),
    js: jsOfNormals(STANDARD, Q),
    tv: tvOfNormals(STANDARD, Q),
    w1: w1OfNormals(STANDARD, Q),
    ...slopesOfNormals(STANDARD, Q),
  };
}

function build(data) {
  const FAR = 10;
  const TOP = 4;
  const state = { mean: first(data.deltas, 2), std: 1 };
  const curves = [
    ["kl", "KL(P‖Q), nats", "var(--ink)"],
    ["w1", "W₁, units of x", "var(--blue)"],
    ["tv", "TV", "var(--gray)"],
    ["js", "JS, nats", "var(--red)"],
  ];
  let path = [];
  const follow = () => {
    path = spaced(0, FAR, 81).map((mean) => ({ mean, ...values({ mean, std: state.std }) }));
  };
  follow();
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  const setMean = (mean) => {
    state.mean = mean;
    control.value = mean;
    changed();
  };
  const control = slider("controls", {
    label: "δ, mean of Q",
    min: 0,
    max: FAR,
    step: 0.1,
    value: state.mean,
    change: setMean,
  });
  state.mean = control.value;
  slider("controls", {
    label: "σ, deviation of Q",
    min: 0.25,
    max: 4,
    step: 0.05,
    value: 1,
    change: (std) => {
      state.std = std;
      follow();
      changed();
    },
  });

  legend("densities", [
    ["var(--blue)", "P = N(0, 1)"],
    ["var(--orange)", "Q = N(δ, σ²)"],
  ]);
  updates.push(
    chart("densities", {
      options: () => {
        const x = spaced(-4, FAR + 4, 300);
        const peak = density(state, state.mean);
        return {
          height: 240,
          x: { label: "x", domain: [-4, FAR + 4] },
          y: { label: "density", domain: [0, 1.1 * Math.max(0.4, peak)] },
          marks: [
            [STANDARD, state].map((distribution, k) => [
              Plot.areaY(x, {
                x: (t) => t,
                y: (t) => density(distribution, t),
                fill: k ? "var(--orange)" : "var(--blue)",
                fillOpacity: 0.15,
              }),
              Plot.line(x, {
                x: (t) => t,
                y: (t) => density(distribution, t),
                stroke: k ? "var(--orange)" : "var(--blue)",
                strokeWidth: 2.5,
              }),
            ]),
            Plot.ruleY([0]),
          ],
        };
      },
      handles: () => [
        {
          key: "Q",
          label: "Mean of Q",
          color: "var(--orange)",
          x: state.mean,
          y: density(state, state.mean),
          axis: "x",
          step: 0.1,
          min: 0,
          max: FAR,
          text: `δ = ${shown(state.mean)}`,
          move: setMean,
        },
      ],
      caption: () =>
        `Q has its mean ${shown(state.mean)} to the right of that of P, and the deviation ${shown(state.std)}. They overlap everywhere, however little.`,
    }),
  );

  const curveChart = (place, suffix, label, top) => {
    legend(
      place,
      curves.map(([, name, color]) => [color, suffix ? name.split(",")[0] : name]),
    );
    updates.push(
      chart(place, {
        options: () => ({
          height: 300,
          x: { label: "δ", domain: [0, FAR] },
          y: {
            label,
            domain: [suffix ? Math.min(0, ...path.map((row) => row.js_slope)) : 0, top],
            grid: true,
          },
          marks: [
            Plot.ruleX([state.mean], { stroke: "currentColor", strokeOpacity: 0.35 }),
            curves.map(([key, , color]) => [
              Plot.line(path, { x: "mean", y: key + suffix, stroke: color, strokeWidth: 2.5, clip: true }),
              Plot.dot([values(state)], { x: state.mean, y: key + suffix, fill: color, r: 5, clip: true }),
            ]),
          ],
        }),
        caption: () => {
          const found = values(state);
          const gone = curves
            .filter(([key]) => path.some((row) => row[key + suffix] > top))
            .map(([, name]) => name.split(",")[0]);
          const leaves = gone.length
            ? ` (${gone.join(" and ")} leave${gone.length > 1 ? "" : "s"} the picture at ${top}.)`
            : "";
          return (
            (suffix
              ? `Here JS pulls with ${shown(found.js_slope)}, TV with ${shown(found.tv_slope)}, W₁ with ${shown(found.w1_slope)}.`
              : `Here JS is ${shown(found.js)} of at most 0.6931, TV ${shown(found.tv)} of at most 1, W₁ ${shown(found.w1)}.`) +
            leaves
          );
        },
      }),
    );
  };
  curveChart("values", "", "distance", TOP);
  curveChart("slopes", "_slope", "slope in δ", 2.5);

  updates.push(() => {
    const found = values(state);
    table(
      "numbers",
      ["", "value", "slope in δ"],
      [
        ["KL(P‖Q), nats", found.kl, found.kl_slope],
        ["KL(Q‖P), nats", found.kl_reversed, state.mean],
        ["JS, nats", found.js, found.js_slope],
        ["TV", found.tv, found.tv_slope],
        ["W₁, units of x", found.w1, found.w1_slope],
      ],
    );
  });
  changed();
}

start({ values, build });
