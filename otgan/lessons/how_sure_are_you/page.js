// How sure are you? Slide the number of points and the dimension; draw samples one after another.
import { choice, legend, listSlider, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { gaussLegendre, mean, normalCdf, spaced } from "../pages/numerics.js";
import { start } from "../pages/start.js";

const MARGIN = 1.959963984540054; // standard deviations on either side of 95 %

/** What W₁ of two samples of n points on the line is in the mean, though the distributions are equal. */
export function values({ n }, data) {
  return {
    normal: floorOfNormal(n),
    uniform: floorOfUniform(n),
    covers_truth: data.trials.map((trial) => coverage(naive(trial), trial.truth)),
    covers_mean: data.trials.map((trial) => coverage(naive(trial), mean(trial.plug_in))),
    coverage: data.intervals.map((one) => coverage(pairs(one.low, one.high), one.truth)),
  };
}

function floorOfNormal(n) {
  const step = 0.1; // the trapezoidal rule over [−9, 9]
  return (
    step * spaced(-9, 9, 181).reduce((total, x) => total + meanDifference(n, normalCdf(x), normalCdf(-x)), 0)
  );
}

function floorOfUniform(n) {
  const { nodes, weights } = gaussLegendre(200);
  return nodes.reduce(
    (total, node, i) => total + (weights[i] / 2) * meanDifference(n, (1 + node) / 2, (1 - node) / 2),
    0,
  );
}

/** E|Fₙ − Gₙ| where F = p and 1 − F = q: the mean difference of two binomial numbers, over n. */
function meanDifference(n, p, q) {
  let log = n * Math.log(q);
  let below = 0;
  let total = 0;
  for (let k = 0; k < n; k += 1) {
    below += Math.exp(log);
    total += below * (1 - below);
    log += Math.log(((n - k) * p) / ((k + 1) * q));
  }
  return (2 * total) / n;
}

const pairs = (low, high) => low.map((value, k) => [value, high[k]]);
const naive = ({ plug_in, se }) =>
  plug_in.map((value, k) => [value - MARGIN * se[k], value + MARGIN * se[k]]);
const coverage = (intervals, value) =>
  mean(intervals.map(([low, high]) => (low <= value && value <= high ? 1 : 0)));

function build(data) {
  floorSection(data);
  intervalSection(data);
  klSection(data);
}

function floorSection(data) {
  const state = { n: 128, k: 1 };
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  slider("floor-controls", {
    label: "n, points of each sample (log scale)",
    min: 1,
    max: 9,
    step: 0.5,
    value: 7,
    text: (power) => String(Math.round(2 ** power)),
    change: (power) => {
      state.n = Math.round(2 ** power);
      changed();
    },
  });
  listSlider("floor-controls", {
    label: "d, dimensions",
    entries: data.dimensions,
    index: 1,
    change: (_, k) => {
      state.k = k;
      changed();
    },
  });
  const exact = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((n) => ({ n, w1: floorOfNormal(n) }));
  const rate = (d) => (d <= 2 ? "n^(−1/2)" : `n^(−1/${d})`);
  legend("floor", [
    ["var(--blue)", "d = 1, exact"],
    ["var(--ink)", "the dimension you chose, simulated"],
    ["var(--gray)", "other dimensions"],
  ]);
  updates.push(
    chart("floor", {
      options: () => ({
        height: 340,
        marginLeft: 52,
        x: { type: "log", base: 2, label: "n, log scale", domain: [1, 512], tickFormat: "d" },
        y: {
          type: "log",
          label: "mean W₁ of two samples of N(0, I), log scale",
          domain: [0.05, 5],
          grid: true,
          tickFormat: "~g",
          ticks: 5,
        },
        marks: [
          Plot.ruleX([state.n], { stroke: "currentColor", strokeOpacity: 0.35 }),
          Plot.line(exact, { x: "n", y: "w1", stroke: "var(--blue)", strokeWidth: 2.5 }),
          Plot.dot([floorOfNormal(state.n)], { x: () => state.n, y: (w1) => w1, fill: "var(--blue)", r: 5 }),
          data.dimensions.map((d, k) => [
            Plot.line(data.sizes, {
              x: (n) => n,
              y: (_, i) => data.distances[k][i],
              stroke: k === state.k ? "var(--ink)" : "var(--gray)",
              strokeWidth: k === state.k ? 3 : 1.5,
            }),
            Plot.text([data.sizes.at(-1)], {
              x: (n) => n,
              y: () => data.distances[k].at(-1),
              text: () => `d = ${d}`,
              textAnchor: "start",
              dx: 5,
              dy: d === 1 ? -9 : 0,
              fill: "currentColor",
            }),
          ]),
        ],
      }),
      caption: () => {
        const d = data.dimensions[state.k];
        return `On the line, two samples of ${state.n} points of N(0, 1) lie ${shown(floorOfNormal(state.n))} apart in the mean; the truth is 0. In ${d} dimension${d > 1 ? "s" : ""} the simulated distances fall like n^(${shown(data.slopes[state.k], 2)} ± ${shown(data.slopes_se[state.k], 1)}); theory says ${rate(d)}${d === 2 ? ", with a logarithm" : ""}.`;
      },
    }),
  );
  updates.push(() => {
    table(
      "floor-numbers",
      ["on the line, two equal distributions", "mean W₁", "times √n", "limit"],
      [
        [
          "N(0, 1)",
          floorOfNormal(state.n),
          Math.sqrt(state.n) * floorOfNormal(state.n),
          data.floors[0].limit,
        ],
        [
          "U[0, 1]",
          floorOfUniform(state.n),
          Math.sqrt(state.n) * floorOfUniform(state.n),
          data.floors[1].limit,
        ],
      ],
    );
  });
  changed();
}

function intervalSection(data) {
  const kinds = [
    ...data.trials.map((t) => ({
      name: `potentials' error, d = ${t.d}, W₁ = ${shown(t.truth)}`,
      truth: t.truth,
      ends: naive(t),
    })),
    ...data.intervals.map((i) => ({
      name: `wasserstein_interval, d = ${i.d}, W₁ = ${shown(i.truth)}`,
      truth: i.truth,
      ends: pairs(i.low, i.high),
    })),
  ];
  const most = Math.min(...kinds.map(({ ends }) => ends.length));
  const state = { kind: 0, count: Math.min(20, most) };
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  choice("interval-controls", {
    label: "95 % intervals by",
    options: kinds.map(({ name }, k) => [k, name]),
    value: 0,
    change: (k) => {
      state.kind = Number(k);
      changed();
    },
  });
  slider("interval-controls", {
    label: "pairs of samples drawn",
    min: 1,
    max: most,
    step: 1,
    value: state.count,
    change: (count) => {
      state.count = count;
      changed();
    },
  });
  legend("intervals", [
    ["var(--ink)", "holds W₁ of the distributions"],
    ["var(--red)", "misses it", "dashed"],
    ["var(--blue)", "W₁"],
  ]);
  updates.push(
    chart("intervals", {
      options: (width) => {
        const { truth, ends } = kinds[state.kind];
        const rows = ends
          .slice(0, state.count)
          .map(([low, high], k) => ({ k, low, high, misses: low > truth || truth > high }));
        const all = ends.flat();
        return {
          height: 300,
          x: { label: "pair of samples", domain: [-1, most] },
          y: {
            label: "W₁",
            domain: [Math.min(truth, ...all), Math.max(truth, ...all)],
            nice: true,
            grid: true,
          },
          marks: [
            [false, true].map((misses) =>
              Plot.ruleX(
                rows.filter((row) => row.misses === misses),
                {
                  x: "k",
                  y1: "low",
                  y2: "high",
                  stroke: misses ? "var(--red)" : "var(--ink)",
                  strokeWidth: Math.min(2.5, (0.6 * width) / most),
                  strokeDasharray: misses ? "3 2" : null,
                },
              ),
            ),
            Plot.ruleY([truth], { stroke: "var(--blue)", strokeWidth: 2.5 }),
          ],
        };
      },
      caption: () => {
        const { truth, ends } = kinds[state.kind];
        const held = (count) => Math.round(count * coverage(ends.slice(0, count), truth));
        return `${held(state.count)} of ${state.count} intervals hold W₁ = ${shown(truth)}, of all ${ends.length} drawn ${held(ends.length)}.`;
      },
    }),
  );
}

function klSection(data) {
  const state = { k: 4 };
  const logM = Math.log(data.points_of_kl);
  const updates = [];
  listSlider("kl-controls", {
    label: "shift between N(0, 1) and N(shift, 1)",
    entries: data.shifts,
    index: state.k,
    change: (_, k) => {
      state.k = k;
      updates.forEach((update) => update());
    },
  });
  const curves = [
    ["kl_truth", "truth, shift²/2", "var(--blue)"],
    ["kl_plain", "estimate by the nearest point", "var(--red)"],
    ["kl_default", "the library's default", "var(--ink)"],
  ];
  legend("kl", [
    ...curves.map(([, name, color]) => [color, name]),
    ["var(--gray)", `log ${data.points_of_kl}`, "dashed"],
  ]);
  updates.push(
    chart("kl", {
      options: () => ({
        height: 300,
        x: { label: "shift", domain: [0, data.shifts.at(-1)] },
        y: { label: "KL, nats", grid: true },
        marks: [
          Plot.ruleX([data.shifts[state.k]], { stroke: "currentColor", strokeOpacity: 0.35 }),
          Plot.ruleY([logM], { stroke: "var(--gray)", strokeWidth: 2, strokeDasharray: "5 4" }),
          curves.map(([key, , color]) => [
            Plot.line(data[key], {
              x: (_, k) => data.shifts[k],
              y: (v) => v,
              stroke: color,
              strokeWidth: 2.5,
            }),
            Plot.dot([data[key][state.k]], { x: () => data.shifts[state.k], y: (v) => v, fill: color, r: 5 }),
          ]),
        ],
      }),
      caption: () =>
        `At shift ${data.shifts[state.k]}, ${curves.map(([key, name]) => `${name}: ${shown(data[key][state.k], 3)}`).join("; ")}. ${data.points_of_kl} points say little beyond log ${data.points_of_kl} = ${shown(logM, 3)} nats.`,
    }),
  );
}

start({ values, build });
