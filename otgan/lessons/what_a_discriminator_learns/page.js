// What a discriminator learns: turn two thin sets, step through trainings against a fixed generator.
import { choice, legend, listSlider, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { logSigmoid, mean, spaced } from "../pages/numerics.js";
import { start } from "../pages/start.js";

const SLOPE = 0.8; // of the sets: a part h / (2 SLOPE) of each is within h of the other, if they meet
const WAVE = 0.3; // of the surfaces
const SETTLED = 200; // steps after which a Wasserstein critic should show what it shows
const FLOOR = 1e-5; // one of the 100,000 points of which accuracies are
const REACH = 1.75; // of a cube from corner to corner

const sigmoid = (score) => Math.exp(logSigmoid(score));
const saturating = (score) => logSigmoid(-score);
const nonSaturating = (score) => -logSigmoid(score);

/** Of one pair of sets after some steps, and of one fixed generator after some. */
export function values({ pair, look, fixed, step }, data) {
  const mistaken = 1 - data.separations[pair].accuracy[look];
  const { norms, steps, fake_scores } = data.fixed[fixed];
  const scores = fake_scores[step];
  const later = norms[2].filter((_, k) => steps[k] >= SETTLED);
  return {
    mistaken,
    within: 2 * SLOPE * mistaken,
    saturating: mean(scores.map(saturating)),
    non_saturating: mean(scores.map(nonSaturating)),
    saturating_slope: mean(scores.map(sigmoid)),
    non_saturating_slope: mean(scores.map((score) => sigmoid(-score))),
    falls: norms.map((norm) => norm[0] / norm[step]),
    drift: Math.max(...later.map((norm) => Math.abs(norm / later[0] - 1))),
  };
}

function build(data) {
  setsSection(data);
  gradientSection(data);
}

const EDGE = 36; // pixels around a picture with equal units on both axes

/** Height and margins of such a picture. */
function frame(width) {
  const margins = { marginTop: EDGE, marginBottom: EDGE, marginLeft: EDGE, marginRight: EDGE };
  return { height: Math.min(width, 400), ...margins };
}

/** The domain of x, of the same unit as y in [-reach, reach]. */
function acrossFrame(width, reach) {
  const half = (reach * (width - 2 * EDGE)) / (Math.min(width, 400) - 2 * EDGE);
  return [-half, half];
}

/** A point seen from a direction: to the right, up, and towards the reader; z is up. */
function seen(point, turn, tilt) {
  const [x, y, z] = point.length === 3 ? point : [point[0], 0, point[1]];
  const [c, s, ct, st] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  const [right, back] = [c * x - s * y, s * x + c * y];
  return { right, up: ct * z + st * back, near: st * z - ct * back };
}

/** Curves of a cube and, if there are some, of the surfaces z = ± (SLOPE x + WAVE sin 2y). */
function curvesInSpace(surfaces) {
  const ends = [-1, 1];
  const edges = ends.flatMap((a) =>
    ends.flatMap((b) => [0, 1, 2].map((axis) => ends.map((t) => [a, b].toSpliced(axis, 0, t)))),
  );
  const curves = edges.map((points) => ({ color: "var(--line)", points }));
  if (!surfaces) return curves;
  const height = (x, y, sign) => sign * (SLOPE * x + WAVE * Math.sin(2 * y));
  for (const [sign, color] of [
    [1, "var(--blue)"],
    [-1, "var(--orange)"],
  ])
    for (const along of spaced(-1, 1, 9))
      for (const place of [(t) => [along, t], (t) => [t, along]])
        curves.push({
          color,
          points: spaced(-1, 1, 21)
            .map(place)
            .map(([x, y]) => [x, y, height(x, y, sign)]),
        });
  return curves;
}

function setsSection(data) {
  const state = { pair: 0, look: 0, turn: -30, tilt: 20 };
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  const set = (name) => (value) => {
    state[name] = value;
    changed();
  };
  const current = () => data.separations[state.pair];
  const radians = (degrees) => (degrees * Math.PI) / 180;
  choice("sets-controls", {
    label: "two",
    options: data.separations.map(({ name }, k) => [k, name]),
    value: state.pair,
    change: (k) => set("pair")(Number(k)),
  });
  listSlider("sets-controls", {
    label: "steps of the discriminator",
    entries: data.separations[0].steps,
    change: (_, k) => set("look")(k),
  });
  slider("sets-controls", {
    label: "seen from above by",
    min: -90,
    max: 90,
    step: 5,
    value: state.tilt,
    text: (degrees) => `${shown(degrees)}°`,
    change: set("tilt"),
  });
  legend("sets", [
    ["var(--blue)", "real", "block"],
    ["var(--orange)", "generated", "block"],
    ["var(--red)", "mistaken", "block"],
  ]);
  const points = () => {
    const { real, fake, real_scores, fake_scores } = current();
    const look = state.look;
    const view = (point, kind, wrong) => ({
      ...seen(point, radians(state.turn), radians(state.tilt)),
      kind,
      wrong,
    });
    return [
      ...real.map((point, i) => view(point, "blue", real_scores[look][i] <= 0)),
      ...fake.map((point, i) => view(point, "orange", fake_scores[look][i] >= 0)),
    ].sort((one, other) => one.near - other.near);
  };
  updates.push(
    chart("sets", {
      options: (width) => {
        const all = points();
        const at = { x: "right", y: "up" };
        const view = (point) => seen(point, radians(state.turn), radians(state.tilt));
        const curves = curvesInSpace(current().name.startsWith("surfaces"));
        return {
          ...frame(width),
          x: { axis: null, domain: acrossFrame(width, REACH) },
          y: { axis: null, domain: [-REACH, REACH] },
          marks: [
            ...curves.map(({ color, points }) =>
              Plot.line(points.map(view), { ...at, stroke: color, strokeWidth: 1, strokeOpacity: 0.7 }),
            ),
            Plot.link([0], {
              x1: -REACH,
              x2: REACH,
              y1: 0.05 - REACH,
              y2: 0.05 - REACH,
              stroke: "var(--line)",
              strokeWidth: 3,
            }),
            Plot.dot(all, { ...at, r: 2.5, fill: ({ kind }) => `var(--${kind})` }),
            Plot.dot(
              all.filter(({ wrong }) => wrong),
              { ...at, r: 6, stroke: "var(--red)", strokeWidth: 2 },
            ),
          ],
        };
      },
      handles: () => [
        {
          key: "turn",
          label: "Direction from which the sets are seen",
          color: "var(--ink)",
          x: (state.turn / 180) * REACH,
          y: 0.05 - REACH,
          axis: "x",
          step: REACH / 36,
          min: -REACH,
          max: REACH,
          text: `turned by ${shown(state.turn)} degrees`,
          move: (x) => set("turn")(Math.round((x / REACH) * 180)),
        },
      ],
      caption: () => {
        const wrong = points().filter(({ wrong }) => wrong).length;
        const { name, steps, real, fake, meet } = current();
        return `Two ${name}, which ${meet ? "meet" : "do not meet"}: after ${steps[state.look]} steps ${wrong} of these ${real.length + fake.length} points are mistaken. Turned by ${shown(state.turn)}°.`;
      },
    }),
  );
  legend("mistakes", [["var(--violet)", "part of new points that is mistaken"]]);
  updates.push(
    chart("mistakes", {
      options: () => {
        const { steps, accuracy } = current();
        const rows = accuracy.map((part, k) => ({
          step: Math.max(steps[k], 5),
          mistaken: Math.max(1 - part, FLOOR),
        }));
        return {
          height: 300,
          marginLeft: 56,
          x: {
            type: "log",
            label: "steps, log scale",
            domain: [5, steps.at(-1)],
            ticks: 4,
            tickFormat: "~s",
          },
          y: {
            type: "log",
            label: "part mistaken, log scale",
            domain: [FLOOR, 1],
            grid: true,
            ticks: 5,
            tickFormat: "~g",
          },
          marks: [
            Plot.ruleX([rows[state.look].step], { stroke: "currentColor", strokeOpacity: 0.35 }),
            Plot.line(rows, { x: "step", y: "mistaken", stroke: "var(--violet)", strokeWidth: 2.5 }),
            Plot.dot(rows, { x: "step", y: "mistaken", fill: "var(--violet)", r: 3.5 }),
          ],
        };
      },
      caption: () => {
        const { mistaken, within } = values({ ...state, fixed: 0, step: 0 }, data);
        const { meet, js, steps } = current();
        const shows = `Its loss shows a JS of ${shown(Math.max(js[state.look], 0))}; the truth is log 2 = 0.6931.`;
        if (mistaken < FLOOR / 2)
          return `After ${steps[state.look]} steps none of 100,000 new points is mistaken. ${shows}`;
        const near =
          meet && within < 1
            ? `, as many as lie within ${shown(within, 3)} above or below the other set`
            : "";
        return `After ${steps[state.look]} steps ${shown(100 * mistaken, 3)} % of new points are mistaken${near}. ${shows}`;
      },
    }),
  );
}

const LOSSES = [
  ["saturating, log(1 − D)", "var(--red)"],
  ["non-saturating, −log D", "var(--ink)"],
  ["Wasserstein", "var(--green)"],
];

function gradientSection(data) {
  const spaces = [...new Set(data.fixed.map(({ dimensions }) => dimensions))];
  const stages = [...new Set(data.fixed.map(({ stage }) => stage))];
  const state = { dimensions: spaces[0], stage: stages[0], step: 0 };
  const index = () =>
    data.fixed.findIndex(({ dimensions, stage }) => dimensions === state.dimensions && stage === state.stage);
  const current = () => data.fixed[index()];
  const found = () => values({ pair: 0, look: 0, fixed: index(), step: state.step }, data);
  const updates = [];
  const set = (name) => (value) => {
    state[name] = value;
    updates.forEach((update) => update());
  };
  choice("gradient-controls", {
    label: "the ring lies in",
    options: spaces.map((d) => [d, d === 2 ? "its plane: 2 dimensions" : `${d} dimensions`]),
    value: state.dimensions,
    change: (d) => set("dimensions")(Number(d)),
  });
  listSlider("gradient-controls", {
    label: "stages of training of the generator",
    entries: stages,
    change: set("stage"),
  });
  listSlider("gradient-controls", {
    label: "steps of its critics",
    entries: data.fixed[0].steps,
    change: (_, k) => set("step")(k),
  });
  legend(
    "norms",
    LOSSES.map(([name, color]) => [color, name]),
  );
  updates.push(
    chart("norms", {
      options: () => {
        const { steps, norms } = current();
        return {
          height: 340,
          marginLeft: 56,
          x: { label: "steps", domain: [0, steps.at(-1)] },
          y: {
            type: "log",
            label: "norm of the generator's gradient, log scale",
            domain: [1e-11, 1e4],
            grid: true,
            ticks: 6,
            tickFormat: "~e",
          },
          marks: [
            Plot.ruleX([steps[state.step]], { stroke: "currentColor", strokeOpacity: 0.35 }),
            ...norms.flatMap((norm, k) => [
              Plot.line(norm, { x: (_, i) => steps[i], y: (t) => t, stroke: LOSSES[k][1], strokeWidth: 2.5 }),
              Plot.dot([norm[state.step]], { x: [steps[state.step]], y: (t) => t, fill: LOSSES[k][1], r: 5 }),
            ]),
          ],
        };
      },
      caption: () => {
        const { steps, norms } = current();
        const [first, second, third] = norms.map((norm) => shown(norm[state.step], 3));
        return `After ${steps[state.step]} steps the gradient's norm is ${first} (saturating), ${second} (non-saturating) and ${third} (Wasserstein).`;
      },
    }),
  );
  legend("losses", [
    ["var(--red)", "log(1 − D)"],
    ["var(--ink)", "−log D"],
    ["var(--orange)", "generated points at their scores", "block"],
  ]);
  updates.push(
    chart("losses", {
      options: () => {
        const scores = current().fake_scores[state.step];
        const [low, high] = [Math.min(-8, ...scores), Math.max(8, ...scores)];
        const grid = spaced(low, high, 200);
        const curve = (loss, color) =>
          Plot.line(grid, { x: (s) => s, y: loss, stroke: color, strokeWidth: 2.5 });
        return {
          height: 340,
          marginLeft: 48,
          x: { label: "score, the logit of D", domain: [low, high] },
          y: { label: "loss of the generator", domain: [-high, -low], grid: true },
          marks: [
            curve(saturating, "var(--red)"),
            curve(nonSaturating, "var(--ink)"),
            ...[saturating, nonSaturating].map((loss) =>
              Plot.dot(scores, { x: (s) => s, y: loss, r: 3.5, fill: "var(--orange)", fillOpacity: 0.6 }),
            ),
          ],
        };
      },
      caption: () => {
        const { saturating_slope, non_saturating_slope } = found();
        return `At the generated points the slope of log(1 − D) is ${shown(saturating_slope, 3)} on average, that of −log D is ${shown(non_saturating_slope, 3)}.`;
      },
    }),
  );
  legend("ring", [
    ["var(--blue)", "data", "block"],
    ["var(--orange)", "generated", "block"],
  ]);
  updates.push(
    chart("ring", {
      options: (width) => {
        const { real, fake } = current();
        const dots = (points, color) => Plot.dot(points, { x: "0", y: "1", r: 2.5, fill: color, clip: true });
        return {
          ...frame(width),
          x: { label: "first coordinate in the plane", domain: acrossFrame(width, 2.2) },
          y: { label: "second", domain: [-2.2, 2.2] },
          marks: [dots(real, "var(--blue)"), dots(fake, "var(--orange)")],
        };
      },
      caption: () => {
        const { stage, w1, dimensions } = current();
        const off = dimensions === 2 ? "" : ", seen in the plane of the ring";
        return `The generator after ${stage} ${stage === 1 ? "stage" : "stages"}${off}: W₁ to the data is ${shown(w1, 3)}, exactly, for these points and more.`;
      },
    }),
  );
  updates.push(() => {
    const { falls, drift } = found();
    const { steps } = current();
    const change = (fall) => (fall > 1 ? `÷ ${shown(fall, 3)}` : `× ${shown(1 / fall, 3)}`);
    table(
      "table",
      ["gradient", `after ${steps[state.step]} steps`],
      [
        ...LOSSES.map(([name], k) => [name, change(falls[k])]),
        [`Wasserstein, changes after ${SETTLED}`, `at most ${shown(100 * drift, 2)} %`],
      ],
    );
  });
  updates.at(-1)();
}

start({ values, build });
