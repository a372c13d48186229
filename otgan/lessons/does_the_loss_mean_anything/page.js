// Does the loss mean anything? Move through two trainings, then through the seeds of six objectives.
import { choice, decimals, legend, listSlider, shown, slider } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { mean, sum } from "../pages/numerics.js";
import { overSeeds, seedChart } from "../pages/seeds.js";
import { start } from "../pages/start.js";

const LOSSES = {
  critic_estimate: "critic's estimate",
  critic_loss: "critic's loss",
  generator_loss: "generator's loss",
};
const DISTANCES = { debiased_w1: "debiased W₁", frechet: "Fréchet distance of features" };
const FEWEST = 4;

/** Places in order of size from 1; equal numbers share the mean of theirs. */
function ranks(values) {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

/** Spearman's rank correlation. */
function spearman(a, b) {
  const [x, y] = [ranks(a), ranks(b)].map((list) => list.map((rank) => rank - mean(list)));
  const product = (u, v) => sum(u.map((value, k) => value * v[k]));
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

/** The correlation of a loss with debiased W₁ over the first measurements of a training. */
export function values({ curve, loss, count }, data) {
  const { until_floor: most, debiased_w1: w1, ...all } = data.curves[curve];
  const k = Math.min(count, most);
  return { correlation: spearman(all[loss].slice(0, k), w1.slice(0, k)) };
}

function build(data) {
  drawCurves(data);
  drawSeeds(data);
}

function drawCurves(data) {
  const count = data.curves[0].steps.length;
  const state = { k: count - 1, loss: "critic_estimate" };
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  listSlider("live", {
    label: "measurement",
    entries: data.curves[0].steps,
    index: state.k,
    text: (step) => `${data.curves[0].steps.indexOf(step) + 1} of ${count}`,
    change: (_, k) => {
      state.k = k;
      changed();
    },
  });
  choice("live", {
    label: "which loss",
    options: Object.entries(LOSSES),
    value: state.loss,
    change: (loss) => {
      state.loss = loss;
      changed();
    },
  });
  data.curves.forEach((curve, k) => {
    legend(`curves-${k}`, [
      ["var(--ink)", "debiased W₁"],
      ["var(--blue)", "exact W₁"],
      ["var(--violet)", `the loss, ${curve.name}`],
    ]);
    updates.push(drawCurve(curve, k, state), drawOrder(data, k, state));
  });
  changed();
}

/** The loss and both distances so far, each from its least to its greatest value. */
function drawCurve(curve, place, state) {
  const scaled = (list) => {
    const [low, high] = [Math.min(...list), Math.max(...list)];
    return list.map((value) => (value - low) / (high - low || 1));
  };
  return chart(`curves-${place}`, {
    options: () => ({
      height: 260,
      marginLeft: 66,
      marginRight: 16,
      x: { label: "generator steps", domain: [0, curve.steps.at(-1)], ticks: 5 },
      y: { label: null, domain: [0, 1], ticks: [0, 1], tickFormat: (t) => (t ? "greatest" : "least") },
      marks: [
        [curve.debiased_w1, "var(--ink)"],
        [curve.exact_w1, "var(--blue)"],
        [curve[state.loss], "var(--violet)"],
      ].map(([list, color]) => {
        const part = scaled(list).slice(0, state.k + 1);
        return [
          Plot.line(part, { x: (_, k) => curve.steps[k], y: (t) => t, stroke: color, strokeWidth: 2.5 }),
          Plot.dot(part.slice(-1), { x: () => curve.steps[state.k], y: (t) => t, fill: color, r: 5 }),
        ];
      }),
    }),
    caption: () => {
      const at = (list) => decimals(list[state.k]);
      return `${curve.name}, step ${curve.steps[state.k]}: ${LOSSES[state.loss]} ${at(curve[state.loss])}, exact W₁ ${at(curve.exact_w1)}, debiased W₁ ${at(curve.debiased_w1)} ± ${at(curve.debiased_w1_se)}.`;
    },
  });
}

/** The loss against debiased W₁, a point for each measurement. */
function drawOrder(data, place, state) {
  const curve = data.curves[place];
  return chart(`order-${place}`, {
    options: () => {
      const points = curve.debiased_w1.map((w1, k) => ({ w1, loss: curve[state.loss][k], k }));
      const past = points.slice(0, state.k + 1);
      return {
        height: 260,
        marginLeft: 56,
        marginRight: 16,
        x: { label: LOSSES[state.loss], ticks: 5, nice: true },
        y: { label: "debiased W₁", grid: true, ticks: 5, nice: true },
        marks: [
          Plot.dot(points, { x: "loss", y: "w1", r: 2, fill: "var(--gray)" }),
          Plot.line(past, { x: "loss", y: "w1", stroke: "var(--violet)", strokeOpacity: 0.4 }),
          Plot.dot(past, { x: "loss", y: "w1", r: 4, fill: "var(--violet)" }),
          Plot.dot(past.slice(-1), { x: "loss", y: "w1", r: 6, fill: "var(--ink)" }),
        ],
      };
    },
    caption: () => {
      const used = Math.min(state.k + 1, curve.until_floor);
      if (used < FEWEST) return `${curve.name}: a correlation takes ${FEWEST} measurements at least.`;
      const { correlation } = values({ curve: place, loss: state.loss, count: used }, data);
      return `${curve.name}: over the first ${used} measurements, the rank correlation of the ${LOSSES[state.loss]} with debiased W₁ is ${decimals(correlation, 2)}.`;
    },
  });
}

function drawSeeds(data) {
  const state = { loss: "critic_estimate", distance: "debiased_w1", seed: 0 };
  const groups = () =>
    data.measured.filter(({ loss, distance }) => loss === state.loss && distance === state.distance);
  const most = Math.max(...data.measured.map(({ seeds }) => seeds.length));
  let update = () => {};
  const set = (name) => (value) => {
    state[name] = value;
    update();
  };
  choice("controls", {
    label: "loss",
    options: Object.entries(LOSSES),
    value: state.loss,
    change: set("loss"),
  });
  choice("controls", {
    label: "with which distance",
    options: Object.entries(DISTANCES),
    value: state.distance,
    change: set("distance"),
  });
  slider("controls", {
    label: "run",
    min: 0,
    max: most - 1,
    step: 1,
    value: 0,
    text: (k) => `${k + 1} of ${most}`,
    change: set("seed"),
  });
  legend("seeds", [
    ["var(--green)", "told from zero", "block"],
    ["var(--gray)", "not told from zero", "block"],
  ]);
  update = seedChart("seeds", data.half_widths, {
    rows: () =>
      groups().map((one) => ({
        name: one.name,
        values: one.correlations,
        color: one.told_from_zero ? "var(--green)" : "var(--gray)",
      })),
    seed: () => state.seed,
    label: () => "rank correlation",
    from: () => -1,
    to: () => 1,
    marks: () => [0],
    caption: () => {
      const said = groups()
        .filter(({ correlations }) => state.seed < correlations.length)
        .map((one) => `${one.name} ${decimals(one.correlations[state.seed], 2)}`);
      const [best] = groups()
        .map((one) => [one.name, overSeeds(one.correlations, data.half_widths)])
        .sort((a, b) => Math.abs(b[1].mean) - Math.abs(a[1].mean));
      return `Run ${state.seed + 1}, ringed: ${said.join("; ")}. Most telling in the mean: ${best[0]}, ${shown(best[1].mean, 2)}.`;
    },
  });
}

start({ values, build });
