// Algorithm 1 of the WGAN paper: it runs here line by line, with the settings that the sliders say.
import { copied, critic, iteration, runAll, w1 } from "./algorithm.js";
import { append, button, byId, legend, shown, slider } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { density } from "../pages/densities.js";
import { mean, spaced } from "../pages/numerics.js";
import { prefersLessMotion, start } from "../pages/start.js";

/** The numbers of the lesson for these settings. */
export function values({ limit, n_critic, learning_rate, steps }, data) {
  const run = runAll({ limit, n_critic, learning_rate }, steps, data);
  return {
    shift: run.states.map(({ theta }) => theta[1]),
    scale: run.states.map(({ theta }) => theta[0]),
    w1: run.w1,
    gap: run.gaps,
    pull: run.pulls,
    weights: run.states.at(-1).w,
  };
}

function build(data) {
  const settings = { ...data.settings };
  let run = runAll(settings, data.steps, data);
  const at = { step: 0, line: 0 }; // iterations that are done, lines of the next one that are
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  const lines = () => 5 * settings.n_critic + 3;
  /** State after `at.line` lines of the iteration, and what the last of them did. */
  const now = () => {
    const state = copied(run.states[at.step]);
    let did = null;
    let count = 0;
    if (at.line > 0)
      for (did of iteration(state, settings, data)) {
        count += 1;
        if (count === at.line) break;
      }
    return { state, did };
  };
  const goTo = (step, line = 0) => {
    Object.assign(at, { step, line });
    position.value = step;
    changed();
  };
  const position = slider("steps", {
    label: "iterations done",
    min: 0,
    max: data.steps,
    step: 1,
    value: 0,
    change: (step) => goTo(step),
  });
  button("steps", "Next line", () => {
    if (at.step === data.steps) return goTo(0);
    if (at.line + 1 < lines()) return goTo(at.step, at.line + 1);
    return goTo(at.step + 1);
  });
  button("steps", "Next iteration", () => goTo(at.step < data.steps ? at.step + 1 : 0));
  button("steps", "Play", () => {
    if (prefersLessMotion()) return goTo(data.steps);
    goTo(0);
    const next = () => {
      goTo(Math.min(data.steps, at.step + 2));
      if (at.step < data.steps) requestAnimationFrame(next);
    };
    return requestAnimationFrame(next);
  });

  const rows = showListing(data.listing);
  updates.push(() => {
    const { state, did } = now();
    const current = did ? did.line : at.step > 0 ? 12 : 1;
    for (const [number, row] of rows) {
      row.style.background = number === current ? "var(--panel)" : "none";
      row.style.fontWeight = number === current ? "700" : "400";
      if (number === current) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
    }
    byId("now").textContent = whatHappened(did, state, at.step, settings, data);
  });
  showLine(data, now, updates);
  showWeights(settings, now, updates);
  showSettings(data, settings, updates, () => {
    run = runAll(settings, data.steps, data);
    goTo(at.step);
  });
  showW1(data, () => run, at, updates);
  changed();
}

/** The table of lines, code beside them or, where there is no room, below; returns its rows. */
function showListing(listing) {
  const made = append(byId("listing"), "table", { class: "values", style: "width: 100%" });
  const top = append(append(made, "thead"), "tr");
  append(top, "th", { scope: "col" }, "line");
  append(top, "th", { scope: "col", style: "text-align: left" }, "as printed, and the Python that runs");
  const body = append(made, "tbody");
  const rows = new Map();
  for (const { number, depth, text, code } of listing) {
    const row = append(body, "tr");
    append(row, "th", { scope: "row" }, String(number));
    const cell = append(row, "td", { style: "text-align: left" });
    const both = append(cell, "div", { style: "display: flex; flex-wrap: wrap; gap: 0 1.5em" });
    const indent = `padding-left: ${1.2 * depth}em; overflow-wrap: anywhere`;
    append(both, "span", { style: `flex: 2 1 17em; ${indent}` }, text);
    const style = `flex: 5 1 17em; font-size: 0.85em; white-space: pre-wrap; ${indent}`;
    append(both, "code", { style: `${style}; color: var(--quiet)` }, code.join("\n"));
    rows.set(number, row);
  }
  return rows;
}

