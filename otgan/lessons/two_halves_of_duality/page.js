// Two halves of duality: two prices become one function; a critic of any slope; a cone on a graph.
import { showCone } from "./cone.js";
import {
  ROUNDING,
  afterTransforms,
  cTransform,
  distances,
  flipped,
  interpolation,
  lowerEnvelope,
  read,
  scoreOf,
  slackOf,
  solved,
  within,
} from "./duality.js";
import { button, byId, legend, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { mean, spaced, sum } from "../pages/numerics.js";
import { dot } from "../pages/transport.js";
import { start } from "../pages/start.js";

/** The numbers of the lesson for these points, prices, slopes and critic. */
export function values({ x, y, f, g, K, heights }, { knots }) {
  const C = distances(x, y);
  return {
    slack: slackOf(C, f, g),
    values: afterTransforms(C, f, g),
    score: scoreOf((z) => lowerEnvelope(y, g.map((price) => -price), z), x, y),
    distance: solved(C).cost,
    independent: mean(C.map(mean)),
    best: K.map((slope) => solved(C.map((row) => row.map((cost) => slope * cost))).cost),
    critic: read(knots, heights, x, y),
  };
}

function build(data) {
  const state = { x: data.x, y: data.y, f: data.f, g: data.g, heights: data.heights, K: [1] };
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  showPrices(state, data, updates, changed);
  showCritic(state, data, updates, changed);
  changed();
  showCone();
}

const REACH = 6;
const HIGHEST = 8;

function showPrices(state, data, updates, changed) {
  const { x, y } = state;
  const begin = { x: [...x], y: [...y], f: [...data.f], g: [...data.g] };
  const set = (next) => {
    Object.assign(state, next);
    changed();
  };
  const put = (name, i, value) => state[name].map((old, k) => (k === i ? value : old));
  const slack = () => slackOf(distances(state.x, state.y), state.f, state.g).flat();
  const tooDear = () => slack().some((s) => s < -ROUNDING);
  button("price-buttons", "f ← the lowest V", () =>
    set({ f: cTransform(flipped(distances(state.x, state.y)), state.g) }),
  );
  button("price-buttons", "g ← the same from below", () =>
    set({ g: cTransform(distances(state.x, state.y), state.f) }),
  );
  button("price-buttons", "Best prices", () => {
    const { f, g } = solved(distances(state.x, state.y));
    const middle = mean(g);
    set({ f: f.map((t) => t + middle), g: g.map((t) => t - middle) });
  });
  button("price-buttons", "Start again", () => set({ x: begin.x, y: begin.y, f: begin.f, g: begin.g }));

  legend("prices", [
    ["var(--blue)", "x at height f", "block"],
    ["var(--orange)", "y at height −g, with its V", "block"],
    ["var(--green)", "φ, the lowest V"],
    ["var(--red)", "an x above φ: prices that exceed a distance", "block"],
  ]);
  updates.push(
    chart("prices", {
      options: () => {
        const minus = state.g.map((price) => -price);
        const phi = (z) => lowerEnvelope(state.y, minus, z);
        const places = [...new Set([...spaced(-REACH, REACH, 241), ...state.y])].sort((a, b) => a - b);
        const low = Math.min(-1, ...minus, ...state.f) - 0.7;
        return {
          height: 340,
          x: { label: "place", domain: [-REACH, REACH], ticks: 7 },
          y: { label: "height", domain: [low, Math.max(3.5, ...state.f, ...minus) + 0.7], grid: true },
          marks: [
            state.y.map((v, j) =>
              Plot.line([-4 * REACH, v, 4 * REACH], {
                x: (z) => z,
                y: (z) => minus[j] + Math.abs(z - v),
                stroke: "var(--orange)",
                strokeOpacity: 0.5,
                clip: true,
              }),
            ),
            Plot.line(places, { x: (z) => z, y: phi, stroke: "var(--green)", strokeWidth: 3, clip: true }),
            Plot.dot(
              state.x.map((u, i) => [u, state.f[i]]).filter(([u, f]) => f > phi(u) + ROUNDING),
              { x: "0", y: "1", r: 13, fill: "var(--red)" },
            ),
          ],
        };
      },
      handles: () => [
        ...state.x.map((u, i) => ({
          key: `x${i}`,
          label: `Point ${i + 1} of x and its price f`,
          color: "var(--blue)",
          x: u,
          y: state.f[i],
          axis: "xy",
          step: 0.25,
          min: -REACH,
          max: REACH,
          text: `x = ${shown(u, 3)}, f = ${shown(state.f[i], 3)}`,
          move: (at, height) => set({ x: put("x", i, at), f: put("f", i, within(height, HIGHEST)) }),
        })),
        ...state.y.map((v, j) => ({
          key: `y${j}`,
          label: `Point ${j + 1} of y and its price g`,
          color: "var(--orange)",
          x: v,
          y: -state.g[j],
          axis: "xy",
          step: 0.25,
          min: -REACH,
          max: REACH,
          text: `y = ${shown(v, 3)}, g = ${shown(state.g[j], 3)}`,
          move: (at, height) => set({ y: put("y", j, at), g: put("g", j, within(-height, HIGHEST)) }),
        })),
      ],
      caption: () => {
        const now = values(state, data);
        if (tooDear())
          return `An x is above a V, so its price and that of this y exceed their distance: these prices prove nothing. φ alone still scores ${shown(now.score)}, at most W₁ = ${shown(now.distance)}.`;
        const rest = now.distance - now.values[0];
        return (
          `These prices earn ${shown(now.values[0])}, the function φ alone ${shown(now.score)}. ` +
          (rest < ROUNDING ? `W₁ is ${shown(now.distance)}: no prices earn more.` : `W₁ is ${shown(now.distance)}.`)
        );
      },
    }),
  );
  updates.push(() => showChain(state, values(state, data), tooDear()));
}

function showChain(state, now, tooDear) {
  const { plan } = solved(distances(state.x, state.y));
  table(
    "chain",
    ["", "earns"],
    [
      ["prices f, g", tooDear ? "not allowed" : now.values[0]],
      ["after f ← the lowest V", now.values[1]],
      ["after g ← the same from below", now.values[2]],
      ["after both once more", now.values[4]],
      ["the function φ alone", now.score],
      ["the best plan costs", now.distance],
      ["the independent plan costs", now.independent],
    ],
  );
  const cell = (slack, i, j) =>
    shown(Math.abs(slack) < ROUNDING ? 0 : slack, 3) + (plan[i][j] > ROUNDING ? " ●" : "");
  table(
    "slack",
    ["slack", ...state.y.map((v) => `y = ${shown(v, 3)}`)],
    now.slack.map((row, i) => [`x = ${shown(state.x[i], 3)}`, ...row.map((slack, j) => cell(slack, i, j))]),
  );
  const along = sum(plan.map((row, i) => dot(row, now.slack[i])));
  byId("slack-words").textContent =
    `● where a best plan moves dirt. Its cost ${shown(now.distance)} less its mean slack ${shown(along)} is ${shown(now.distance - along)}, what the prices earn.`;
}

function showCritic(state, data, updates, changed) {
  const { knots } = data;
  const TOP = 4;
  let factor = 1;
  slider("critic-controls", {
    label: "multiply the critic by (log scale)",
    min: -1,
    max: 1,
    step: 0.1,
    value: 0,
    text: (t) => shown(10 ** t, 3),
    change: (t) => {
      factor = 10 ** t;
      changed();
    },
  });
  button("critic-controls", "A critic with slopes up to one", () => {
    const { g } = solved(distances(state.x, state.y));
    const best = knots.map((z) => lowerEnvelope(state.y, g.map((price) => -price), z));
    state.heights = best.map((height) => within(height - mean(best), TOP));
    changed();
  });
  button("critic-controls", "The first critic", () => {
    state.heights = data.heights;
    changed();
  });
  const scaled = () => state.heights.map((height) => factor * height);
  const now = () => values({ ...state, heights: scaled() }, data);
  legend("critic", [
    ["var(--violet)", "the critic"],
    ["var(--blue)", "at x", "block"],
    ["var(--orange)", "at y", "block"],
  ]);
  updates.push(
    chart("critic", {
      options: () => {
        const critic = interpolation(knots, scaled());
        return {
          height: 300,
          marginLeft: 50,
          x: { label: "place", domain: [-REACH, REACH], ticks: 7 },
          y: { label: "height", domain: [-TOP * factor, TOP * factor], grid: true },
          marks: [
            Plot.line([-REACH, ...knots, REACH], {
              x: (z) => z,
              y: critic,
              stroke: "var(--violet)",
              strokeWidth: 3,
            }),
            Plot.dot(state.x, { x: (z) => z, y: critic, r: 4, fill: "var(--blue)", dy: -15 }),
            Plot.dot(state.y, { x: (z) => z, y: critic, r: 4, fill: "var(--orange)", dy: 15 }),
          ],
        };
      },
      handles: () =>
        knots.map((place, k) => ({
          key: `h${k}`,
          label: `Height of the critic at ${shown(place)}`,
          color: "var(--violet)",
          x: place,
          y: scaled()[k],
          axis: "y",
          step: 0.25 * factor,
          min: -TOP * factor,
          max: TOP * factor,
          text: shown(scaled()[k], 3),
          move: (_, height) => {
            state.heights = state.heights.map((old, j) => (j === k ? height / factor : old));
            changed();
          },
        })),
      caption: () => {
        const { critic, distance } = now();
        return `The critic scores ${shown(critic.score)} and is as steep as ${shown(critic.lipschitz)}, so W₁ is at least ${shown(critic.proved)}. It is ${shown(distance)}.`;
      },
    }),
  );
  updates.push(() => {
    const { critic, distance } = now();
    const row = (name, slope, reading) => [
      name,
      slope,
      reading,
      reading <= distance + ROUNDING ? `at most W₁ = ${shown(distance)}` : `above W₁ = ${shown(distance)}`,
    ];
    table(
      "readings",
      ["score over", "slope", "reads", ""],
      [
        row("its Lipschitz constant", critic.lipschitz, critic.proved),
        row("its slope between x and y", critic.between, critic.measured),
        row("its slope among x alone", critic.among_x, critic.guessed),
      ],
    );
  });
}

start({ values, build });
