// The perfect discriminator: slide the generator away; see D*, and what it leaves to climb.
import { legend, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { density, expect, jsOfNormals, logDensity } from "../pages/densities.js";
import { logSigmoid, spaced } from "../pages/numerics.js";
import { start } from "../pages/start.js";

const REAL = { mean: 0, std: 1 };
const generated = (delta) => ({ mean: delta, std: 1 });

/** log(D* / (1 − D*)) of the best discriminator. */
function logOdds(x, delta) {
  return logDensity(REAL, x) - logDensity(generated(delta), x);
}

function discriminator(x, delta) {
  return Math.exp(logSigmoid(logOdds(x, delta)));
}

/** What D* is worth, E_r log D* + E_g log(1 − D*). */
function worth(delta) {
  const [P, Q] = [REAL, generated(delta)];
  return (
    expect(P, (x) => logSigmoid(logOdds(x, delta)), Q) + expect(Q, (x) => logSigmoid(-logOdds(x, delta)), P)
  );
}

/** Slopes in delta of three losses of the generator, with D* held fixed: which way they pull. */
const PULLS = {
  saturating: (delta) => expect(generated(delta), (x) => delta * discriminator(x, delta), REAL),
  non_saturating: (delta) => expect(generated(delta), (x) => delta * (1 - discriminator(x, delta)), REAL),
  wasserstein: () => 1,
};

/** The numbers of the lesson for these shifts of the generator. */
export function values({ deltas }) {
  return {
    loss: deltas.map(worth),
    js: deltas.map((delta) => jsOfNormals(REAL, generated(delta))),
    ...Object.fromEntries(Object.entries(PULLS).map(([name, pull]) => [name, deltas.map(pull)])),
  };
}

const STEP = 0.2;
const MOVES = 60;

/** Where a generator is that starts at delta and takes steps of gradient descent on one loss. */
function descent(delta, pull) {
  const path = [delta];
  while (path.length <= MOVES) {
    const now = path.at(-1);
    path.push(Math.max(0, now - STEP * pull(now)));
  }
  return path;
}

function build(data) {
  const FAR = 8;
  const state = { delta: Math.min(FAR, data.shown) };
  const losses = [
    ["saturating", "log(1 − D*)", "var(--red)"],
    ["non_saturating", "−log D*", "var(--ink)"],
    ["wasserstein", "W₁", "var(--blue)"],
  ];
  const grid = spaced(0.1, FAR, 80);
  const slopes = losses.map(([name]) => grid.map(PULLS[name]));
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  const setDelta = (delta) => {
    state.delta = delta;
    control.value = delta;
    changed();
  };
  const control = slider("controls", {
    label: "δ, how far the generator is off",
    min: 0,
    max: FAR,
    step: 0.1,
    value: state.delta,
    change: setDelta,
  });
  state.delta = control.value;

  legend("densities", [
    ["var(--blue)", "data N(0, 1), density"],
    ["var(--orange)", "generated N(δ, 1), density"],
    ["var(--ink)", "D*(x), probability of being data"],
  ]);
  updates.push(
    chart("densities", {
      options: () => {
        const x = spaced(-4, FAR + 4, 300);
        return {
          height: 260,
          x: { label: "x", domain: [-4, FAR + 4] },
          y: { label: "density, probability", domain: [0, 1], grid: true },
          marks: [
            Plot.line(x, {
              x: (t) => t,
              y: (t) => density(REAL, t),
              stroke: "var(--blue)",
              strokeWidth: 2.5,
            }),
            Plot.line(x, {
              x: (t) => t,
              y: (t) => density(generated(state.delta), t),
              stroke: "var(--orange)",
              strokeWidth: 2.5,
            }),
            Plot.line(x, {
              x: (t) => t,
              y: (t) => discriminator(t, state.delta),
              stroke: "var(--ink)",
              strokeWidth: 2.5,
            }),
            Plot.ruleY([0]),
          ],
        };
      },
      handles: () => [
        {
          key: "g",
          label: "Mean of the generator",
          color: "var(--orange)",
          x: state.delta,
          y: density(REAL, 0),
          axis: "x",
          step: 0.1,
          min: 0,
          max: FAR,
          text: `δ = ${shown(state.delta)}`,
          move: setDelta,
        },
      ],
      caption: () =>
        state.delta === 0
          ? "Nobody can tell the two apart: D* is ½ everywhere."
          : `At the mean of the generated points D* is ${shown(discriminator(state.delta, state.delta))}. The nearer to 0, the flatter log(1 − D*) is there, with slope δ D*.`,
    }),
  );

  legend(
    "slopes",
    losses.map(([, name, color]) => [color, name]),
  );
  updates.push(
    chart("slopes", {
      options: () => ({
        height: 300,
        marginLeft: 56,
        x: { label: "δ", domain: [0, FAR] },
        y: {
          label: "pull towards the data (slope in δ), log scale",
          type: "log",
          domain: [1e-4, 10],
          grid: true,
          ticks: 5,
          tickFormat: "~g",
        },
        marks: [
          Plot.ruleX([state.delta], { stroke: "currentColor", strokeOpacity: 0.35 }),
          losses.map(([name, , color], k) => [
            Plot.line(grid, { x: (t) => t, y: (_, i) => slopes[k][i], stroke: color, strokeWidth: 2.5 }),
            state.delta > 0
              ? Plot.dot([PULLS[name](state.delta)], {
                  x: () => state.delta,
                  y: (t) => t,
                  fill: color,
                  r: 5,
                  clip: true,
                })
              : null,
          ]),
        ],
      }),
      caption: () =>
        `At δ = ${shown(state.delta)}: ${losses.map(([key, name]) => `${name} pulls with ${shown(PULLS[key](state.delta))}`).join(", ")}. The first two add up to δ.`,
    }),
  );

  legend(
    "race",
    losses.map(([, name, color]) => [color, name]),
  );
  updates.push(
    chart("race", {
      options: () => ({
        height: 300,
        x: { label: `steps of gradient descent, each ${STEP} times the slope`, domain: [0, MOVES] },
        y: { label: "δ", domain: [0, Math.max(1, state.delta)], grid: true },
        marks: losses.map(([name, , color]) =>
          Plot.line(descent(state.delta, PULLS[name]), {
            x: (_, k) => k,
            y: (t) => t,
            stroke: color,
            strokeWidth: 2.5,
          }),
        ),
      }),
      caption: () =>
        `From δ = ${shown(state.delta)}, after ${MOVES} steps: ${losses.map(([key, name]) => `${shown(descent(state.delta, PULLS[key]).at(-1), 2)} with ${name}`).join(", ")}.`,
    }),
  );

  updates.push(() => {
    const js = jsOfNormals(REAL, generated(state.delta));
    table(
      "numbers",
      ["", "value"],
      [
        ["what D* is worth, E log D* + E log(1 − D*)", worth(state.delta)],
        ["2 JS − 2 log 2", 2 * js - 2 * Math.LN2],
        ["JS, nats", js],
      ],
    );
  });
  changed();
}

start({ values, build });