function whatHappened(did, { theta }, step, settings, data) {
  const where = `P_g is N(${shown(theta[1])}, ${shown(Math.abs(theta[0]), 3)}²), W₁ is ${shown(w1(theta, data))}.`;
  if (!did) return `After ${step} iterations: ${where}`;
  const t = did.t === undefined ? "" : `, t = ${did.t}`;
  const said = {
    3: () => `${data.batch_size} real points, their mean is ${shown(mean(did.x), 3)}.`,
    4: () => `${data.batch_size} latents; their points have the mean ${shown(mean(did.fake), 3)}.`,
    5: () => `The gap is ${shown(did.gap, 3)}, its gradient in w ${shown(did.length, 3)} long.`,
    6: () => `No weight has moved by more than ${shown(did.moved, 3)}; α is ${shown(settings.learning_rate, 3)}.`,
    7: () => `${did.clipped} of 49 weights were outside of the window, further than ${shown(settings.limit, 3)} from 0.`,
    9: () => `${data.batch_size} new latents; their points have the mean ${shown(mean(did.fake), 3)}.`,
    10: () => `The gradient in shift and scale is ${shown(did.pull, 3)} long.`,
    11: () => `Shift from ${shown(did.from.shift)} to ${shown(theta[1])}, scale from ${shown(did.from.scale, 3)} to ${shown(theta[0], 3)}. ${where}`,
  }[did.line]();
  return `Iteration ${step + 1}, line ${did.line}${t}: ${said}`;
}

const [LEFT, RIGHT] = [-5, 3];

/** Both distributions, the last batches, and the critic, drawn as high as there is room. */
function showLine(data, now, updates) {
  legend("line", [
    ["var(--blue)", "P_r, and real points", "block"],
    ["var(--orange)", "P_g, and generated points", "block"],
    ["var(--violet)", "the critic f_w, drawn from its lowest to its highest"],
  ]);
  const grid = spaced(LEFT, RIGHT, 201);
  updates.push(
    chart("line", {
      options: () => {
        const { state, did } = now();
        const [scale, shift] = state.theta;
        const real = { mean: data.mean, std: data.std };
        const generated = { mean: shift, std: Math.max(Math.abs(scale), 0.02) };
        const scores = grid.map((x) => critic(state.w, x));
        const [low, high] = [Math.min(...scores), Math.max(...scores)];
        const drawn = (score) => (high > low ? (score - low) / (high - low) : 0.5);
        const rug = (list, y) => list.map((x) => [x, y]);
        return {
          height: 300,
          x: { label: "x", domain: [LEFT, RIGHT] },
          y: { label: "density", domain: [-0.15, 1.05], ticks: 5, grid: true },
          marks: [
            Plot.areaY(grid, {
              x: (x) => x,
              y1: 0,
              y2: (x) => density(real, x),
              fill: "var(--blue)",
              fillOpacity: 0.35,
            }),
            Plot.areaY(grid, {
              x: (x) => x,
              y1: 0,
              y2: (x) => density(generated, x),
              fill: "var(--orange)",
              fillOpacity: 0.45,
              clip: true,
            }),
            Plot.line(grid, {
              x: (x) => x,
              y: (_, k) => drawn(scores[k]),
              stroke: "var(--violet)",
              strokeWidth: 3,
            }),
            Plot.dot(rug(did?.x ?? [], -0.05), { x: "0", y: "1", r: 2, fill: "var(--blue)", clip: true }),
            Plot.dot(rug(did?.fake ?? [], -0.11), { x: "0", y: "1", r: 2, fill: "var(--orange)", clip: true }),
            Plot.ruleY([0]),
          ],
        };
      },
      caption: () => {
        const { w } = now().state;
        const scores = grid.map((x) => critic(w, x));
        const spread = Math.max(...scores) - Math.min(...scores);
        return spread > 1e-15
          ? `Between −5 and 3 the critic goes up and down by ${shown(spread, 3)} in all: its own units.`
          : "The critic is constant here: no generated point has a way to go.";
      },
    }),
  );
}

