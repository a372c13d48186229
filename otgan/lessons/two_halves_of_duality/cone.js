// A double cone of slope K on the graph of a function: a K-Lipschitz one stays out of it.
import { ROUNDING, within } from "./duality.js";
import { choice, legend, shown, slider } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { spaced } from "../pages/numerics.js";

const FUNCTIONS = {
  abs: ["|x|", (u) => Math.abs(u), () => 1],
  sin: ["sin x", (u) => Math.sin(u), () => 1],
  square: ["x²", (u) => u * u, (reach) => 2 * reach],
  root: ["√|x|", (u) => Math.sqrt(Math.abs(u)), () => Infinity],
};

export function showCone() {
  const state = { name: "abs", K: 1, reach: 2, at: 0.5 };
  const set = (next) => {
    Object.assign(state, next);
    state.at = within(state.at, state.reach);
    update();
  };
  choice("cone-controls", {
    label: "function",
    options: Object.entries(FUNCTIONS).map(([key, [name]]) => [key, name]),
    value: state.name,
    change: (name) => set({ name }),
  });
  slider("cone-controls", {
    label: "K, slope of the cone",
    min: 0.25,
    max: 8,
    step: 0.25,
    value: state.K,
    change: (K) => set({ K }),
  });
  slider("cone-controls", {
    label: "the interval is from −R to R, R",
    min: 0.5,
    max: 10,
    step: 0.5,
    value: state.reach,
    change: (reach) => set({ reach }),
  });
  legend("cone", [
    ["var(--ink)", "the graph"],
    ["var(--red)", "where it is in the cone"],
    ["var(--gray)", "the cone: steeper than K", "block"],
  ]);
  const inside = (v) => {
    const f = FUNCTIONS[state.name][1];
    return Math.abs(f(v) - f(state.at)) > state.K * Math.abs(v - state.at) + ROUNDING;
  };
  const update = chart("cone", {
    options: () => {
      const f = FUNCTIONS[state.name][1];
      const places = [...new Set([...spaced(-state.reach, state.reach, 801), 0, state.at])].sort((a, b) => a - b);
      const heights = places.map(f);
      const [low, high] = [Math.min(0, ...heights) - 0.5, Math.max(1, ...heights) + 0.5];
      const cone = (z) => state.K * Math.abs(z - state.at);
      const ends = [-state.reach, state.at, state.reach];
      return {
        height: 340,
        marginLeft: 45,
        x: { label: "x", domain: [-state.reach, state.reach] },
        y: { label: "f(x)", domain: [low, high], grid: true },
        marks: [
          [1, -1].map((sign) =>
            Plot.areaY(ends, {
              x: (z) => z,
              y1: (z) => f(state.at) + sign * cone(z),
              y2: f(state.at) + sign * Math.max(high - low, ...ends.map(cone)),
              fill: "var(--gray)",
              fillOpacity: 0.25,
              clip: true,
            }),
          ),
          Plot.line(places, { x: (z) => z, y: f, stroke: "var(--ink)", strokeWidth: 3 }),
          Plot.dot(places.filter(inside), { x: (z) => z, y: f, fill: "var(--red)", r: 2.5 }),
        ],
      };
    },
    handles: () => [
      {
        key: "cone",
        label: "Place of the cone",
        color: "var(--green)",
        x: state.at,
        y: FUNCTIONS[state.name][1](state.at),
        axis: "x",
        step: 0.05,
        min: -state.reach,
        max: state.reach,
        text: `x = ${shown(state.at, 3)}`,
        move: (at) => set({ at }),
      },
    ],
    caption: () => {
      const [name, , steepest] = FUNCTIONS[state.name];
      const bad = spaced(-state.reach, state.reach, 801).filter(inside);
      const here = bad.length
        ? `In this place of the cone the graph is in it, for example at ${shown(bad[0], 3)}.`
        : "In this place of the cone the graph stays out of it.";
      const constant = steepest(state.reach);
      const all =
        constant === Infinity
          ? `${name} has no K at all on [−${shown(state.reach)}, ${shown(state.reach)}]: from 0 to h its slope is 1/√h.`
          : `On [−${shown(state.reach)}, ${shown(state.reach)}] the least K of ${name} is ${shown(constant)}.`;
      return `${here} ${all}`;
    },
  });
}
