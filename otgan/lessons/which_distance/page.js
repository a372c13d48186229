// Which distance for which job? Choose a change and its size, and see how large it looks to each.
import { byId, choice, legend, shown, slider } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { start } from "../pages/start.js";

const TOP = 5; // bars end here, in standard deviations

/** By how many deviations a normal distribution must move to look as far apart, to each distance. */
export function values({ change, size }, data) {
  const found = data.changes.find(({ name }) => name === change);
  const shifts = found.shifts[found.sizes.indexOf(size)];
  return Object.fromEntries(Object.entries(shifts).map(([name, shift]) => [name, shift ?? Infinity]));
}

function build(data) {
  const state = { change: data.changes.find(({ name }) => name === "outlier"), k: 3, name: "w1" };
  const names = Object.entries(data.names);
  const size = () => state.change.sizes[state.k];
  const shifts = () => values({ change: state.change.name, size: size() }, data);
  const updates = [];
  const changed = () => updates.forEach((update) => update());
  choice("controls", {
    label: "change",
    options: data.changes.map(({ name, what }) => [name, `${name}: ${what}`]),
    value: state.change.name,
    change: (name) => {
      state.change = data.changes.find((change) => change.name === name);
      control.value = state.k;
      changed();
    },
  });
  const control = slider("controls", {
    label: "its size",
    min: 0,
    max: 5,
    step: 1,
    value: state.k,
    text: (k) => shown(state.change.sizes[k]),
    change: (k) => {
      state.k = k;
      changed();
    },
  });

  updates.push(
    chart("bars", {
      options: () => {
        const rows = Object.entries(shifts()).map(([key, shift]) => ({
          name: data.names[key],
          shift,
          end: Math.min(TOP, Math.max(0, shift)),
        }));
        return {
          height: 380,
          marginLeft: 76,
          marginRight: 76,
          x: { label: "looks like a shift of so many σ", domain: [0, TOP], grid: true },
          y: { label: null, domain: names.map(([, name]) => name) },
          marks: [
            Plot.barX(rows, {
              y: "name",
              x: "end",
              fill: ({ name }) => (name === data.names[state.name] ? "var(--blue)" : "var(--gray)"),
            }),
            Plot.text(rows, {
              y: "name",
              x: "end",
              dx: 6,
              textAnchor: "start",
              text: ({ shift }) =>
                shift > TOP && shift < Infinity ? `→ ${shown(shift, 3)}` : shown(shift, 3),
              fill: "currentColor",
            }),
            Plot.ruleX([0]),
          ],
        };
      },
      caption: () => {
        const sorted = Object.entries(shifts()).sort((a, b) => a[1] - b[1]);
        const [[low, least], [high, most]] = [sorted[0], sorted.at(-1)];
        const what = `${state.change.name[0].toUpperCase()}${state.change.name.slice(1)} (${state.change.what}: ${shown(size())})`;
        if (most - least < 1e-9) return `${what}: to all ten it looks like a shift of ${shown(least, 3)}σ.`;
        const largest = most === Infinity ? "further than any shift" : `like one of ${shown(most, 3)}σ`;
        return `${what}: smallest to ${data.names[low]}, like a shift of ${shown(least, 3)}σ, and largest to ${data.names[high]}, ${largest}. Bars end at ${TOP}.`;
      },
    }),
  );

  updates.push(() => {
    const [what, power] = data.tested[state.change.name];
    byId("power").textContent =
      `A permutation test with the energy distance finds “${what}” in ${shown(100 * power, 2)} % of pairs of samples of ${data.points} points.`;
  });

  choice("distance", {
    label: "distance",
    options: names,
    value: state.name,
    change: (name) => {
      state.name = name;
      changed();
    },
  });
  legend("growth", [
    ["var(--blue)", "the distance you chose"],
    ["var(--gray)", "the others"],
  ]);
  updates.push(
    chart("growth", {
      options: () => {
        const rows = state.change.sizes.flatMap((s) =>
          Object.entries(values({ change: state.change.name, size: s }, data)).map(([key, shift]) => ({
            key,
            size: s,
            shift,
          })),
        );
        const drawn = rows.filter(({ shift }) => shift > 0 && shift < Infinity);
        const line = (chosen) =>
          Plot.line(
            drawn.filter(({ key }) => (key === state.name) === chosen),
            {
              x: "size",
              y: "shift",
              z: "key",
              stroke: chosen ? "var(--blue)" : "var(--gray)",
              strokeWidth: chosen ? 3 : 1.5,
              marker: "circle",
              clip: true,
            },
          );
        return {
          height: 340,
          marginLeft: 60,
          x: {
            type: "log",
            label: "size of the change, log scale",
            domain: [state.change.sizes.at(0), state.change.sizes.at(-1)]
              .sort((a, b) => a - b)
              .map((s, end) => s * (end ? 1.25 : 0.8)),
            ticks: state.change.sizes,
            tickFormat: (s) => shown(s),
          },
          y: {
            type: "log",
            label: "looks like a shift of so many σ, log scale",
            domain: [0.01, 100],
            grid: true,
            ticks: [0.01, 0.1, 1, 10, 100],
            tickFormat: "~g",
          },
          marks: [
            Plot.ruleX([size()], { stroke: "currentColor", strokeOpacity: 0.35 }),
            line(false),
            line(true),
          ],
        };
      },
      caption: () => {
        const all = state.change.sizes.map(
          (s) => values({ change: state.change.name, size: s }, data)[state.name],
        );
        const gone = all.filter((shift) => !(shift >= 0.01 && shift <= 100)).length;
        return (
          `To ${data.names[state.name]} this change looks like a shift of ${all.map((shift) => shown(shift, 3)).join(", ")} (σ).` +
          (gone ? ` ${gone} of these lie outside the picture.` : "")
        );
      },
    }),
  );
  changed();
}

start({ values, build });
