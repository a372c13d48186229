// Parallel lines: slide one of two segments, add noise, and see which distance notices.
import { legend, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { jsOfNormals, slopesOfNormals } from "../pages/densities.js";
import { spaced } from "../pages/numerics.js";
import { first, start } from "../pages/start.js";

/** The numbers of the lesson for these distances of the lines and these deviations of the noise. */
export function values({ thetas, sigmas }) {
  const apart = (whenApart) => thetas.map((theta) => (theta === 0 ? 0 : whenApart));
  return {
    kl: apart(Infinity),
    kl_reversed: apart(Infinity),
    js: apart(Math.LN2),
    w: thetas.map(Math.abs),
    js_noisy: sigmas.map((sigma) => thetas.map((theta) => blurredJs(theta, sigma))),
    w_noisy: sigmas.map(() => thetas.map(Math.abs)),
  };
}

/** Along the segments noise changes nothing; across them it makes normal distributions. */
function blurredJs(theta, sigma) {
  return jsOfNormals({ mean: 0, std: sigma }, { mean: theta, std: sigma });
}

function build(data) {
  const REACH = 2;
  const state = { theta: first(data.thetas, 1), sigma: first(data.sigmas, 0) };
  const grid = spaced(-REACH, REACH, 81);
  const bare = (theta) => (theta === 0 ? 0 : Math.LN2);
  const jsAt = (theta) => (state.sigma === 0 ? bare(theta) : blurredJs(theta, state.sigma));
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  const setTheta = (theta) => {
    state.theta = theta;
    control.value = theta;
    changed();
  };

  const control = slider("controls", {
    label: "θ, how far Q is to the right",
    min: -REACH,
    max: REACH,
    step: 0.05,
    value: state.theta,
    change: setTheta,
  });
  state.theta = control.value;
  state.sigma = slider("controls", {
    label: "σ, deviation of the noise",
    min: 0,
    max: 1,
    step: 0.05,
    value: state.sigma,
    text: (sigma) => (sigma === 0 ? "no noise" : shown(sigma)),
    change: (sigma) => {
      state.sigma = sigma;
      changed();
    },
  }).value;

  legend("segments", [
    ["var(--blue)", "P", "block"],
    ["var(--orange)", "Q", "block"],
  ]);
  updates.push(
    chart("segments", {
      options: () => ({
        height: 320,
        x: { label: "x", domain: [-3, 3] },
        y: { label: "height", domain: [0, 1] },
        marks: [
          Plot.rect(
            [0, state.theta].flatMap((at, k) =>
              [1, 2].map((times) => ({
                at,
                half: times * state.sigma,
                color: k ? "var(--orange)" : "var(--blue)",
              })),
            ),
            {
              x1: ({ at, half }) => at - half,
              x2: ({ at, half }) => at + half,
              y1: 0,
              y2: 1,
              fill: "color",
              fillOpacity: 0.16,
              clip: true,
            },
          ),
          Plot.ruleX([0], { stroke: "var(--blue)", strokeWidth: 5 }),
          Plot.ruleX([state.theta], { stroke: "var(--orange)", strokeWidth: 5 }),
          state.theta === 0
            ? null
            : Plot.arrow([0.25, 0.75], {
                x1: 0,
                x2: state.theta,
                y1: (y) => y,
                y2: (y) => y,
                stroke: "currentColor",
                insetStart: 5,
                insetEnd: 5,
                headLength: 8,
              }),
        ],
      }),
      handles: () => [
        {
          key: "Q",
          label: "Place of segment Q",
          color: "var(--orange)",
          x: state.theta,
          y: 0.5,
          axis: "x",
          step: 0.05,
          min: -REACH,
          max: REACH,
          text: `θ = ${shown(state.theta)}`,
          move: setTheta,
        },
      ],
      caption: () =>
        state.theta === 0
          ? "The segments lie on each other: every distance is 0."
          : `All mass of P has to move by ${shown(Math.abs(state.theta))}: W₁ = ${shown(Math.abs(state.theta))}. ` +
            (state.sigma === 0
              ? "The segments share no point."
              : "The noise, one and two deviations shaded, makes the two overlap."),
    }),
  );

  legend("curves", [
    ["var(--blue)", "W₁, in units of x"],
    ["var(--red)", "JS, in nats"],
  ]);
  updates.push(
    chart("curves", {
      options: () => ({
        height: 320,
        x: { label: "θ", domain: [-REACH, REACH] },
        y: { label: "distance", domain: [0, REACH], grid: true },
        marks: [
          Plot.ruleX([state.theta], { stroke: "currentColor", strokeOpacity: 0.35 }),
          Plot.line([-REACH, 0, REACH], {
            x: (x) => x,
            y: Math.abs,
            stroke: "var(--blue)",
            strokeWidth: 2.5,
          }),
          state.sigma === 0
            ? [
                Plot.ruleY([Math.LN2], { stroke: "var(--red)", strokeWidth: 2.5 }),
                Plot.dot([Math.LN2, 0], {
                  x: 0,
                  y: (y) => y,
                  r: 4,
                  stroke: "var(--red)",
                  strokeWidth: 2,
                  fill: (y) => (y ? "var(--paper)" : "var(--red)"),
                }),
              ]
            : Plot.line(grid, { x: (x) => x, y: jsAt, stroke: "var(--red)", strokeWidth: 2.5 }),
          Plot.dot(
            [
              [Math.abs(state.theta), "var(--blue)"],
              [jsAt(state.theta), "var(--red)"],
            ],
            { x: state.theta, y: "0", r: 5, fill: "1" },
          ),
        ],
      }),
      caption: () => {
        const slope = jsSlope();
        return (
          `At θ = ${shown(state.theta)}: W₁ = ${shown(Math.abs(state.theta))}, JS = ${shown(jsAt(state.theta))}` +
          (state.sigma === 0
            ? ` and ${state.theta === 0 ? "jumps" : "flat: nothing says where to go"}.`
            : ` with slope ${shown(slope)}.`)
        );
      },
    }),
  );

  function jsSlope() {
    if (state.sigma === 0) return 0;
    const there = Math.abs(state.theta) / state.sigma;
    return (
      (Math.sign(state.theta) * slopesOfNormals({ mean: 0, std: 1 }, { mean: there, std: 1 }).js_slope) /
      state.sigma
    );
  }

  updates.push(() => {
    const { theta, sigma } = state;
    const infinite = theta === 0 ? 0 : sigma === 0 ? Infinity : theta ** 2 / sigma ** 2 / 2;
    const klSlope = sigma === 0 ? "none" : shown(theta / sigma ** 2);
    table(
      "numbers",
      ["", "value", "slope in θ"],
      [
        ["KL, either way", infinite, klSlope],
        ["JS", jsAt(theta), sigma === 0 && theta === 0 ? "none (a jump)" : shown(jsSlope())],
        ["W₁", Math.abs(theta), theta === 0 ? "none (a kink)" : shown(Math.sign(theta))],
      ],
    );
  });
  changed();
}

start({ values, build });
