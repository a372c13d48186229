// The dimension of data: sample a shape, and read its dimension from distances to neighbors.
import { byId, choice, legend, shown, slider } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { mean } from "../pages/numerics.js";
import { start } from "../pages/start.js";

/** Distances from each point to its m nearest others, in order, with the indices of these. */
function nearest(points, m) {
  return points.map((x, i) => {
    const list = []; // [square, index], the nearest first
    for (let j = 0; j < points.length; j += 1) {
      if (j === i) continue;
      let square = 0;
      for (let axis = 0; axis < x.length; axis += 1) square += (x[axis] - points[j][axis]) ** 2;
      if (list.length === m && square >= list[m - 1][0]) continue;
      if (list.length === m) list.pop();
      let at = list.length;
      while (at > 0 && list[at - 1][0] > square) at -= 1;
      list.splice(at, 0, [square, j]);
    }
    return list.map(([square, j]) => [Math.sqrt(square), j]);
  });
}

/** The estimate from m neighbors, of lists of at least so many, and its standard error. */
function dimensionFrom(lists, m) {
  const terms = lists.map((list) => {
    const far = list[m - 1][0];
    return mean(list.slice(0, m - 1).map(([distance]) => Math.log(far / distance)));
  });
  const inverse = mean(terms);
  // Terms of points are dependent if one is a neighbor of the other.
  const pairs = new Set();
  lists.forEach((list, i) => {
    pairs.add(i * lists.length + i);
    for (const [, j] of list.slice(0, m)) {
      pairs.add(i * lists.length + j);
      pairs.add(j * lists.length + i);
    }
  });
  let variance = 0;
  for (const pair of pairs) {
    const [i, j] = [Math.floor(pair / lists.length), pair % lists.length];
    variance += (terms[i] - inverse) * (terms[j] - inverse);
  }
  const error = Math.sqrt(Math.max(0, variance)) / lists.length;
  return { value: 1 / inverse, standard_error: error / inverse ** 2 };
}

/** The dimension of points, by so many neighbors. */
export function values({ points, neighbors }) {
  return dimensionFrom(nearest(points, neighbors), neighbors);
}

/** Uniform numbers from a seed (mulberry32), and normal ones (Box and Muller). */
function randomFrom(seed) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

const vector = (size, draw) => Array.from({ length: size }, draw);
const dot = (a, b) => a.reduce((total, t, axis) => total + t * b[axis], 0);

/** So many orthonormal vectors of a space, by Gram and Schmidt. */
function frame(count, ambient, normal) {
  const made = [];
  while (made.length < count) {
    let next = vector(ambient, normal);
    for (const one of made) {
      const along = dot(next, one);
      next = next.map((t, axis) => t - along * one[axis]);
    }
    const length = Math.hypot(...next);
    made.push(next.map((t) => t / length));
  }
  return made;
}

/** Samplers of shapes of dimension k, before they are placed in a space. */
const SHAPES = {
  cube: ({ uniform }, k) => vector(k, uniform),
  normal: ({ normal }, k) => vector(k, normal),
  sphere: ({ normal }, k) => {
    const at = vector(k + 1, normal);
    const length = Math.hypot(...at);
    return at.map((t) => t / length);
  },
};

/** n points of a shape, or of a random generator's range, in `ambient` dimensions, with noise. */
function sampled({ shape, k, n, ambient, noise }) {
  const random = randomFrom(7 + k);
  const space = Math.max(ambient, shape === "sphere" ? k + 1 : k);
  let place = null;
  if (shape === "generator") {
    const inner = vector(64, () => vector(k, () => (2 * random.normal()) / Math.sqrt(k)));
    const outer = vector(space, () => vector(64, () => random.normal() / 8));
    place = () => {
      const z = vector(k, random.normal);
      const hidden = inner.map((row) => Math.tanh(dot(row, z)));
      return outer.map((row) => dot(row, hidden));
    };
  } else {
    const axes = frame(shape === "sphere" ? k + 1 : k, space, random.normal);
    place = () => {
      const at = SHAPES[shape](random, k);
      return vector(space, (_, axis) => at.reduce((total, t, i) => total + t * axes[i][axis], 0));
    };
  }
  return vector(n, () => place().map((t) => t + noise * random.normal()));
}

