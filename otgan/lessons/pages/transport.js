// Exact transport of small problems, with the potentials that prove it.

/** What crosses from place i to i + 1 on the line, negative if back; the last is 0. */
export function lineFlow(P, Q) {
  let excess = 0;
  return P.map((p, i) => (i === P.length - 1 ? 0 : (excess += p - Q[i])));
}

/** The plan that keeps the order of the dirt, which is optimal on the line, as a matrix. */
export function monotonePlan(P, Q) {
  const plan = P.map(() => Q.map(() => 0));
  const [left, room] = [[...P], [...Q]];
  for (let i = 0, j = 0; i < P.length && j < Q.length; ) {
    const moved = Math.min(left[i], room[j]);
    plan[i][j] += moved;
    left[i] -= moved;
    room[j] -= moved;
    if (left[i] <= room[j]) i += 1;
    else j += 1;
  }
  return plan;
}

/** Prices that fall by one in the direction of each flow: optimal on the line. */
export function linePrices(flow) {
  const prices = [0];
  for (let i = 0; i + 1 < flow.length; i += 1) prices.push(prices[i] - Math.sign(flow[i]));
  return prices;
}

/** Σ over all entries of one list times those of another. */
export function dot(a, b) {
  return a.reduce((total, value, i) => total + value * b[i], 0);
}
