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
  for (let i = 0, j = 0; i < P.length && j < Q.length;) {
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

/**
 * An optimal plan between masses a and b under the costs C, by successive shortest paths, and
 * potentials with f_i + g_j <= C_ij that prove it: {plan, f, g, cost}.
 *
 * Ahuja, Magnanti and Orlin, Network Flows (1993), section 9.7. Meant for some tens of points.
 */
export function transport(C, a, b) {
  const [supply, demand] = [[...a], [...b]];
  const plan = C.map((row) => row.map(() => 0));
  const f = a.map(() => 0);
  const g = b.map((_, j) => Math.min(...C.map((row) => row[j])));
  supply.forEach((_, source) => {
    while (supply[source] > 0) {
      const { end, rows, columns } = shortestPath(C, plan, f, g, demand, source);
      const length = columns[end].distance;
      rows.forEach(({ distance }, i) => (f[i] += Math.max(0, length - distance)));
      columns.forEach(({ distance }, j) => (g[j] -= Math.max(0, length - distance)));
      augment(plan, supply, demand, source, end, rows, columns);
    }
  });
  const cost = plan.reduce((total, row, i) => total + dot(row, C[i]), 0);
  return { plan, f, g, cost };
}

/** Dijkstra's way from a row to the nearest column with demand, along arcs and back along used ones. */
function shortestPath(C, plan, f, g, demand, source) {
  const node = () => ({ distance: Infinity, from: -1, done: false });
  const [rows, columns] = [f.map(node), g.map(node)];
  const open = (nodes, k, distance, from) => {
    if (distance < nodes[k].distance) Object.assign(nodes[k], { distance, from });
  };
  rows[source].distance = 0;
  for (;;) {
    const near = nearest(rows);
    const far = nearest(columns);
    if (far < 0 || (near >= 0 && rows[near].distance <= columns[far].distance)) {
      rows[near].done = true;
      // Rounding may make a reduced cost negative; none of them is.
      g.forEach((_, j) =>
        open(columns, j, rows[near].distance + Math.max(0, C[near][j] - f[near] - g[j]), near),
      );
    } else {
      columns[far].done = true;
      if (demand[far] > 0) return { end: far, rows, columns };
      plan.forEach((row, i) => row[far] > 0 && open(rows, i, columns[far].distance, far));
    }
  }
}

/** The node that is nearest among those that are reached and not done, or −1. */
function nearest(nodes) {
  let best = -1;
  nodes.forEach(({ distance, done }, k) => {
    if (!done && distance < Infinity && (best < 0 || distance < nodes[best].distance)) best = k;
  });
  return best;
}

/** Send as much as fits along the path that was found. */
function augment(plan, supply, demand, source, end, rows, columns) {
  const forth = [];
  const back = [];
  for (let j = end; ; j = rows[forth.at(-1)[0]].from) {
    const i = columns[j].from;
    forth.push([i, j]);
    if (i === source) break;
    back.push([i, rows[i].from]);
  }
  const moved = Math.min(supply[source], demand[end], ...back.map(([i, j]) => plan[i][j]));
  forth.forEach(([i, j]) => (plan[i][j] += moved));
  back.forEach(([i, j]) => (plan[i][j] -= moved));
  supply[source] -= moved;
  demand[end] -= moved;
}
