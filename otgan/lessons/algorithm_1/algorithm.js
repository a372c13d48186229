// Algorithm 1 of the WGAN paper, as algorithm.py runs it: f_w has one hidden layer, g_θ(z) = shift + scale z.
import { erfc, mean, sum } from "../pages/numerics.js";

const WIDTH = 16;
const DECAY = 0.99; // of RMSProp's running mean of squares, and its epsilon, as PyTorch has them
const EPSILON = 1e-8;

/** f_w(x) of the weights: hidden weights and biases, last weights and bias. */
export function critic(w, x) {
  let score = w[3 * WIDTH];
  for (let j = 0; j < WIDTH; j += 1) score += w[2 * WIDTH + j] * Math.max(0, w[j] * x + w[WIDTH + j]);
  return score;
}

/** f_w'(x). */
function slope(w, x) {
  let total = 0;
  for (let j = 0; j < WIDTH; j += 1) if (w[j] * x + w[WIDTH + j] > 0) total += w[j] * w[2 * WIDTH + j];
  return total;
}

/** Add to `gradient` that of factor · Σ f_w(x) in w. */
function addGradient(gradient, w, points, factor) {
  for (let j = 0; j < WIDTH; j += 1) {
    const active = points.filter((x) => w[j] * x + w[WIDTH + j] > 0);
    gradient[j] += w[2 * WIDTH + j] * factor * sum(active);
    gradient[WIDTH + j] += w[2 * WIDTH + j] * factor * active.length;
    gradient[2 * WIDTH + j] += factor * sum(active.map((x) => w[j] * x + w[WIDTH + j]));
  }
  gradient[3 * WIDTH] += factor * points.length;
}

/** A step of RMSProp down the gradient; `squares` is its memory. */
function rmsprop(parameters, squares, gradient, rate) {
  gradient.forEach((g, k) => {
    squares[k] = DECAY * squares[k] + (1 - DECAY) * g * g;
    parameters[k] -= (rate * g) / (Math.sqrt(squares[k]) + EPSILON);
  });
}

const clip = (w, limit) => w.map((value) => Math.max(-limit, Math.min(limit, value)));

/** The state before the first line: networks, memories of both optimizers, places in the data. */
function begin(data, limit) {
  const w = clip(data.weights, limit);
  const [shift, scale] = data.start;
  return { w, squares: w.map(() => 0), theta: [scale, shift], thetaSquares: [0, 0], real: 0, prior: 0 };
}

export const copied = (state) =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]));

const points = (theta, z) => z.map((t) => theta[0] * t + theta[1]);

/** One iteration of the outer loop, line by line; changes `state`, and says what each line did. */
export function* iteration(state, settings, data) {
  const { limit, n_critic, learning_rate } = settings;
  const next = (name) => {
    const at = state[name];
    state[name] = (at + data.batch_size) % data[name].length;
    return data[name].slice(at, at + data.batch_size);
  };
  let gap = 0;
  for (let t = 0; t < n_critic; t += 1) {
    const x = next("real");
    yield { line: 3, t, x };
    const fake = points(state.theta, next("prior"));
    yield { line: 4, t, x, fake };
    const gradient = state.w.map(() => 0);
    addGradient(gradient, state.w, x, -1 / x.length);
    addGradient(gradient, state.w, fake, 1 / fake.length);
    gap = mean(x.map((one) => critic(state.w, one))) - mean(fake.map((one) => critic(state.w, one)));
    yield { line: 5, t, x, fake, gap, length: Math.hypot(...gradient) };
    const before = [...state.w];
    rmsprop(state.w, state.squares, gradient, learning_rate);
    yield { line: 6, t, x, fake, gap, moved: Math.max(...state.w.map((v, k) => Math.abs(v - before[k]))) };
    const free = state.w;
    state.w = clip(free, limit);
    yield { line: 7, t, x, fake, gap, clipped: free.filter((v, k) => v !== state.w[k]).length };
  }
  const z = next("prior");
  const fake = points(state.theta, z);
  yield { line: 9, fake, gap };
  const pulls = fake.map((one) => -slope(state.w, one) / fake.length);
  const gradient = [sum(pulls.map((pull, i) => pull * z[i])), sum(pulls)];
  yield { line: 10, fake, gap, pull: Math.hypot(...gradient) };
  const [scale, shift] = state.theta;
  rmsprop(state.theta, state.thetaSquares, gradient, learning_rate);
  yield { line: 11, fake, gap, pull: Math.hypot(...gradient), from: { shift, scale } };
}

/** W₁(P_r, P_g): the mean of |m + d Z|, as equal quantiles are matched. */
export function w1([scale, shift], data) {
  const [m, d] = [shift - data.mean, Math.abs(Math.abs(scale) - data.std)];
  if (d === 0) return Math.abs(m);
  const ratio = m / (d * Math.SQRT2);
  return d * Math.sqrt(2 / Math.PI) * Math.exp(-ratio * ratio) + m * (1 - erfc(ratio));
}

/** The whole algorithm: the state before every iteration and after the last, gaps and pulls. */
export function runAll(settings, steps, data) {
  const state = begin(data, settings.limit);
  const [states, gaps, pulls] = [[copied(state)], [], []];
  for (let k = 0; k < steps; k += 1) {
    let last = null;
    for (last of iteration(state, settings, data));
    states.push(copied(state));
    gaps.push(last.gap);
    pulls.push(last.pull);
  }
  return { states, gaps, pulls, w1: states.map(({ theta }) => w1(theta, data)) };
}
