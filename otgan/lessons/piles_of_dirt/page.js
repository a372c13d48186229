// Piles of dirt: drag the piles, then the prices, until what the prices earn is what the work costs.
import { button, byId, legend, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { sum } from "../pages/numerics.js";
import { dot, lineFlow, linePrices, monotonePlan } from "../pages/transport.js";
import { start } from "../pages/start.js";

/** The numbers of the lesson for two rows of piles. */
export function values({ P, Q }) {
  const flow = lineFlow(P, Q);
  const plan = monotonePlan(P, Q);
  const prices = linePrices(flow);
  const work = sum(flow.map(Math.abs));
  const [p, q] = [P, Q].map((piles) => piles.map((pile) => pile / sum(piles)));
  const middle = p.map((value, i) => (value + q[i]) / 2);
  return {
    flow,
    work,
    primal: sum(plan.flatMap((row, i) => row.map((moved, j) => moved * Math.abs(i - j)))),
    dual: earned(prices, P, Q),
    distance: work / sum(P),
    kl: kl(p, q),
    kl_reversed: kl(q, p),
    js: (kl(p, middle) + kl(q, middle)) / 2,
    tv: sum(p.map((value, i) => Math.abs(value - q[i]))) / 2,
    moves: movesOf(P, Q, flow),
  };
}

/** The moves of Weng's figure 7: what pile i of P or of Q has in excess goes to pile i + 1. */
function movesOf(P, Q, flow) {
  const rows = { P: [...P], Q: [...Q] };
  const moves = [];
  flow.forEach((crossing, i) => {
    if (crossing === 0) return;
    const [row, amount] = [crossing > 0 ? "P" : "Q", Math.abs(crossing)];
    rows[row][i + 1] += amount;
    rows[row][i] -= amount;
    const work = amount + (moves.at(-1)?.work ?? 0);
    moves.push({ row, pile: i + 1, amount, P: [...rows.P], Q: [...rows.Q], work });
  });
  return moves;
}

/** What prices earn, Σ f (P − Q): a lower bound of the work if no step is steeper than one. */
function earned(prices, P, Q) {
  return dot(prices, P) - dot(prices, Q);
}

function kl(p, q) {
  return sum(p.map((value, i) => (value === 0 ? 0 : value * Math.log(value / q[i]))));
}

const SIDES = [
  { name: "P", color: "var(--blue)", offset: -0.2 },
  { name: "Q", color: "var(--orange)", offset: 0.2 },
];

/** The piles of both rows, side by side. */
function bars(rows) {
  return SIDES.map(({ name, color, offset }) =>
    Plot.rectY(rows[name], {
      x1: (_, i) => i + 1 + offset - 0.17,
      x2: (_, i) => i + 1 + offset + 0.17,
      y: (height) => height,
      fill: color,
    }),
  );
}

function build(data) {
  const state = { P: [...data.P], Q: [...data.Q], prices: data.P.map(() => 0) };
  const n = state.P.length;
  const unit = sum(state.P) / 40;
  const tooSteep = () =>
    state.prices.flatMap((f, i) => (i + 1 < n && Math.abs(state.prices[i + 1] - f) > 1 + 1e-9 ? [i] : []));
  const updates = [];
  const changed = () => updates.forEach((update) => update());

  /** Set a pile; what is put on it is taken from the next one. */
  function setPile(name, i, height) {
    const piles = state[name];
    const next = (i + 1) % n;
    const both = piles[i] + piles[next];
    piles[i] = Math.min(both, Math.max(0, height));
    piles[next] = both - piles[i];
    changed();
  }

  legend("piles", [
    ["var(--blue)", "P, as it is", "block"],
    ["var(--orange)", "Q, as it should be", "block"],
    ["var(--ink)", "carried to the neighbor"],
  ]);
  updates.push(
    chart("piles", {
      options: () => {
        const top = Math.max(...state.P, ...state.Q);
        const lane = 1.35 * top;
        const steps = values(state)
          .flow.map((flow, i) => ({ flow, i }))
          .filter(({ flow }) => flow !== 0);
        return {
          height: 300,
          x: {
            label: "pile",
            domain: [0.5, n + 0.5],
            ticks: [...Array(n).keys()].map((i) => i + 1),
            tickFormat: "d",
          },
          y: { label: "shovelfuls", domain: [0, 1.6 * top], grid: true },
          marks: [
            bars(state),
            Plot.arrow(steps, {
              x1: ({ flow, i }) => i + 1 + (flow > 0 ? 0.12 : 0.88),
              x2: ({ flow, i }) => i + 1 + (flow > 0 ? 0.88 : 0.12),
              y1: lane,
              y2: lane,
              stroke: "currentColor",
              strokeWidth: ({ flow }) => 1.5 + (3 * Math.abs(flow)) / top,
              headLength: 6,
            }),
            Plot.text(steps, {
              x: ({ i }) => i + 1.5,
              y: lane,
              dy: -14,
              text: ({ flow }) => shown(Math.abs(flow), 3),
              fill: "currentColor",
              fontWeight: 600,
            }),
            Plot.ruleY([0]),
          ],
        };
      },
      handles: () =>
        SIDES.flatMap(({ name, color, offset }) =>
          state[name].map((height, i) => ({
            key: name + i,
            label: `Height of pile ${i + 1} of ${name}`,
            color,
            x: i + 1 + offset,
            y: height,
            axis: "y",
            step: unit,
            min: 0,
            max: height + state[name][(i + 1) % n],
            text: `${shown(height, 3)} shovelfuls`,
            move: (_, y) => setPile(name, i, y),
          })),
        ),
      caption: () => {
        const { flow, work } = values(state);
        const parts = flow
          .slice(0, -1)
          .map((f, i) =>
            f === 0
              ? ""
              : `${shown(Math.abs(f), 3)} from ${f > 0 ? i + 1 : i + 2} to ${f > 0 ? i + 2 : i + 1}`,
          );
        const carried = parts.filter(Boolean).join(", ") || "nothing to carry";
        return `Carried: ${carried}. Work: ${shown(work)} shovelfuls × steps.`;
      },
    }),
  );

  showMoves(state, updates, changed);
  legend("prices", [
    ["var(--green)", "the price of dirt; steps up to one"],
    ["var(--red)", "a step steeper than one", "dashed"],
  ]);
  updates.push(
    chart("prices", {
      options: () => {
        const reach = Math.max(n - 1, ...state.prices.map(Math.abs));
        const steps = state.prices
          .slice(0, -1)
          .map((f, i) => ({ i, f, next: state.prices[i + 1], steep: tooSteep().includes(i) }));
        return {
          height: 300,
          x: {
            label: "pile",
            domain: [0.5, n + 0.5],
            ticks: [...Array(n).keys()].map((i) => i + 1),
            tickFormat: "d",
          },
          y: { label: "price f of a shovelful", domain: [-reach - 0.5, reach + 0.5], grid: true },
          marks: [
            Plot.ruleY([0]),
            [false, true].map((steep) =>
              Plot.link(
                steps.filter((step) => step.steep === steep),
                {
                  x1: ({ i }) => i + 1,
                  x2: ({ i }) => i + 2,
                  y1: "f",
                  y2: "next",
                  stroke: steep ? "var(--red)" : "var(--green)",
                  strokeWidth: 3,
                  strokeDasharray: steep ? "4 4" : null,
                },
              ),
            ),
          ],
        };
      },
      handles: () =>
        state.prices.slice(1).map((price, k) => ({
          key: `f${k + 1}`,
          label: `Price at pile ${k + 2}`,
          color: "var(--green)",
          x: k + 2,
          y: price,
          axis: "y",
          step: 0.25,
          min: 1 - n,
          max: n - 1,
          text: shown(price, 3),
          move: (_, y) => {
            state.prices[k + 1] = y;
            changed();
          },
        })),
      caption: () => {
        const { work } = values(state);
        const bound = earned(state.prices, state.P, state.Q);
        const steep = tooSteep();
        if (steep.length)
          return `From pile ${steep[0] + 1} to ${steep[0] + 2} the price changes by more than one, more than carrying costs: these prices prove nothing.`;
        const rest = work - bound;
        return (
          `These prices earn Σ f (P − Q) = ${shown(bound)}, so no plan costs less than ${shown(bound)}. ` +
          (Math.abs(rest) < 1e-9 * Math.max(1, work)
            ? `The work is ${shown(work)}: both are optimal, and each proves the other.`
            : `The work is ${shown(work)}: a gap of ${shown(rest)} is left.`)
        );
      },
    }),
  );
  button("price-buttons", "Best prices", () => {
    state.prices = linePrices(values(state).flow);
    changed();
  });
  button("price-buttons", "All zero", () => {
    state.prices = state.prices.map(() => 0);
    changed();
  });
  button("order-buttons", "Swap the last two piles of both", () => {
    for (const piles of [state.P, state.Q]) piles.splice(-1, 0, piles.pop());
    changed();
  });
  updates.push(() => showTables(state));
  changed();
}

/** Both rows after as many moves as the slider says. */
function showMoves(state, updates, changed) {
  const n = state.P.length;
  let made = 0;
  const count = slider("move-controls", {
    label: "moves made",
    min: 0,
    max: n - 1,
    step: 1,
    value: 0,
    change: (moves) => {
      made = moves;
      changed();
    },
  });
  button("move-controls", "Next move", () => {
    count.value = made = made < values(state).moves.length ? made + 1 : 0;
    changed();
  });
  const now = () => {
    const { moves } = values(state);
    const last = moves[Math.min(made, moves.length) - 1];
    const rows = last ?? { ...state, work: 0 };
    const alike = rows.P.flatMap((p, i) => (Math.abs(p - rows.Q[i]) < 1e-9 * sum(state.P) ? [i + 1] : []));
    return { moves, last, rows, alike };
  };
  legend("moves", [
    ["var(--blue)", "P", "block"],
    ["var(--orange)", "Q", "block"],
    ["var(--green)", "the pair matches"],
  ]);
  updates.push(
    chart("moves", {
      options: () => {
        const { moves, last, rows, alike } = now();
        const top = Math.max(...[state, ...moves].flatMap(({ P, Q }) => [...P, ...Q]));
        return {
          height: 260,
          x: { label: "pile", domain: [0.5, n + 0.5], ticks: n, tickFormat: "d" },
          y: { label: "shovelfuls", domain: [-0.06 * top, 1.35 * top], grid: true },
          marks: [
            bars(rows),
            Plot.ruleY(alike, {
              x1: (i) => i - 0.38,
              x2: (i) => i + 0.38,
              y: -0.03 * top,
              stroke: "var(--green)",
              strokeWidth: 5,
            }),
            Plot.arrow(last ? [last] : [], {
              x1: ({ pile, row }) => pile + (row === "P" ? -0.2 : 0.2),
              x2: ({ pile, row }) => pile + (row === "P" ? 0.8 : 1.2),
              y1: 1.2 * top,
              y2: 1.2 * top,
              stroke: ({ row }) => (row === "P" ? "var(--blue)" : "var(--orange)"),
              strokeWidth: 3,
              headLength: 6,
            }),
            Plot.ruleY([0]),
          ],
        };
      },
      caption: () => {
        const { moves, last, rows, alike } = now();
        const pairs = alike.length === n ? "All pairs match" : `Pairs that match: ${alike.join(", ") || "none"}`;
        const what = last
          ? `Move ${Math.min(made, moves.length)} of ${moves.length}: ${shown(last.amount, 3)} from ${last.row}${last.pile} to ${last.row}${last.pile + 1}. `
          : `Before the first of ${moves.length} moves. `;
        return `${what}${pairs}. Work so far: ${shown(rows.work)}.`;
      },
    }),
  );
}

function showTables(state) {
  const now = values(state);
  const plan = monotonePlan(state.P, state.Q);
  const cell = (moved, i, j) =>
    moved < 1e-12 ? "" : i === j ? shown(moved, 3) : `${shown(moved, 3)} × ${Math.abs(i - j)}`;
  table(
    "plan",
    ["from P, to Q", ...state.Q.map((_, j) => `pile ${j + 1}`)],
    plan.map((row, i) => [`pile ${i + 1}`, ...row.map((moved, j) => cell(moved, i, j))]),
  );
  byId("plan-words").textContent =
    `Shovelfuls × steps add up to ${shown(now.primal)}, and no plan does with less.`;
  table(
    "divergences",
    ["", "value"],
    [
      ["W₁, work for one shovelful in all (steps)", now.distance],
      ["KL(P‖Q), nats", now.kl],
      ["KL(Q‖P), nats", now.kl_reversed],
      ["JS, nats", now.js],
      ["TV", now.tv],
    ],
  );
}

start({ values, build });
