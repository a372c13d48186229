// Integrands: drag two Gaussians, and see which areas make KL both ways, and JS.
import { button, legend, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { crossings, expect, jsOfNormals, logDensity, panels } from "../pages/densities.js";
import { integrate, logSigmoid, spaced } from "../pages/numerics.js";
import { start } from "../pages/start.js";

const STANDARD = { mean: 0, std: 1 };

/** The areas of p log(p/q) above and below zero. */
function areasOfKl(P, Q) {
  const points = [...panels(P, Q), ...crossings(P, Q)];
  const part = (sign) =>
    integrate((x) => {
      const log = logDensity(P, x);
      return Math.exp(log) * Math.max(0, sign * (log - logDensity(Q, x)));
    }, points);
  return { above: part(1), below: part(-1) };
}

/** log q of a Q with so much of its mass in N(delta, 1), the rest in N(0, 1). */
function logWithBump({ weight, delta }, x) {
  const ratio = logDensity({ mean: delta, std: 1 }, x) - logDensity(STANDARD, x);
  // log((1 − w) + w exp(ratio)), which overflows nowhere
  const odds = Math.log(weight) - Math.log1p(-weight) + ratio;
  return logDensity(STANDARD, x) + Math.log1p(-weight) - logSigmoid(-odds);
}

/** KL both ways, JS and W₁ of P = N(0, 1) and of Q with a bump. */
function farBump(bump) {
  const { weight, delta } = bump;
  const far = { mean: delta, std: 1 };
  const ratio = (x) => logWithBump(bump, x) - logDensity(STANDARD, x);
  const overMixture = (logRatio) => Math.LN2 + logSigmoid(logRatio);
  const overP = (h) => expect(STANDARD, h, far);
  const overQ = (h) => (1 - weight) * overP(h) + weight * expect(far, h, STANDARD);
  return {
    kl: overP((x) => -ratio(x)),
    kl_reversed: overQ(ratio),
    js: (overP((x) => overMixture(-ratio(x))) + overQ((x) => overMixture(ratio(x)))) / 2,
    w1: weight * delta,
  };
}

/** Areas of two Gaussians; distances to a Q with a bump. */
export function values({ P, Q, weight, delta }) {
  const [forth, back] = [areasOfKl(P, Q), areasOfKl(Q, P)];
  const far = farBump({ weight, delta });
  return {
    above: forth.above,
    below: forth.below,
    above_reversed: back.above,
    below_reversed: back.below,
    js: jsOfNormals(P, Q),
    ...Object.fromEntries(Object.entries(far).map(([name, value]) => [`bump_${name}`, value])),
  };
}

/** Both integrands of KL at x. */
function integrandsAt(logP, logQ, x) {
  const [p, q] = [logP(x), logQ(x)];
  return { x, kl: Math.exp(p) * (p - q), klReversed: Math.exp(q) * (q - p) };
}

function build(data) {
  const REACH = 4;
  const within = (mean) => Math.max(-REACH, Math.min(REACH, mean));
  const state = {
    P: STANDARD,
    Q: data.drawn.Q,
    weight: Math.max(0.01, Math.min(0.5, data.weight)),
    delta: 4,
  };
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  const set = (name, part) => {
    if (part.std !== undefined) deviations[name].value = part.std;
    state[name] = { ...state[name], ...part, std: deviations[name].value };
    changed();
  };
  const deviation = (name, label) =>
    slider("controls", {
      label,
      min: 0.25,
      max: 3,
      step: 0.05,
      value: state[name].std,
      change: (std) => set(name, { std }),
    });
  const deviations = { P: deviation("P", "deviation of p"), Q: deviation("Q", "deviation of q") };
  const withStandard =
    ({ mean, std }) =>
    () => {
      set("P", STANDARD);
      set("Q", { mean: within(mean), std });
    };
  button("controls", "As it is usually drawn", withStandard(data.drawn.Q));
  button("controls", "As it should be", withStandard(data.unequal.Q));

  const x = spaced(-REACH - 3, REACH + 3, 281);
  const log = (name) => (t) => logDensity(state[name], t);
  const between = { label: "x", domain: [-REACH - 3, REACH + 3] };

  legend("densities", [
    ["var(--blue)", "p"],
    ["var(--orange)", "q"],
    ["var(--gray)", "m = (p + q)/2"],
  ]);
  updates.push(
    chart("densities", {
      options: () => {
        const curve = (t) => [Math.exp(log("P")(t)), Math.exp(log("Q")(t))];
        return {
          height: 240,
          x: between,
          y: { label: "density", domain: [0, 1.1 * Math.max(...["P", "Q"].map(peak))] },
          marks: [
            [
              [(t) => (curve(t)[0] + curve(t)[1]) / 2, "var(--gray)"],
              [(t) => curve(t)[0], "var(--blue)"],
              [(t) => curve(t)[1], "var(--orange)"],
            ].map(([y, stroke]) => Plot.line(x, { x: (t) => t, y, stroke, strokeWidth: 2.5 })),
            Plot.ruleY([0]),
          ],
        };
      },
      handles: () =>
        ["P", "Q"].map((name) => ({
          key: name,
          label: `Mean of ${name.toLowerCase()}`,
          color: name === "P" ? "var(--blue)" : "var(--orange)",
          x: state[name].mean,
          y: peak(name),
          axis: "x",
          step: 0.1,
          min: -REACH,
          max: REACH,
          text: shown(state[name].mean),
          move: (mean) => set(name, { mean }),
        })),
      caption: () => `p is ${named(state.P)}, q is ${named(state.Q)}. Drag the means.`,
    }),
  );
  function peak(name) {
    return Math.exp(logDensity(state[name], state[name].mean));
  }

  legend("integrands", [
    ["var(--blue)", "p log(p/q): its area is KL(P‖Q)", "block"],
    ["var(--orange)", "q log(q/p): its area is KL(Q‖P)", "block"],
  ]);
  updates.push(
    chart("integrands", {
      options: () => ({
        height: 280,
        marginLeft: 50,
        x: between,
        y: { label: "nats, for each unit of x", grid: true },
        marks: bothIntegrands(x.map((t) => integrandsAt(log("P"), log("Q"), t))),
      }),
      caption: () => {
        const found = values(state);
        const kl = found.above - found.below;
        const reversed = found.above_reversed - found.below_reversed;
        const same = Math.abs(kl - reversed) < 1e-9;
        return (
          `Blue: ${shown(found.above)} above zero less ${shown(found.below)} below is ${shown(kl)}. ` +
          `Orange: ${shown(found.above_reversed)} less ${shown(found.below_reversed)} is ${shown(reversed)}. ` +
          (same ? "The curves are mirror images: the areas are equal." : "KL is not symmetric.")
        );
      },
    }),
  );

  legend("js", [
    ["var(--blue)", "½ p log(p/m)"],
    ["var(--orange)", "½ q log(q/m)"],
    ["var(--ink)", "their sum: its area is JS", "block"],
  ]);
  updates.push(
    chart("js", {
      options: () => {
        const rows = x.map((t) => {
          const [p, q] = [log("P")(t), log("Q")(t)];
          const parts = [
            [p, q],
            [q, p],
          ].map(([own, other]) => (Math.exp(own) * (Math.LN2 + logSigmoid(own - other))) / 2);
          return { x: t, ofP: parts[0], ofQ: parts[1], sum: parts[0] + parts[1] };
        });
        return {
          height: 280,
          marginLeft: 50,
          x: between,
          y: { label: "nats, for each unit of x", grid: true },
          marks: [
            Plot.areaY(rows, { x: "x", y: "sum", fill: "var(--ink)", fillOpacity: 0.15 }),
            Plot.line(rows, { x: "x", y: "ofP", stroke: "var(--blue)", strokeWidth: 1.5 }),
            Plot.line(rows, { x: "x", y: "ofQ", stroke: "var(--orange)", strokeWidth: 1.5 }),
            Plot.line(rows, { x: "x", y: "sum", stroke: "var(--ink)", strokeWidth: 2.5 }),
            Plot.ruleY([0]),
          ],
        };
      },
      caption: () =>
        `JS is ${shown(values(state).js)} nats. The sum is negative nowhere, and the same with p and q swapped.`,
    }),
  );
  updates.push(() => {
    const found = values(state);
    table(
      "numbers",
      ["nats", "above zero", "below zero", "difference"],
      [
        ["KL(P‖Q)", found.above, found.below, found.above - found.below],
        ["KL(Q‖P)", found.above_reversed, found.below_reversed, found.above_reversed - found.below_reversed],
        ["JS", found.js, 0, found.js],
      ],
    );
  });
  buildBump(state, updates, changed);
  changed();
}

/** The part of the page on a bump of q where p is near zero. */
function buildBump(state, updates, changed) {
  const FAR = 10;
  const bumpSlider = (name, options) =>
    slider("bump-controls", {
      ...options,
      value: state[name],
      change: (value) => {
        state[name] = value;
        changed();
      },
    });
  const distance = bumpSlider("delta", { label: "distance of the bump", min: 0, max: FAR, step: 0.1 });
  bumpSlider("weight", { label: "mass of the bump", min: 0.01, max: 0.5, step: 0.01 });

  const x = spaced(-4, FAR + 4, 361);
  const between = { label: "x", domain: [-4, FAR + 4] };
  legend("bump", [
    ["var(--blue)", "p, shaded: p log(p/q)"],
    ["var(--orange)", "q, shaded: q log(q/p)"],
  ]);
  updates.push(
    chart("bump", {
      options: () => {
        const rows = x.map((t) =>
          integrandsAt(
            (s) => logDensity(STANDARD, s),
            (s) => logWithBump(state, s),
            t,
          ),
        );
        return {
          height: 300,
          marginLeft: 50,
          x: between,
          y: { label: "density; nats, for each unit of x", grid: true },
          marks: [
            bothIntegrands(rows, 0),
            Plot.line(x, {
              x: (t) => t,
              y: (t) => Math.exp(logDensity(STANDARD, t)),
              stroke: "var(--blue)",
              strokeWidth: 2.5,
            }),
            Plot.line(x, {
              x: (t) => t,
              y: (t) => Math.exp(logWithBump(state, t)),
              stroke: "var(--orange)",
              strokeWidth: 2.5,
            }),
          ],
        };
      },
      handles: () => [
        {
          key: "bump",
          label: "Place of the bump",
          color: "var(--orange)",
          x: state.delta,
          y: Math.exp(logWithBump(state, state.delta)),
          axis: "x",
          step: 0.1,
          min: 0,
          max: FAR,
          text: shown(state.delta),
          move: (delta) => {
            state.delta = delta;
            distance.value = delta;
            changed();
          },
        },
      ],
      caption: () =>
        `${shown(state.weight)} of q lies ${shown(state.delta)} to the right of p. The blue area hardly depends on where; the orange one does.`,
    }),
  );

  const curves = [
    ["kl", "KL(P‖Q)", "var(--blue)"],
    ["kl_reversed", "KL(Q‖P)", "var(--orange)"],
    ["js", "JS", "var(--ink)"],
    ["w1", "W₁", "var(--gray)"],
  ];
  legend(
    "growth",
    curves.map(([, name, color]) => [color, name]),
  );
  updates.push(
    chart("growth", {
      options: () => {
        const path = spaced(0, FAR, 41).map((delta) => ({ delta, ...farBump({ ...state, delta }) }));
        const top = Math.max(0.6, 1.2 * state.weight * FAR, -2 * Math.log1p(-state.weight));
        return {
          height: 300,
          x: { label: "distance of the bump", domain: [0, FAR] },
          y: { label: "nats; W₁ in units of x", domain: [0, top], grid: true },
          marks: [
            Plot.ruleX([state.delta], { stroke: "currentColor", strokeOpacity: 0.35 }),
            curves.map(([key, , stroke]) => [
              Plot.line(path, { x: "delta", y: key, stroke, strokeWidth: 2.5, clip: true }),
              Plot.dot([farBump(state)], { x: state.delta, y: key, fill: stroke, r: 5, clip: true }),
            ]),
          ],
        };
      },
      caption: () => {
        const found = farBump(state);
        return (
          `KL(P‖Q) = ${shown(found.kl)}, at most ${shown(-Math.log1p(-state.weight))}; ` +
          `KL(Q‖P) = ${shown(found.kl_reversed)}, without a limit; JS = ${shown(found.js)}; W₁ = ${shown(found.w1)}.`
        );
      },
    }),
  );
}

/** Marks for rows of `integrandsAt`: shaded, and lined unless the width is zero. */
function bothIntegrands(rows, strokeWidth = 2.5) {
  return [
    ["kl", "var(--blue)"],
    ["klReversed", "var(--orange)"],
  ]
    .map(([y, color]) => [
      Plot.areaY(rows, { x: "x", y, fill: color, fillOpacity: 0.2 }),
      Plot.line(rows, { x: "x", y, stroke: color, strokeWidth }),
    ])
    .concat([Plot.ruleY([0])]);
}

function named({ mean, std }) {
  return std === 1 ? `N(${shown(mean)}, 1)` : `N(${shown(mean)}, ${shown(std)}²)`;
}

start({ values, build });
