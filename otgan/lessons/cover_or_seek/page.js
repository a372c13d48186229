// Cover or seek: drag two bumps, and see which Gaussian KL both ways and JS choose.
import { legend, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { logDensity } from "../pages/densities.js";
import { logSigmoid, spaced } from "../pages/numerics.js";
import { start } from "../pages/start.js";

const SPAN = 10; // deviations on either side
const POINTS = 16; // of a quadrature, for the smallest length
const COARSE = 4; // the same, for what is only drawn
const MAX_STEPS = 200; // of Newton's method; some ten are enough

/** log(exp(a) + exp(b)), without overflow. */
function logSum(a, b) {
  return a - logSigmoid(a - b);
}

/** log p of two bumps {left, right, weight}, each with deviation 1. */
function logBumps({ left, right, weight }, x) {
  return logSum(
    Math.log(weight) + logDensity({ mean: left, std: 1 }, x),
    Math.log1p(-weight) + logDensity({ mean: right, std: 1 }, x),
  );
}

/**
 * JS_π/(π(1 − π)), or KL(P‖Q) at 0 and KL(Q‖P) at 1, of bumps P and Q = {mean, std}: [value, slope in
 * the mean for each deviation of it, slope in log std], by the trapezoidal rule.
 */
function valueAndSlopes(P, Q, pi, points = POINTS) {
  const step = Math.min(1, Q.std, 10 / Math.max(P.right - P.left, 1)) / points;
  const low = Math.min(P.left - SPAN, Q.mean - SPAN * Q.std);
  const high = Math.max(P.right + SPAN, Q.mean + SPAN * Q.std);
  const found = [0, 0, 0];
  for (let x = low; x < high + step; x += step) {
    const [logP, logQ] = [logBumps(P, x), logDensity(Q, x)];
    const [p, q] = [step * Math.exp(logP), step * Math.exp(logQ)];
    const z = (x - Q.mean) / Q.std;
    let [value, weight] = [p * (logP - logQ), -p]; // of the score of Q in the slopes
    if (pi === 1) [value, weight] = [q * (logQ - logP), q * (logQ - logP)];
    else if (pi > 0) {
      const logM = logSum(Math.log(pi) + logP, Math.log1p(-pi) + logQ);
      value = (p * (logP - logM)) / (1 - pi) + (q * (logQ - logM)) / pi;
      weight = (q * (logQ - logM)) / pi;
    }
    found[0] += value;
    found[1] += weight * z;
    found[2] += weight * (z * z - 1);
  }
  return found;
}

function divergence(P, Q, pi) {
  return valueAndSlopes(P, Q, pi)[0];
}

function moved({ mean, std }, [inMean, inLogStd]) {
  return { mean: mean + std * inMean, std: std * Math.exp(inLogStd) };
}

/** Second derivatives [mean, both, log std], by differences of the slopes. */
function hessian(P, Q, pi, slopes) {
  const size = 1e-5;
  const [inMean, inStd] = [
    [size, 0],
    [0, size],
  ].map((step) =>
    valueAndSlopes(P, moved(Q, step), pi)
      .slice(1)
      .map((slope, k) => (slope - slopes[k]) / size),
  );
  return [inMean[0], (inMean[1] + inStd[0]) / 2, inStd[1]];
}

/** Eigenvalues of [[a, b], [b, c]], the lower one first, each with its direction. */
function eigen([a, b, c]) {
  const angle = Math.atan2(2 * b, a - c) / 2;
  const [along, across] = [
    [Math.cos(angle), Math.sin(angle)],
    [-Math.sin(angle), Math.cos(angle)],
  ];
  const curvature = ([u, v]) => a * u * u + 2 * b * u * v + c * v * v;
  return [
    [curvature(across), across],
    [curvature(along), along],
  ];
}

/** The minimum that Newton's method arrives at, downhill; null if it is a saddle. */
function descend(P, pi, begin) {
  let Q = begin;
  for (let round = 0; round < MAX_STEPS; round += 1) {
    const [value, ...slopes] = valueAndSlopes(P, Q, pi);
    const parts = eigen(hessian(P, Q, pi, slopes));
    let step = [0, 0];
    for (const [curvature, [u, v]] of parts) {
      const along = -(u * slopes[0] + v * slopes[1]) / Math.max(Math.abs(curvature), 1e-9);
      step = [step[0] + along * u, step[1] + along * v];
    }
    const length = Math.hypot(...step);
    let part = Math.min(1, 0.5 / Math.max(length, 0.5));
    const there = () =>
      moved(
        Q,
        step.map((one) => part * one),
      );
    while (divergence(P, there(), pi) > value + 1e-12 * (1 + value)) part /= 2;
    Q = there();
    if (length < 1e-9) return parts[0][0] > 0 ? { ...Q, value: divergence(P, Q, pi) } : null;
  }
  return null;
}

function momentsOf({ left, right, weight }) {
  const spread = weight * (1 - weight) * (right - left) ** 2;
  return { mean: weight * left + (1 - weight) * right, std: Math.sqrt(1 + spread) };
}

/** The best Gaussian {mean, std, value}: by its moments for KL(P‖Q), else the lowest minimum. */
function bestFit(P, pi) {
  const moments = momentsOf(P);
  if (pi === 0) return { ...moments, value: divergence(P, moments, 0) };
  const minima = [{ mean: P.right, std: 1 }, { mean: P.left, std: 1 }, moments]
    .map((begin) => descend(P, pi, begin))
    .filter((fit) => fit !== null);
  return minima.reduce((best, fit) => (fit.value < best.value - 1e-12 ? fit : best));
}

/** Whether both bumps are within two deviations of a fit. */
function covers({ left, right }, { mean, std }) {
  return Math.max(Math.abs(mean - left), Math.abs(mean - right)) < 2 * std;
}

/** The best fits by KL(P‖Q), JS_π and KL(Q‖P), as lists. */
export function values({ left, right, weight, pi }) {
  const fits = [0, pi, 1].map((one) => bestFit({ left, right, weight }, one));
  return Object.fromEntries(["mean", "std", "value"].map((name) => [name, fits.map((fit) => fit[name])]));
}

/** At each mean, the lowest divergence over deviations: by a coarse quadrature, for a drawing. */
function lowestOverStd(P, pi, means) {
  const descended = (mean, begin) => {
    let logStd = Math.log(begin);
    const at = (t) => valueAndSlopes(P, { mean, std: Math.exp(t) }, pi, COARSE);
    for (let round = 0; round < 6; round += 1) {
      const slope = at(logStd)[2];
      const curvature = (at(logStd + 1e-4)[2] - slope) / 1e-4;
      const step = curvature > 0 ? -slope / curvature : -Math.sign(slope);
      logStd += Math.max(-0.5, Math.min(0.5, step));
    }
    return at(logStd)[0];
  };
  const wide = momentsOf(P).std;
  return means.map((mean) => ({ mean, value: Math.min(descended(mean, 1), descended(mean, wide)) }));
}

/** The best fits as the bumps part; what has no width stands where one jumps from covering to seeking. */
function widthsOfFits(weight, pi, separations) {
  const rows = [];
  for (const separation of separations) {
    const P = { left: -separation / 2, right: separation / 2, weight };
    const std = bestFit(P, pi).std;
    if (rows.length && std < rows.at(-1).std - 0.3) rows.push({ separation, std: NaN });
    rows.push({ separation, std });
  }
  return rows;
}

function build(data) {
  const REACH = 6;
  const state = {
    left: -data.separation / 2,
    right: data.separation / 2,
    weight: Math.max(0.05, Math.min(0.95, data.weight)),
    pi: Math.max(0.05, Math.min(0.95, data.fits[1].pi)),
    own: { mean: 1, std: 2 },
  };
  let fits = null;
  const fit = () => {
    fits = [0, state.pi, 1].map((pi) => bestFit(state, pi));
  };
  fit();
  const updates = [];
  const changed = () => {
    fit();
    updates.forEach((update) => update());
  };
  const control = (options, change) =>
    slider("controls", {
      ...options,
      change: (value) => {
        change(value);
        changed();
      },
    });
  const part = control(
    { label: "separation of the bumps", min: 0.2, max: 2 * REACH, step: 0.1, value: data.separation },
    (separation) => {
      state.left = -separation / 2;
      state.right = separation / 2;
    },
  );
  state.weight = control(
    { label: "weight of the left bump", min: 0.05, max: 0.95, step: 0.01, value: state.weight },
    (weight) => (state.weight = weight),
  ).value;
  state.pi = control(
    { label: "π, weight of P in JS", min: 0.05, max: 0.95, step: 0.05, value: state.pi },
    (pi) => (state.pi = pi),
  ).value;
  control(
    { label: "deviation of your Q", min: 0.3, max: 6, step: 0.1, value: state.own.std },
    (std) => (state.own.std = std),
  );
  const move = (name) => (x) => {
    state[name] = x;
    part.value = state.right - state.left;
    changed();
  };

  const colors = ["var(--ink)", "var(--red)", "var(--gray)"];
  const names = () => ["KL(P‖Q)", state.pi === 0.5 ? "JS" : `JS with π = ${state.pi}`, "KL(Q‖P)"];
  const bumps = () => (covers(state, fits[1]) ? "both bumps" : "one bump");
  const x = spaced(-REACH - 4, REACH + 4, 401);
  const curve = (Q, stroke, dashes) =>
    Plot.line(x, {
      x: (t) => t,
      y: (t) => Math.exp(logDensity(Q, t)),
      stroke,
      strokeWidth: 2.5,
      strokeDasharray: dashes,
    });
  legend("fits", [
    ["var(--blue)", "P", "block"],
    ["var(--ink)", "best by KL(P‖Q)"],
    ["var(--red)", "best by JS", "dashed"],
    ["var(--gray)", "best by KL(Q‖P)"],
    ["var(--orange)", "your own Q"],
  ]);
  updates.push(
    chart("fits", {
      options: () => ({
        height: 300,
        x: { label: "x, in deviations of a bump", domain: [-REACH - 4, REACH + 4] },
        y: { label: "density", domain: [0, 0.5] },
        marks: [
          Plot.areaY(x, {
            x: (t) => t,
            y: (t) => Math.exp(logBumps(state, t)),
            fill: "var(--blue)",
            fillOpacity: 0.3,
          }),
          curve(state.own, "var(--orange)"),
          curve(fits[0], colors[0]),
          curve(fits[2], colors[2]),
          curve(fits[1], colors[1], "6 5"),
          Plot.ruleY([0]),
        ],
      }),
      handles: () => [
        ...["left", "right"].map((name) => ({
          key: name,
          label: `Place of the ${name} bump`,
          color: "var(--blue)",
          x: state[name],
          y: Math.exp(logBumps(state, state[name])),
          axis: "x",
          step: 0.1,
          min: name === "left" ? -REACH : state.left + 0.2,
          max: name === "left" ? state.right - 0.2 : REACH,
          text: shown(state[name]),
          move: move(name),
        })),
        {
          key: "own",
          label: "Mean of your Q",
          color: "var(--orange)",
          x: state.own.mean,
          y: Math.min(0.48, Math.exp(logDensity(state.own, state.own.mean))),
          axis: "x",
          step: 0.1,
          min: -REACH,
          max: REACH,
          text: shown(state.own.mean),
          move: (mean) => {
            state.own.mean = mean;
            changed();
          },
        },
      ],
      caption: () => {
        const one = (k) => (covers(state, fits[k]) ? "covers both bumps" : "sits on one bump");
        return `The bumps are ${shown(state.right - state.left)} deviations apart. The best by KL(P‖Q) ${one(0)}, by ${names()[1]} it ${one(1)}, by KL(Q‖P) it ${one(2)}.`;
      },
    }),
  );
  updates.push(() => {
    const scale = state.pi * (1 - state.pi);
    const row = (name, Q) => [
      name,
      Q.mean,
      Q.std,
      divergence(state, Q, 0),
      scale * divergence(state, Q, state.pi),
      divergence(state, Q, 1),
    ];
    table(
      "numbers",
      ["", "mean", "deviation", ...names()],
      [...fits.map((one, k) => row(`best by ${names()[k]}`, one)), row("your Q", state.own)],
    );
  });

  legend("landscape", [["var(--red)", "JS, with the best deviation for this mean"]]);
  updates.push(
    chart("landscape", {
      options: () => {
        const scale = state.pi * (1 - state.pi);
        const rows = lowestOverStd(state, state.pi, spaced(state.left - 1, state.right + 1, 41));
        return {
          height: 280,
          marginLeft: 55,
          x: { label: "mean of Q" },
          y: { label: "nats", grid: true },
          marks: [
            Plot.line(rows, {
              x: "mean",
              y: (one) => scale * one.value,
              stroke: "var(--red)",
              strokeWidth: 2.5,
            }),
            Plot.dot([fits[1]], { x: "mean", y: (one) => scale * one.value, fill: "var(--red)", r: 6 }),
          ],
        };
      },
      caption: () =>
        `By ${names()[1]} the lowest point is at a mean of ${shown(fits[1].mean)}, and covers ${bumps()}. A descent that starts on a bump may stay there.`,
    }),
  );

  legend("widths", [
    [colors[0], "KL(P‖Q)"],
    [colors[1], "JS", "dashed"],
    [colors[2], "KL(Q‖P)"],
  ]);
  let drawn = null; // for the weight and π that it was computed with
  const widths = () => {
    const key = `${state.weight} ${state.pi}`;
    if (drawn?.key !== key) {
      const separations = spaced(1, 2 * REACH, 23);
      const rows = [0, state.pi, 1].map((pi) => widthsOfFits(state.weight, pi, separations));
      drawn = { key, rows };
    }
    return drawn.rows;
  };
  updates.push(
    chart("widths", {
      options: () => ({
        height: 280,
        x: { label: "separation of the bumps" },
        y: { label: "deviation of the best fit", domain: [0, 7], grid: true },
        marks: [
          Plot.ruleX([state.right - state.left], { stroke: "currentColor", strokeOpacity: 0.35 }),
          colors.map((stroke, k) =>
            Plot.line(widths()[k], {
              x: "separation",
              y: "std",
              stroke,
              strokeWidth: 2.5,
              strokeDasharray: k === 1 ? "6 5" : undefined,
            }),
          ),
        ],
      }),
      caption: () =>
        "A fit that covers widens as the bumps part; one that seeks has the width of a bump. The change is a jump.",
    }),
  );
  changed();
}

start({ values, build });
