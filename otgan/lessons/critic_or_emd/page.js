// A critic or the exact distance of samples: choose the dimension and the number of points.
import { legend, listSlider, shown, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { start } from "../pages/start.js";

/** What is derived from the numbers in the page: midpoints, and where a critic is nearer to the truth. */
export function values(_, data) {
  const midpoint = data.emd.map((row, k) => row.map((error, c) => (error + data.held_out[k][c]) / 2));
  const nearer = (errors) =>
    data.dimensions.filter((_, k) => Math.abs(data.critic[k]) < Math.abs(errors[k].at(-1)));
  return {
    midpoint,
    midpoint_se: data.emd_se.map((row, k) => row.map((se, c) => Math.hypot(se, data.held_out_se[k][c]) / 2)),
    nearer_than_emd: nearer(data.emd),
    nearer_than_midpoint: nearer(midpoint),
  };
}

/** The ways to estimate W₁: name, color, and error and standard error at dimension k and count c. */
function estimates(data) {
  const { midpoint, midpoint_se } = values({}, data);
  return [
    ["exact distance of the samples", "var(--blue)", (k, c) => [data.emd[k][c], data.emd_se[k][c]]],
    [
      "its potentials on fresh points",
      "var(--green)",
      (k, c) => [data.held_out[k][c], data.held_out_se[k][c]],
    ],
    ["midpoint of these two", "var(--ink)", (k, c) => [midpoint[k][c], midpoint_se[k][c]]],
    ["critic on fresh points", "var(--violet)", (k) => [data.critic[k], data.critic_se[k]]],
    [
      `critic on ${data.counts.at(-1)} points only`,
      "var(--gray)",
      (k) => [data.reused[k], data.reused_se[k]],
    ],
  ];
}

function build(data) {
  const ways = estimates(data);
  const state = { k: data.dimensions.length - 1, c: data.counts.length - 1 };
  const signed = (error) => `${error > 0 ? "+" : ""}${shown(error, 2)} %`;
  const updates = [];
  const set = (name) => (_, index) => {
    state[name] = index;
    updates.forEach((update) => update());
  };
  listSlider("controls", {
    label: "d, dimensions",
    entries: data.dimensions,
    index: state.k,
    change: set("k"),
  });
  listSlider("controls", {
    label: "n, points of each sample",
    entries: data.counts,
    index: state.c,
    change: set("c"),
  });

  updates.push(
    chart("errors", {
      options: (width) => {
        const rows = ways.map(([name, color, at], w) => ({
          name,
          color,
          w,
          error: at(state.k, state.c)[0],
          half: 1.96 * at(state.k, state.c)[1],
        }));
        const reach = 1.1 * Math.max(5, ...rows.map(({ error, half }) => Math.abs(error) + half));
        return {
          height: 320,
          marginLeft: 16,
          marginRight: 16,
          x: { label: "error in % of the true W₁, with 95 % intervals", domain: [-reach, reach], grid: true },
          y: { axis: null, domain: [ways.length - 0.5, -0.7] },
          marks: [
            Plot.ruleX([0], { stroke: "currentColor", strokeWidth: 1.5 }),
            Plot.link(rows, {
              x1: ({ error, half }) => error - half,
              x2: ({ error, half }) => error + half,
              y1: "w",
              y2: "w",
              stroke: "color",
              strokeWidth: 3,
            }),
            Plot.dot(rows, { x: "error", y: "w", fill: "color", r: 6 }),
            Plot.text(rows, {
              x: () => -reach,
              y: "w",
              dy: -20,
              text: "name",
              textAnchor: "start",
              fill: "currentColor",
            }),
          ],
        };
      },
      caption: () => {
        const [best] = ways
          .map(([name, , at]) => [name, at(state.k, state.c)[0]])
          .sort((a, b) => Math.abs(a[1]) - Math.abs(b[1]));
        return `In ${data.dimensions[state.k]} dimensions with ${data.counts[state.c]} points, the exact distance of the samples is off by ${signed(data.emd[state.k][state.c])}. Nearest to the truth: ${best[0]}, ${signed(best[1])}.`;
      },
    }),
  );

  legend(
    "dimensions",
    ways.map(([name, color]) => [color, name]),
  );
  updates.push(
    chart("dimensions", {
      options: () => ({
        height: 320,
        x: { type: "log", base: 2, label: "d, log scale", ticks: data.dimensions, tickFormat: "d" },
        y: { label: "error in % of the true W₁", grid: true },
        marks: [
          Plot.ruleX([data.dimensions[state.k]], { stroke: "currentColor", strokeOpacity: 0.35 }),
          Plot.ruleY([0]),
          ways.map(([, color, at]) => [
            Plot.line(data.dimensions, {
              x: (d) => d,
              y: (_, k) => at(k, state.c)[0],
              stroke: color,
              strokeWidth: 2.5,
            }),
            Plot.dot(data.dimensions, { x: (d) => d, y: (_, k) => at(k, state.c)[0], fill: color, r: 4 }),
          ]),
        ],
      }),
      caption: () =>
        `With ${data.counts[state.c]} points: samples lie further apart than their distributions, the more so the more dimensions there are.`,
    }),
  );
  const { nearer_than_emd, nearer_than_midpoint } = values({}, data);
  const listed = (dimensions) => dimensions.join(", ") || "none";
  table(
    "numbers",
    ["a critic on fresh points is nearer to the truth than", "in d ="],
    [
      [`the exact distance of ${data.counts.at(-1)} points`, listed(nearer_than_emd)],
      [`the midpoint of ${data.counts.at(-1)} points`, listed(nearer_than_midpoint)],
    ],
  );
  updates.forEach((update) => update());
}

start({ values, build });
