// Prices, c-transforms and one function for both, between equally weighted points on the line.
import { mean } from "../pages/numerics.js";
import { transport } from "../pages/transport.js";

export const ROUNDING = 1e-9;
export const within = (value, limit) => Math.max(-limit, Math.min(limit, value));
export const distances = (x, y) => x.map((u) => y.map((v) => Math.abs(u - v)));
export const flipped = (C) => C[0].map((_, j) => C.map((row) => row[j]));

/** The largest g that is allowed beside f: g_j = min_i (C_ij − f_i). */
export function cTransform(C, f) {
  return C[0].map((_, j) => Math.min(...C.map((row, i) => row[j] - f[i])));
}

/** min_k (heights_k + |z − points_k|), the lowest of V-shaped graphs. */
export function lowerEnvelope(points, heights, z) {
  return Math.min(...points.map((v, k) => heights[k] + Math.abs(z - v)));
}

/** A best plan and best prices between equally weighted points under the costs C. */
export function solved(C) {
  const [n, m] = [C.length, C[0].length];
  const best = transport(
    C,
    C.map(() => m),
    C[0].map(() => n),
  );
  return { ...best, cost: best.cost / (n * m), plan: best.plan.map((row) => row.map((t) => t / (n * m))) };
}

export function slackOf(C, f, g) {
  return C.map((row, i) => row.map((cost, j) => cost - f[i] - g[j]));
}

export function scoreOf(critic, x, y) {
  return mean(x.map(critic)) - mean(y.map(critic));
}

export function afterTransforms(C, f, g) {
  const earned = [mean(f) + mean(g)];
  for (let round = 0; round < 2; round += 1) {
    f = cTransform(flipped(C), g);
    earned.push(mean(f) + mean(g));
    g = cTransform(C, f);
    earned.push(mean(f) + mean(g));
  }
  return earned;
}

/** What a critic says of W₁ over its Lipschitz constant, and over slopes that were measured. */
export function read(knots, heights, x, y) {
  const critic = interpolation(knots, heights);
  const steepest = (u, v) =>
    Math.max(
      0,
      ...u.flatMap((s) => v.flatMap((t) => (s === t ? [] : [Math.abs((critic(s) - critic(t)) / (s - t))]))),
    );
  const score = scoreOf(critic, x, y);
  const pieces = heights.slice(1).map((h, k) => Math.abs((h - heights[k]) / (knots[k + 1] - knots[k])));
  const [lipschitz, between, among_x] = [Math.max(...pieces), steepest(x, y), steepest(x, x)];
  const [proved, measured, guessed] = [lipschitz, between, among_x].map((slope) =>
    slope > 0 ? score / slope : 0,
  );
  return { score, lipschitz, between, among_x, proved, measured, guessed };
}

/** The function with these heights at the knots, straight between them and constant beyond. */
export function interpolation(knots, heights) {
  return (z) => {
    if (z <= knots[0]) return heights[0];
    if (z >= knots.at(-1)) return heights.at(-1);
    const k = knots.findIndex((knot) => knot > z) - 1;
    const part = (z - knots[k]) / (knots[k + 1] - knots[k]);
    return heights[k] + part * (heights[k + 1] - heights[k]);
  };
}