function showWeights(settings, now, updates) {
  const kinds = ["hidden w", "hidden bias", "last w, bias"];
  legend("weights", [
    ["var(--violet)", "weights of the critic", "block"],
    ["var(--red)", "outside of the window, before line 7", "block"],
    ["var(--ink)", "the window, −c and c", "dashed"],
  ]);
  updates.push(
    chart("weights", {
      options: () => {
        const { w } = now().state;
        const { limit } = settings;
        const most = Math.max(1.3 * limit, ...w.map(Math.abs));
        return {
          height: 300,
          marginLeft: 60,
          x: {
            label: null,
            domain: [-1, 49],
            ticks: [7.5, 23.5, 40],
            tickFormat: (k) => kinds[[7.5, 23.5, 40].indexOf(k)],
            tickSize: 0,
          },
          y: { label: "w", domain: [-most, most], ticks: 5, grid: true },
          marks: [
            Plot.ruleY([-limit, limit], { stroke: "var(--ink)", strokeDasharray: "5 4" }),
            Plot.ruleX([15.5, 31.5], { stroke: "var(--line)" }),
            Plot.dot(w, {
              x: (_, k) => k,
              y: (value) => value,
              r: 4,
              fill: (value) => (Math.abs(value) > limit ? "var(--red)" : "var(--violet)"),
            }),
            Plot.ruleY([0]),
          ],
        };
      },
      caption: () => {
        const { w } = now().state;
        const [over, on] = [
          w.filter((value) => Math.abs(value) > settings.limit).length,
          w.filter((value) => Math.abs(value) === settings.limit).length,
        ];
        return over
          ? `${over} of 49 weights are outside of the window and wait for line 7.`
          : `${on} of 49 weights are at an end of the window.`;
      },
    }),
  );
}

function showSettings(data, settings, updates, changed) {
  const set = (name, value) => {
    settings[name] = value;
    changed();
  };
  const log = (name, label, low, high) =>
    slider("settings", {
      label: `${label} (log scale)`,
      min: low,
      max: high,
      step: 0.25,
      value: Math.log10(settings[name]),
      text: (t) => shown(10 ** t, 2),
      change: (t) => set(name, 10 ** t),
    });
  const sliders = {
    limit: log("limit", "c, half of the window", -4, 1),
    learning_rate: log("learning_rate", "α, learning rate", -4, -0.5),
    n_critic: slider("settings", {
      label: "n_critic, critic steps for one",
      min: 1,
      max: 10,
      step: 1,
      value: settings.n_critic,
      change: (count) => set("n_critic", count),
    }),
  };
  const all = (next) => {
    Object.assign(settings, next);
    sliders.limit.value = Math.log10(settings.limit);
    sliders.learning_rate.value = Math.log10(settings.learning_rate);
    sliders.n_critic.value = settings.n_critic;
    changed();
  };
  button("settings", "The paper’s c and n_critic", () => all({ limit: 0.01, n_critic: 5 }));
  button("settings", "As at first", () => all(data.settings));
}

/** W₁ and the critic's gap over all iterations, each drawn to its own largest value. */
function showW1(data, runNow, at, updates) {
  legend("w1", [
    ["var(--blue)", "W₁(P_r, P_g), exactly"],
    ["var(--violet)", "gap of the critic, to a scale of its own"],
    ["var(--ink)", "now", "dashed"],
  ]);
  updates.push(
    chart("w1", {
      options: () => {
        const { w1: distances, gaps } = runNow();
        const top = Math.max(...distances);
        const largest = Math.max(...gaps.map(Math.abs)) || 1;
        return {
          height: 300,
          x: { label: "iterations", domain: [0, data.steps] },
          y: {
            label: "W₁",
            domain: [Math.min(0, (Math.min(...gaps) / largest) * top), 1.05 * top],
            grid: true,
          },
          marks: [
            Plot.ruleY([0]),
            Plot.line(gaps, {
              x: (_, k) => k + 1,
              y: (gap) => (gap / largest) * top,
              stroke: "var(--violet)",
              strokeWidth: 1.5,
            }),
            Plot.line(distances, { x: (_, k) => k, y: (d) => d, stroke: "var(--blue)", strokeWidth: 3 }),
            Plot.ruleX([at.step], { stroke: "var(--ink)", strokeDasharray: "5 4" }),
          ],
        };
      },
      caption: () => {
        const { w1: distances, gaps, pulls } = runNow();
        const still = pulls.length - 1 - pulls.findLastIndex((pull) => pull > 0);
        const largest = Math.max(...gaps.map(Math.abs));
        return (
          `W₁ goes from ${shown(distances[0])} to ${shown(distances.at(-1), 3)} in ${data.steps} iterations; the critic’s gap is at most ${shown(largest, 3)}.` +
          (still ? ` In the last ${still} the generator has no gradient at all.` : "")
        );
      },
    }),
  );
}

start({ values, build });
