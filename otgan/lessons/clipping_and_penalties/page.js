// Clipping and penalties: slide the window of weights, and see gradients by layer, surfaces and weights.
import { choice, legend, listSlider, shown, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { spaced } from "../pages/numerics.js";
import { start } from "../pages/start.js";

const LEVELS = spaced(0.05, 0.95, 13);

/** Of one critic after some steps, and of all ReLU networks of a width clipped to a limit. */
export function values({ critic, look, limit, width }, data) {
  const { norms, gap, slope, depth } = data.critics[critic];
  const [first, last] = [norms[look][0], norms[look].at(-1)];
  return {
    factor: (first / last) ** (1 / depth),
    reading: slope[look] > 0 ? gap[look] / slope[look] : 0,
    random_signs: limit * Math.sqrt(width / 2),
    equal_signs: (limit * width) / 2,
    steepest: limit ** (depth + 1) * Math.SQRT2 * width ** depth,
  };
}

function build(data) {
  const depths = [...new Set(data.critics.map(({ depth }) => depth))];
  const limits = data.critics
    .filter(({ name, depth }) => name === "clip" && depth === depths[0])
    .map(({ limit }) => limit);
  const state = {
    depth: depths.at(-1),
    limit: limits.includes(0.01) ? 0.01 : limits[0],
    look: data.steps.length - 1,
    penalty: "lp",
  };
  const indexOf = (name, limit = null) =>
    data.critics.findIndex((one) => one.name === name && one.depth === state.depth && one.limit === limit);
  const clipped = () => data.critics[indexOf("clip", state.limit)];
  const penalized = () => data.critics[indexOf(state.penalty)];
  const found = (index) =>
    values({ critic: index, look: state.look, limit: state.limit, width: data.width }, data);
  const steps = () => `${data.steps[state.look]} steps`;
  const updates = [];
  const set = (name) => (value) => {
    state[name] = value;
    updates.forEach((update) => update());
  };
  choice("controls", {
    label: "hidden layers",
    options: depths.map((depth) => [depth, String(depth)]),
    value: state.depth,
    change: (depth) => set("depth")(Number(depth)),
  });
  listSlider("controls", {
    label: "c, half the window",
    entries: limits,
    index: limits.indexOf(state.limit),
    change: set("limit"),
  });
  listSlider("controls", {
    label: "steps of training",
    entries: data.steps,
    index: state.look,
    change: (_, k) => set("look")(k),
  });
  choice("controls", {
    label: "beside it, a gradient penalty that is",
    options: [
      ["lp", "one-sided (lp)"],
      ["gp", "two-sided (gp)"],
    ],
    value: state.penalty,
    change: set("penalty"),
  });

  legend("norms", [
    ["var(--violet)", "clipped"],
    ["var(--ink)", "penalized"],
  ]);
  updates.push(
    chart("norms", {
      options: () => {
        const lines = [
          [clipped(), "var(--violet)"],
          [penalized(), "var(--ink)"],
        ].map(([{ norms }, color]) => [
          norms[state.look].map((norm, k) => ({ layer: k + 1, norm })).filter(({ norm }) => norm > 0),
          color,
        ]);
        const all = data.critics
          .filter(({ depth }) => depth === state.depth)
          .flatMap(({ norms }) => norms.flat());
        const positive = all.filter((norm) => norm > 0);
        return {
          height: 320,
          marginLeft: 56,
          x: {
            label: "layer; the first takes the points",
            domain: [1, state.depth + 1],
            ticks: state.depth,
            tickFormat: "d",
          },
          y: {
            type: "log",
            label: "norm of the gradient, log scale",
            domain: [Math.min(...positive), Math.max(...positive)],
            grid: true,
            ticks: 6,
            tickFormat: "~e",
          },
          marks: [
            Plot.ruleY([1], { stroke: "var(--gray)", strokeDasharray: "4 4" }),
            ...lines.flatMap(([rows, stroke]) => [
              Plot.line(rows, { x: "layer", y: "norm", stroke, strokeWidth: 2.5 }),
              Plot.dot(rows, { x: "layer", y: "norm", fill: stroke, r: 4 }),
            ]),
          ],
        };
      },
      caption: () => {
        const norms = clipped().norms[state.look];
        const change = norms[0] / norms.at(-1);
        const verdict =
          change > 10 ? "explodes" : change > 0.1 ? "neither vanishes nor explodes" : "vanishes";
        return `Clipped at ${state.limit}, the gradient is ${shown(norms[0], 3)} at the points: on its way back through ${state.depth} hidden layers it ${verdict}. Penalized, it is ${shown(penalized().norms[state.look][0], 3)}.`;
      },
    }),
  );

  legend("factors", [
    ["var(--violet)", "clipped critics", "block"],
    ["var(--ink)", "penalized"],
    ["var(--green)", "c√(width/2), random signs; c width/2, equal signs"],
  ]);
  updates.push(
    chart("factors", {
      options: () => {
        const rows = limits.map((limit) => ({ limit, factor: found(indexOf("clip", limit)).factor }));
        const theory = (key) =>
          Plot.line(limits, {
            x: (limit) => limit,
            y: (limit) => values({ critic: 0, look: 0, limit, width: data.width }, data)[key],
            stroke: "var(--green)",
            strokeWidth: 2,
            clip: true,
          });
        return {
          height: 320,
          marginLeft: 56,
          x: {
            type: "log",
            label: "c, log scale",
            domain: [limits[0] / 1.3, limits.at(-1) * 1.3],
            ticks: 4,
            tickFormat: "~g",
          },
          y: {
            type: "log",
            label: "factor of a layer, log scale",
            domain: [0.001, 20],
            grid: true,
            ticks: [0.001, 0.01, 0.1, 1, 10],
            tickFormat: "~g",
          },
          marks: [
            Plot.ruleY([1], { stroke: "var(--gray)", strokeDasharray: "4 4" }),
            Plot.ruleX([state.limit], { stroke: "currentColor", strokeOpacity: 0.35 }),
            theory("random_signs"),
            theory("equal_signs"),
            Plot.ruleY([found(indexOf(state.penalty)).factor], { stroke: "var(--ink)", strokeWidth: 2 }),
            Plot.dot(rows, { x: "limit", y: "factor", fill: "var(--violet)", r: 5, clip: true }),
          ],
        };
      },
      caption: () => {
        const { factor } = found(indexOf("clip", state.limit));
        return `After ${steps()}, a layer changes the gradient by ${shown(factor, 3)} on its way back (the geometric mean); under the penalty by ${shown(found(indexOf(state.penalty)).factor, 3)}.`;
      },
    }),
  );

  surface("clipped-surface", clipped, () => {
    const { reading } = found(indexOf("clip", state.limit));
    const { gap, span } = clipped();
    if (span[state.look] === 0)
      return `Clipped at ${state.limit}: flat to the last digit of float64. Its gap is 0; W₁ is ${shown(data.w1, 3)}.`;
    return `Clipped at ${state.limit}: from lowest to highest ${shown(span[state.look], 3)}. Its gap is ${shown(gap[state.look], 3)}, or ${shown(reading, 3)} over its steepest slope; W₁ is ${shown(data.w1, 3)}.`;
  });
  surface("penalized-surface", penalized, () => {
    const { gap, span } = penalized();
    return `Penalized: from lowest to highest ${shown(span[state.look], 3)}. Its gap is ${shown(gap[state.look], 3)}; W₁ is ${shown(data.w1, 3)}.`;
  });

  /** Levels of a critic in the plane, over points of both distributions. */
  function surface(place, critic, caption) {
    legend(place, [
      ["var(--blue)", "x", "block"],
      ["var(--orange)", "y", "block"],
      ["var(--ink)", "levels of the critic"],
    ]);
    const [low, high] = [data.axis[0], data.axis.at(-1)];
    const k = data.axis.length;
    const dots = (points, color) =>
      Plot.dot(points, { x: "0", y: "1", r: 2, fill: color, fillOpacity: 0.7, clip: true });
    updates.push(
      chart(place, {
        options: (width) => {
          const side = Math.min(width, 380);
          const aside = (width - side) / 2;
          const flat = critic().span[state.look] === 0;
          return {
            height: side,
            marginTop: 8,
            marginBottom: 8,
            marginLeft: aside + 8,
            marginRight: aside + 8,
            x: { axis: null, domain: [low, high] },
            y: { axis: null, domain: [low, high] },
            color: { type: "linear", range: ["#888", "#888"] },
            marks: [
              Plot.frame({ stroke: "var(--line)" }),
              dots(data.noisy, "var(--orange)"),
              dots(data.points, "var(--blue)"),
              flat
                ? null
                : LEVELS.map((level) =>
                    Plot.contour(critic().heights[state.look].flat(), {
                      width: k,
                      height: k,
                      x1: low,
                      x2: high,
                      y1: low,
                      y2: high,
                      thresholds: [level],
                      stroke: "var(--ink)",
                      strokeOpacity: 0.25 + 0.75 * level,
                      strokeWidth: 1.3,
                      clip: true,
                    }),
                  ),
            ],
          };
        },
        caption,
      }),
    );
  }

  weights("clipped-weights", clipped, true, () => {
    const part = clipped().at_limit[state.look];
    return `Clipped after ${steps()}: ${shown(100 * part, 3)} % of weights and biases lie at the limits ± ${state.limit}.`;
  });
  weights("penalized-weights", penalized, false, () => {
    return `Penalized after ${steps()}: the largest weight is ${shown(penalized().reach[state.look], 3)}, and nothing piles up there.`;
  });

  /** Histogram of a critic's weights, with the limits ± c if it was clipped. */
  function weights(place, critic, clipped, caption) {
    legend(place, [
      ["var(--violet)", "weights and biases", "block"],
      ...(clipped ? [["var(--red)", "the limits, ± c"]] : []),
    ]);
    updates.push(
      chart(place, {
        options: () => {
          const reach = critic().reach[state.look];
          const counts = critic().counts[state.look];
          const bin = (2 * reach) / counts.length;
          return {
            height: 240,
            marginLeft: 56,
            x: {
              label: "weight",
              domain: [-1.06 * reach, 1.06 * reach],
              ticks: [-reach, 0, reach],
              tickFormat: (t) => shown(t, 3),
            },
            y: { label: "how many", domain: [0, Math.max(...counts)], grid: true, ticks: 4 },
            marks: [
              Plot.rect(counts, {
                x1: (_, i) => -reach + i * bin,
                x2: (_, i) => -reach + (i + 1) * bin,
                y1: 0,
                y2: (count) => count,
                fill: "var(--violet)",
                inset: 0.4,
              }),
              clipped ? Plot.ruleX([-reach, reach], { stroke: "var(--red)", strokeWidth: 2 }) : null,
            ],
          };
        },
        caption,
      }),
    );
  }

  updates.push(() => {
    const [one, other] = [indexOf("clip", state.limit), indexOf(state.penalty)];
    const row = (name, value) => [name, ...[one, other].map((k) => shown(value(data.critics[k], k), 3))];
    const { steepest } = found(one);
    table(
      "table",
      [`after ${steps()}`, `clipped at ${state.limit}`, state.penalty],
      [
        row("E f(x) − E f(y)", ({ gap }) => gap[state.look]),
        row("steepest slope that was met", ({ slope }) => slope[state.look]),
        ["steepest slope that the window allows", shown(steepest, 3), "–"],
        row("factor of a layer", (_, k) => found(k).factor),
      ],
    );
  });
  updates.at(-1)();
}

start({ values, build });
