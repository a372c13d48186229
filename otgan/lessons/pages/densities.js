// Two normal distributions {mean, std} on the line: divergences, W₁, and their slopes in the mean of Q.
import { integrate, logSigmoid, normalCdf, normalDensity } from "./numerics.js";

const TAIL = 12; // deviations on either side: all but 4e-33 of the mass

export function logDensity({ mean, std }, x) {
  const z = (x - mean) / std;
  return -0.5 * z * z - Math.log(std * Math.sqrt(2 * Math.PI));
}

export function density(distribution, x) {
  return Math.exp(logDensity(distribution, x));
}

/** Points half a deviation apart over all the mass of these distributions. */
export function panels(...distributions) {
  return distributions.flatMap(({ mean, std }) =>
    Array.from({ length: 4 * TAIL + 1 }, (_, k) => mean + (k / 2 - TAIL) * std),
  );
}

/** The mean of h(X) for X from a distribution; `other` is where h has detail, too. */
export function expect(distribution, h, other = distribution) {
  return integrate((x) => density(distribution, x) * h(x), panels(distribution, other));
}

export function klOfNormals(P, Q) {
  const ratio = P.std / Q.std;
  return -Math.log(ratio) + (ratio ** 2 - 1) / 2 + ((P.mean - Q.mean) / Q.std) ** 2 / 2;
}

/** log(q/m) with m = (p + q)/2. */
function logOverMixture(P, Q, x) {
  return Math.LN2 + logSigmoid(logDensity(Q, x) - logDensity(P, x));
}

export function jsOfNormals(P, Q) {
  const half = (A, B) => expect(B, (x) => logOverMixture(A, B, x), A) / 2;
  return Math.max(0, half(P, Q) + half(Q, P));
}

/** Where the two densities cross, in order. */
export function crossings(P, Q) {
  const a = (P.std ** -2 - Q.std ** -2) / 2;
  const b = Q.mean / Q.std ** 2 - P.mean / P.std ** 2; // of log q − log p
  const c = logDensity(Q, 0) - logDensity(P, 0);
  if (a === 0) return b === 0 ? [] : [-c / b];
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  const large = -(b + (b < 0 ? -root : root)) / 2;
  return [large / a, c / large].sort((s, t) => s - t);
}

/** Intervals between crossings on which q > p, as pairs. */
function whereQIsLarger(P, Q) {
  const ends = [-Infinity, ...crossings(P, Q), Infinity];
  const inside = (k) => {
    const [low, high] = [ends[k], ends[k + 1]];
    if (low === -Infinity) return high === Infinity ? 0 : high - 1;
    return high === Infinity ? low + 1 : (low + high) / 2;
  };
  return ends
    .slice(0, -1)
    .map((low, k) => [low, ends[k + 1], inside(k)])
    .filter(([, , x]) => logDensity(Q, x) > logDensity(P, x))
    .map(([low, high]) => [low, high]);
}

export function tvOfNormals(P, Q) {
  const mass = ({ mean, std }, [low, high]) =>
    low > mean
      ? normalCdf((mean - low) / std) - normalCdf((mean - high) / std)
      : normalCdf((high - mean) / std) - normalCdf((low - mean) / std);
  return whereQIsLarger(P, Q).reduce((total, piece) => total + mass(Q, piece) - mass(P, piece), 0);
}

/** ∫ |F − G|; by its closed form. */
export function w1OfNormals(P, Q) {
  const [shift, spread] = [Math.abs(P.mean - Q.mean), Math.abs(P.std - Q.std)];
  if (spread === 0) return shift;
  return 2 * spread * normalDensity(shift / spread) + shift * (1 - 2 * normalCdf(-shift / spread));
}

/** Slopes of KL(P‖Q), JS, TV and W₁ as the mean of Q grows, to the right of that of P or at it. */
export function slopesOfNormals(P, Q) {
  const shift = Q.mean - P.mean;
  const spread = Math.abs(P.std - Q.std);
  const q = (x) => (Number.isFinite(x) ? density(Q, x) : 0);
  const pieces = shift === 0 && spread === 0 ? [[Q.mean, Infinity]] : whereQIsLarger(P, Q);
  return {
    kl_slope: shift / Q.std ** 2,
    js_slope: expect(Q, (x) => ((x - Q.mean) / Q.std ** 2) * logOverMixture(P, Q, x), P) / 2,
    tv_slope: pieces.reduce((total, [low, high]) => total + q(low) - q(high), 0),
    w1_slope: spread === 0 ? 1 : 1 - 2 * normalCdf(-shift / spread),
  };
}
