// Numbers of runs that differ in their seed alone: their mean, its interval, and a chart of them.
import { chart } from "./chart.js";
import { decimals, shown } from "./controls.js";
import { mean, sum } from "./numerics.js";

/**
 * Mean, standard error and interval of the mean; `halfWidths[n]` is half an interval of n runs in
 * standard errors. A single run has neither error nor interval: null.
 */
export function overSeeds(values, halfWidths) {
  const n = values.length;
  const center = mean(values);
  if (n < 2) return { mean: center, se: null, low: null, high: null };
  const se = Math.sqrt(sum(values.map((value) => (value - center) ** 2)) / (n - 1) / n);
  return { mean: center, se, low: center - halfWidths[n] * se, high: center + halfWidths[n] * se };
}

/** Mean ± standard error in words, to two digits of the error. */
export function withError(values, halfWidths) {
  const { mean: center, se } = overSeeds(values, halfWidths);
  if (se === null) return shown(center, 3);
  if (se === 0) return `${shown(center, 3)} ± 0`;
  const count = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(se))));
  return `${decimals(center, count)} ± ${decimals(se, count)}`;
}

/**
 * A chart with a row for each setting: a dot for each seed, the mean with its interval, and the
 * seed of the moment ringed. `rows()` are {name, values, color}; `from()` and `to()`, if they are
 * numbers, lie within the axis; `marks()` are dashed lines.
 */
export function seedChart(place, halfWidths, { rows, seed, label, from, to, marks = () => [], caption }) {
  return chart(place, {
    options: () => {
      const shownRows = rows().map((row, at) => ({ ...row, at, ...overSeeds(row.values, halfWidths) }));
      const dots = shownRows.flatMap(({ values, at, color }) =>
        values.map((value, k) => ({ value, at: at + 0.14 * ((k % 3) - 1), color, k })),
      );
      const all = [
        ...dots.map(({ value }) => value),
        ...shownRows.flatMap(({ low, high }) => (low === null ? [] : [low, high])),
        ...[from, to].flatMap((end) => (end === undefined ? [] : [end()])),
      ];
      const [low, high] = [Math.min(...all), Math.max(...all)];
      const room = 0.03 * (high - low) || 1;
      return {
        height: 50 * shownRows.length + 74,
        marginLeft: 16,
        marginRight: 20,
        x: { label: label(), domain: [low - room, high + room], grid: true, ticks: 6 },
        y: { axis: null, domain: [shownRows.length - 0.5, -0.75] },
        marks: [
          Plot.ruleX(marks(), { stroke: "currentColor", strokeDasharray: "4 4", strokeOpacity: 0.6 }),
          Plot.dot(dots, { x: "value", y: "at", r: 3, fill: "color", fillOpacity: 0.55 }),
          Plot.link(
            shownRows.filter((row) => row.low !== null),
            { x1: "low", x2: "high", y1: "at", y2: "at", stroke: "currentColor", strokeWidth: 2 },
          ),
          Plot.dot(shownRows, { x: "mean", y: "at", r: 6, fill: "color", stroke: "currentColor" }),
          Plot.dot(
            dots.filter(({ k }) => k === seed()),
            { x: "value", y: "at", r: 6, stroke: "currentColor", strokeWidth: 2 },
          ),
          Plot.text(shownRows, {
            x: () => low - room,
            y: "at",
            dy: -22,
            text: "name",
            textAnchor: "start",
            fill: "currentColor",
            stroke: "var(--paper)",
            strokeWidth: 4,
          }),
        ],
      };
    },
    caption,
  });
}