function build(data) {
  const MOST = 15;
  const SCALES = [3, 4, 6, 10, 15, 25, 40, 60];
  const AT = 10;
  const state = { shape: "generator", k: 2, n: 400, ambient: 20, noise: 0 };
  const names = { generator: "range of a generator", cube: "cube", normal: "normal", sphere: "sphere" };
  const digitsAt = data.digit_neighbors.indexOf(AT);
  let now = null; // the cloud, and what is read of it
  let known = null; // what is read in other dimensions, for the same shape, n, space and noise
  const read = () => {
    const points = sampled(state);
    const lists = nearest(points, Math.max(...SCALES));
    now = { points, readings: SCALES.map((m) => ({ m, ...dimensionFrom(lists, m) })) };
  };
  const readOthers = () => {
    known = [1, 2, 3, 5, 7, 10, 12, 15].map((k) => ({
      k,
      ...dimensionFrom(nearest(sampled({ ...state, k }), AT), AT),
    }));
  };
  read();
  readOthers();
  const updates = [];
  const set = (name) => (value) => {
    state[name] = value;
    read();
    if (name !== "k") readOthers();
    updates.forEach((update) => update());
  };
  choice("controls", {
    label: "shape",
    options: Object.entries(names),
    value: state.shape,
    change: set("shape"),
  });
  const control = (name, options) =>
    slider("controls", { ...options, value: state[name], change: set(name) });
  control("k", { label: "k, its dimension", min: 1, max: MOST, step: 1 });
  control("ambient", { label: "dimension of the space, if that is not less", min: 1, max: 40, step: 1 });
  control("n", { label: "n, points", min: 100, max: 800, step: 50 });
  control("noise", { label: "deviation of noise", min: 0, max: 0.5, step: 0.01 });
  const space = () => now.points[0].length;
  const at = () => now.readings.find(({ m }) => m === AT);

  updates.push(
    chart("cloud", {
      options: (width) => ({
        height: Math.min(width, 320),
        x: { label: "first coordinate", ticks: 5, nice: true },
        y: { label: "second coordinate", ticks: 5, nice: true },
        marks: [
          Plot.dot(now.points, {
            x: (x) => x[0],
            y: (x) => x[1] ?? 0,
            r: 2.5,
            fill: state.shape === "generator" ? "var(--orange)" : "var(--blue)",
          }),
        ],
      }),
      caption: () =>
        `${state.n} points of the ${names[state.shape]} of dimension ${state.k}, in ${space()} dimension${space() > 1 ? "s" : ""}, of which two are shown. The eye does not see the dimension.`,
    }),
  );

  legend("scales", [
    ["var(--ink)", "estimate, ± 2 standard errors"],
    ["var(--green)", "true dimension"],
    ["var(--blue)", "handwritten digits, 64 pixels", "dashed"],
  ]);
  updates.push(
    chart("scales", {
      options: () => ({
        height: 320,
        x: {
          label: "neighbors looked at, log scale",
          type: "log",
          domain: [3, 100],
          ticks: [3, 10, 30, 100],
          tickFormat: "d",
        },
        y: {
          label: "estimate",
          domain: [0, Math.max(12, ...now.readings.map(({ value }) => value + 1), state.k + 1)],
          grid: true,
        },
        marks: [
          Plot.ruleY([state.k], { stroke: "var(--green)", strokeWidth: 2 }),
          Plot.line(data.digit_neighbors, {
            x: (m) => m,
            y: data.digit_values,
            stroke: "var(--blue)",
            strokeWidth: 2,
            strokeDasharray: "6 5",
          }),
          bars(now.readings, "m"),
          Plot.line(now.readings, { x: "m", y: "value", stroke: "var(--ink)", strokeWidth: 2.5 }),
        ],
      }),
      caption: () =>
        `By ${AT} neighbors the points read ${shown(at().value, 3)} ± ${shown(at().standard_error, 2)}; their dimension is ${state.k}${state.noise ? `, with noise ${space()}` : ""}.`,
    }),
  );

  legend("known", [
    ["var(--ink)", "estimate, ± 2 standard errors"],
    ["var(--green)", "true dimension"],
    ["var(--blue)", "what the digits read", "dashed"],
  ]);
  updates.push(
    chart("known", {
      options: () => ({
        height: 300,
        x: { label: "dimension of the shape", domain: [0, MOST + 0.5], ticks: MOST, tickFormat: "d" },
        y: {
          label: "estimate",
          domain: [0, Math.max(MOST + 0.5, ...known.map(({ value }) => value))],
          grid: true,
        },
        marks: [
          Plot.line([0, MOST], { x: (t) => t, y: (t) => t, stroke: "var(--green)", strokeWidth: 2 }),
          Plot.ruleY([data.digit_values[digitsAt]], {
            stroke: "var(--blue)",
            strokeWidth: 2,
            strokeDasharray: "6 5",
          }),
          bars(known, "k"),
          Plot.line(known, { x: "k", y: "value", stroke: "var(--ink)", strokeWidth: 2 }),
        ],
      }),
      caption: () =>
        `The ${names[state.shape]} of 10 dimensions reads ${shown(known.find(({ k }) => k === 10).value, 3)} by ${AT} neighbors, and the digits read ${shown(data.digit_values[digitsAt], 3)} by as many.`,
    }),
  );
  byId("digits").textContent =
    `The 1,797 digits read ${shown(data.digit_values[digitsAt], 3)} ± ${shown(data.digit_errors[digitsAt], 2)} by ${AT} neighbors, ` +
    `${shown(data.digit_values[0], 3)} by ${data.digit_neighbors[0]} and ${shown(data.digit_values.at(-1), 3)} by ${data.digit_neighbors.at(-1)}. ` +
    `That agrees with a set of few dimensions; it proves none. ${data.digit_linear} principal components have 95 % of their variance.`;
  updates.forEach((update) => update());
}

/** Bars of two standard errors on either side. */
function bars(rows, x) {
  return [
    Plot.ruleX(rows, {
      x,
      y1: (row) => row.value - 2 * row.standard_error,
      y2: (row) => row.value + 2 * row.standard_error,
      stroke: "var(--ink)",
      strokeWidth: 2,
    }),
    Plot.dot(rows, { x, y: "value", r: 4, fill: "var(--ink)" }),
  ];
}

start({ values, build });
