// Numbers to all digits: the normal distribution, quadrature, equally spaced points.

const SQRT_PI = Math.sqrt(Math.PI);

/** 1 − erf(x): by a series of positive terms up to 2, by a continued fraction beyond. */
export function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  const bell = Math.exp(-x * x) / SQRT_PI;
  if (x < 2) {
    let term = 2 * x;
    let sum = term;
    for (let n = 1; term > 1e-17 * sum; n += 1) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - bell * sum;
  }
  let fraction = 0; // of 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...))))
  for (let k = 120; k > 0; k -= 1) fraction = k / 2 / (x + fraction);
  return bell / (x + fraction);
}

/** Probability that N(0, 1) is at most z. */
export function normalCdf(z) {
  return erfc(-z / Math.SQRT2) / 2;
}

/** Density of N(0, 1). */
export function normalDensity(z) {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Nodes and weights of Gauss and Legendre's rule on [−1, 1], by Newton's method. */
export function gaussLegendre(count) {
  const nodes = [];
  const weights = [];
  for (let i = 1; i <= count; i += 1) {
    let x = Math.cos((Math.PI * (i - 0.25)) / (count + 0.5));
    let slope = 1;
    for (let round = 0; round < 100; round += 1) {
      let [before, now] = [1, x];
      for (let k = 2; k <= count; k += 1)
        [before, now] = [now, ((2 * k - 1) * x * now - (k - 1) * before) / k];
      slope = (count * (x * now - before)) / (x * x - 1);
      const step = now / slope;
      x -= step;
      if (Math.abs(step) < 1e-16) break;
    }
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}

const RULE = gaussLegendre(20);

/** ∫ h from the first to the last of these points, between which h is smooth. */
export function integrate(h, points) {
  const sorted = [...points].sort((a, b) => a - b);
  let total = 0;
  for (let k = 0; k + 1 < sorted.length; k += 1) {
    const [middle, half] = [(sorted[k] + sorted[k + 1]) / 2, (sorted[k + 1] - sorted[k]) / 2];
    if (half === 0) continue;
    RULE.nodes.forEach((node, i) => {
      total += half * RULE.weights[i] * h(middle + half * node);
    });
  }
  return total;
}

export function sum(list) {
  return list.reduce((total, value) => total + value, 0);
}

export function mean(list) {
  return sum(list) / list.length;
}

/** So many equally spaced numbers from low to high. */
export function spaced(low, high, count) {
  return Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));
}

/** 1/(1 + exp(−t)) as its logarithm, without overflow. */
export function logSigmoid(t) {
  return Math.min(t, 0) - Math.log1p(Math.exp(-Math.abs(t)));
}
