// Find the mistake: cards to turn, and two of them to move.
import { append, button, byId, choice, legend, shown, slider } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { density } from "../pages/densities.js";
import { spaced } from "../pages/numerics.js";
import { start } from "../pages/start.js";

const DATA = { mean: -2, std: 0.6 };
const GENERATED = { mean: 2, std: 0.6 };
const REAL_LABEL = 0.9;

/** At each x: the best discriminator for a label of generated points, and the two densities at ε. */
export function values({ x, fake_label: label, epsilon }) {
  const halfway = {
    mean: epsilon * DATA.mean + (1 - epsilon) * GENERATED.mean,
    std: Math.hypot(epsilon * DATA.std, (1 - epsilon) * GENERATED.std),
  };
  const both = x.map((at) => [density(DATA, at), density(GENERATED, at)]);
  return {
    discriminator: both.map(([p, q]) => (REAL_LABEL * p + label * q) / (p + q)),
    mixture: both.map(([p, q]) => epsilon * p + (1 - epsilon) * q),
    between: x.map((at) => density(halfway, at)),
  };
}

function build(data) {
  const cards = data.cards.map((card, k) => ({ ...card, number: k + 1 }));
  buildCards(data, cards);
  buildCharts();
}

/** One card at a time: from all texts or from one, forth and back, front and back. */
function buildCards(data, cards) {
  const state = { chosen: cards, at: Math.max(0, data.turned - 1), isTurned: data.turned > 0 };
  choice("controls", {
    label: "cards from",
    options: [
      ["", `all four texts (${cards.length})`],
      ...Object.entries(data.texts).map(([letter, name]) => [
        letter,
        `${name} (${cards.filter((card) => card.text === letter).length})`,
      ]),
    ],
    value: "",
    change: (letter) => {
      state.chosen = cards.filter((card) => !letter || card.text === letter);
      place.input.max = state.chosen.length;
      go(0);
    },
  });
  const place = slider("controls", {
    label: "card",
    min: 1,
    max: cards.length,
    step: 1,
    value: state.at + 1,
    text: (k) => `${k} of ${state.chosen.length}`,
    change: (k) => go(k - 1),
  });
  button("controls", "Previous", () => go(state.at - 1));
  const turn = button("controls", "Turn the card", () => {
    state.isTurned = !state.isTurned;
    show();
  });
  turn.setAttribute("aria-controls", "card");
  button("controls", "Next", () => go(state.at + 1));

  function go(at) {
    state.at = (at + state.chosen.length) % state.chosen.length;
    state.isTurned = false;
    place.value = state.at + 1;
    show();
  }

  function show() {
    const card = state.chosen[state.at];
    const box = byId("card");
    box.replaceChildren();
    box.classList.toggle("turned", state.isTurned);
    turn.setAttribute("aria-expanded", String(state.isTurned));
    turn.textContent = state.isTurned ? "Turn it back" : "Turn the card";
    append(box, "h3", {}, card.title);
    append(box, "p", {}, card.says);
    append(box, "p", { class: "quiet" }, data.texts[card.text]);
    append(box, "p", { class: "question" }, data.questions[card.kind]);
    if (!state.isTurned) return;
    append(box, "p", {}, card.right);
    append(box, "pre", { class: "scroll", tabindex: 0, "aria-label": "Counterexample" }, card.code);
    append(box, "p", { class: "quiet" }, "It prints:");
    append(box, "pre", { class: "scroll", tabindex: 0, "aria-label": "What it prints" }, card.shows);
    append(box, "p", { class: "quiet" }, card.cited);
  }
  show();
}

/** The label of generated points, and ε: two charts, each with its slider. */
function buildCharts() {
  const x = spaced(-6, 6, 241);
  const state = { x, fake_label: 0.1, epsilon: 0.5 };
  const updates = [];
  const control = (label, name, step) =>
    slider("moves", {
      label,
      min: 0,
      max: 1,
      step,
      value: state[name],
      change: (value) => {
        state[name] = value;
        updates.forEach((update) => update());
      },
    });
  control("label of generated points", "fake_label", 0.05);
  control("ε, fraction of the data", "epsilon", 0.05);
  const line = (at, stroke) =>
    Plot.line(x, { x: (t) => t, y: (_, k) => at[k], stroke, strokeWidth: 2.5 });

  legend("labels", [
    ["var(--red)", "best discriminator"],
    ["var(--blue)", "density of the data"],
    ["var(--orange)", "of generated points"],
  ]);
  updates.push(
    chart("labels", {
      options: () => ({
        height: 280,
        x: { label: "x", domain: [-6, 6] },
        y: { label: "probability of being real; density", domain: [0, 1], grid: true },
        marks: [
          [DATA, GENERATED].map((distribution, k) =>
            Plot.areaY(x, {
              x: (t) => t,
              y: (t) => density(distribution, t),
              fill: k ? "var(--orange)" : "var(--blue)",
              fillOpacity: 0.3,
            }),
          ),
          line(values(state).discriminator, "var(--red)"),
        ],
      }),
      caption: () => {
        const far = values(state).discriminator.at(-1);
        const remark = far > 0.01 ? "which tells them that they may stay" : "so they are told to leave";
        return `Real points have the label 0.9. Where only generated points are, the best discriminator says ${shown(far, 3)}, ${remark}.`;
      },
    }),
  );
  legend("between", [
    ["var(--red)", "mixture ε P_r + (1 − ε) P_g"],
    ["var(--ink)", "points ε x + (1 − ε) y"],
  ]);
  updates.push(
    chart("between", {
      options: () => ({
        height: 280,
        x: { label: "x", domain: [-6, 6] },
        y: { label: "density", domain: [0, 1], grid: true },
        marks: [line(values(state).mixture, "var(--red)"), line(values(state).between, "var(--ink)")],
      }),
      caption: () =>
        `With ε = ${shown(state.epsilon)}, points between have their mean at ${shown(2 - 4 * state.epsilon)}; the mixture is at −2 and 2, whatever ε is.`,
    }),
  );
}

start({ values, build });
