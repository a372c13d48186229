// Kantorovich and Rubinstein: raise a critic from below, improve a plan from above, until they meet.
import { button, legend, shown, slider } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { mean } from "../pages/numerics.js";
import { transport } from "../pages/transport.js";
import { start } from "../pages/start.js";

const distances = (x, y) => x.map(([s, t]) => y.map(([u, v]) => Math.hypot(s - u, t - v)));

/** min_k (heights_k + |z − points_k|), which has slopes up to one everywhere. */
function mcshane(points, heights, z) {
  return Math.min(...points.map(([u, v], k) => heights[k] + Math.hypot(z[0] - u, z[1] - v)));
}

/** Between clouds x and y: W₁, and what the critic with these heights at y scores. */
export function values({ x, y, heights }) {
  const score = mean(x.map((z) => mcshane(y, heights, z))) - mean(y.map((z) => mcshane(y, heights, z)));
  const C = distances(x, y);
  const everywhere = mean(C.map(mean));
  return { distance: solved(C).cost / (x.length * y.length), score, independent: everywhere };
}

/** Equal weights as whole numbers: every x has as many units as there are y, and the other way. */
function solved(C) {
  return transport(
    C,
    C.map(() => C[0].length),
    C[0].map(() => C.length),
  );
}

function build(data) {
  const REACH = 4;
  const state = { x: data.x, y: data.y.map((z) => [...z]), heights: data.y.map(() => 0), fraction: 0 };
  const [n, m] = [state.x.length, state.y.length];
  let best = null;
  const solve = () => (best = solved(distances(state.x, state.y)));
  solve();
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  const critic = (z) => mcshane(state.y, state.heights, z);
  const setHeights = (heights) => {
    state.heights = heights.map((height) => Math.max(-REACH, Math.min(REACH, height)));
    changed();
  };

  legend("plane", [
    ["var(--blue)", "points x", "block"],
    ["var(--orange)", "points y", "block"],
    ["var(--gray)", "the critic: the grayer, the higher", "block"],
  ]);
  updates.push(
    chart("plane", {
      options: () => ({
        aspectRatio: 1,
        x: { domain: [-REACH, REACH], label: "first coordinate", ticks: 5 },
        y: { domain: [-REACH, REACH], label: "second coordinate", ticks: 5 },
        marks: [
          Plot.contour({
            value: (s, t) => critic([s, t]),
            x1: -REACH,
            x2: REACH,
            y1: -REACH,
            y2: REACH,
            pixelSize: 6,
            thresholds: 14,
            fill: "var(--gray)",
            fillOpacity: 0.1,
            stroke: "var(--gray)",
            strokeOpacity: 0.4,
          }),
          Plot.link(
            best.plan.flatMap((row, i) =>
              row.flatMap((moved, j) =>
                moved > 0 ? [{ from: state.x[i], to: state.y[j], moved: moved / n }] : [],
              ),
            ),
            {
              x1: ({ from }) => from[0],
              y1: ({ from }) => from[1],
              x2: ({ to }) => to[0],
              y2: ({ to }) => to[1],
              stroke: "currentColor",
              strokeWidth: ({ moved }) => 0.3 + 1.7 * moved,
              strokeOpacity: () => state.fraction,
            },
          ),
          Plot.text(state.y, {
            x: "0",
            y: "1",
            text: (_, j) => String(j + 1),
            dx: 15,
            dy: -9,
            fill: "currentColor",
          }),
          Plot.dot(state.x, { x: "0", y: "1", r: 6, fill: "var(--blue)", stroke: "var(--paper)" }),
        ],
      }),
      handles: () =>
        state.y.map(([u, v], j) => ({
          key: `y${j}`,
          label: `Point ${j + 1} of y`,
          color: "var(--orange)",
          x: u,
          y: v,
          axis: "xy",
          step: 0.1,
          min: -REACH,
          max: REACH,
          text: `${shown(u, 3)}, ${shown(v, 3)}`,
          move: (s, t) => {
            state.y[j] = [s, t];
            solve();
            changed();
          },
        })),
      caption: () =>
        `${n} points x, ${m} points y that can be dragged, and a critic whose slopes are at most one everywhere.` +
        (state.fraction > 0 ? " Lines show the best plan." : ""),
    }),
  );

  legend("heights", [
    ["var(--green)", "height that you ask for"],
    ["var(--ink)", "height that slopes up to one allow", "block"],
  ]);
  updates.push(
    chart("heights", {
      options: () => ({
        height: 260,
        x: { label: "point of y", domain: [0.5, m + 0.5], ticks: Math.min(m, 14), tickFormat: "d" },
        y: { label: "height of the critic", domain: [-REACH, REACH], grid: true },
        marks: [
          Plot.ruleY([0]),
          Plot.ruleX(state.heights, {
            x: (_, j) => j + 1,
            y1: 0,
            y2: (h) => h,
            stroke: "var(--green)",
            strokeWidth: 3,
          }),
          Plot.ruleY(state.y, {
            x1: (_, j) => j + 0.7,
            x2: (_, j) => j + 1.3,
            y: critic,
            stroke: "var(--ink)",
            strokeWidth: 3,
          }),
        ],
      }),
      handles: () =>
        state.heights.map((height, j) => ({
          key: `h${j}`,
          label: `Height at point ${j + 1} of y`,
          color: "var(--green)",
          x: j + 1,
          y: height,
          axis: "y",
          step: 0.1,
          min: -REACH,
          max: REACH,
          text: shown(height, 3),
          move: (_, y) => setHeights(state.heights.map((old, k) => (k === j ? y : old))),
        })),
      caption: () => {
        const held = state.y.filter((z, j) => critic(z) < state.heights[j] - 1e-9).length;
        return held
          ? `At ${held} point${held > 1 ? "s" : ""} the critic stays below what you ask for, or it would be too steep.`
          : "The critic is as high at all points of y as you ask for.";
      },
    }),
  );
  button("critic", "One step up", () => setHeights(stepUp(state)));
  button("critic", "Best critic", () => setHeights(centered(best.g.map((g) => -g))));
  button("critic", "Flat critic", () => setHeights(state.heights.map(() => 0)));
  slider("plan", {
    label: "plan: from each to all, or the best",
    min: 0,
    max: 1,
    step: 0.05,
    value: 0,
    text: (t) => `${Math.round(100 * t)} % of the best`,
    change: (fraction) => {
      state.fraction = fraction;
      changed();
    },
  });

  legend("bounds", [
    ["var(--green)", "score of the critic: W₁ is at least this", "block"],
    ["var(--ink)", "cost of the plan: W₁ is at most this", "block"],
    ["var(--blue)", "W₁"],
  ]);
  updates.push(
    chart("bounds", {
      options: () => {
        const { distance, score, independent } = values(state);
        const cost = (1 - state.fraction) * independent + state.fraction * distance;
        return {
          height: 150,
          marginLeft: 60,
          x: { label: "units of the plane", domain: [Math.min(0, score), 1.05 * independent], grid: true },
          y: { type: "band", label: null, domain: ["plan", "critic"] },
          marks: [
            Plot.barX(
              [
                ["critic", score, "var(--green)"],
                ["plan", cost, "var(--ink)"],
              ],
              { y: "0", x: "1", fill: "2" },
            ),
            Plot.ruleX([distance], { stroke: "var(--blue)", strokeWidth: 3 }),
            Plot.ruleX([0]),
          ],
        };
      },
      caption: () => {
        const { distance, score, independent } = values(state);
        const cost = (1 - state.fraction) * independent + state.fraction * distance;
        const gap = cost - score;
        return (
          `W₁ is between ${shown(score)} and ${shown(cost)}. ` +
          (gap < 1e-9
            ? "They meet: each proves that the other is the best."
            : `A gap of ${shown(gap)} is left.`)
        );
      },
    }),
  );
  changed();
}

/** A step of gradient ascent of the score in the heights: up where more of x is near than y. */
function stepUp({ x, y, heights }) {
  const gradient = y.map(() => -1 / y.length);
  for (const z of x) {
    const reached = y.map(([u, v], k) => heights[k] + Math.hypot(z[0] - u, z[1] - v));
    gradient[reached.indexOf(Math.min(...reached))] += 1 / x.length;
  }
  return heights.map((height, k) => height + gradient[k]);
}

function centered(heights) {
  return heights.map((height) => height - mean(heights));
}

start({ values, build });
