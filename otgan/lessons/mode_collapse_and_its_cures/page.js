// Mode collapse: watch one ring collapse, then step through the seeds of every cure.
import { choice, decimals, legend, listSlider, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { overSeeds, seedChart, withError } from "../pages/seeds.js";
import { start } from "../pages/start.js";

const NUMBERS = { modes: "modes", reverse_kl: "reverse KL", debiased_w1: "debiased W₁" };

/** The runs of an experiment that are shown: those that are reported, or those at a learning rate. */
function groupsOf(experiment, rate) {
  return experiment.groups.filter((runs) =>
    rate === "best" ? !runs.choosing : runs.choosing && runs.rate === rate,
  );
}

/** Means over seeds with standard errors and intervals, of one number of one experiment. */
export function values({ experiment, rate, number }, data) {
  const found = groupsOf(data.experiments[experiment], rate).map((runs) =>
    overSeeds(runs[number], data.half_widths),
  );
  const list = (name) => found.map((one) => one[name]);
  return { mean: list("mean"), se: list("se"), low: list("low"), high: list("high") };
}

function build(data) {
  drawTraining(data);
  drawSeeds(data);
}

/** Room for as many pixels across as there are upwards. */
function square(width) {
  const [top, bottom, side] = [10, 30, Math.min(width - 60, 340)];
  const margin = (width - side) / 2;
  return {
    height: side + top + bottom,
    marginTop: top,
    marginBottom: bottom,
    marginLeft: margin,
    marginRight: margin,
  };
}

function drawTraining({ trainings, real }) {
  const state = { k: trainings[0].steps.length - 1 };
  const updates = [];
  const named = ({ name }) => (name === "none" ? "no cure" : name);
  listSlider("live", {
    label: "generator steps",
    entries: trainings[0].steps,
    index: state.k,
    change: (_, k) => {
      state.k = k;
      updates.forEach((update) => update());
    },
  });
  const reach = 1.6;
  trainings.forEach((training, side) => {
    const place = ["without", "with"][side];
    legend(place, [
      ["var(--blue)", "real", "block"],
      ["var(--orange)", `generated, ${named(training)}`, "block"],
    ]);
    updates.push(
      chart(place, {
        options: (width) => ({
          ...square(width),
          x: { domain: [-reach, reach], ticks: 3, label: null },
          y: { domain: [-reach, reach], ticks: 3, label: null },
          marks: [
            Plot.dot(real, { x: "0", y: "1", r: 2.5, fill: "var(--blue)", fillOpacity: 0.5 }),
            Plot.dot(training.points[state.k], { x: "0", y: "1", r: 2.5, fill: "var(--orange)", clip: true }),
          ],
        }),
        caption: () =>
          `Step ${training.steps[state.k]}, ${named(training)}: ${training.modes[state.k]} of 8 modes, debiased W₁ ${decimals(training.debiased_w1[state.k])} ± ${decimals(training.debiased_w1_se[state.k])}.`,
      }),
    );
  });
  const colors = ["var(--red)", "var(--orange)"];
  legend(
    "modes",
    trainings.map((training, side) => [colors[side], named(training)]),
  );
  updates.push(
    chart("modes", {
      options: () => ({
        height: 220,
        x: { label: "generator steps", domain: [0, trainings[0].steps.at(-1)] },
        y: { label: "modes of 8", domain: [0, 8], ticks: 8, grid: true },
        marks: [
          Plot.ruleX([trainings[0].steps[state.k]], { stroke: "currentColor", strokeOpacity: 0.4 }),
          trainings.map((training, side) => [
            Plot.line(training.steps, {
              x: (step) => step,
              y: (_, k) => training.modes[k],
              stroke: colors[side],
              strokeWidth: 2.5,
            }),
            Plot.dot([training.steps[state.k]], {
              x: (step) => step,
              y: () => training.modes[state.k],
              fill: colors[side],
              r: 5,
            }),
          ]),
        ],
      }),
      caption: () => {
        const most = trainings.map((training) => Math.max(...training.modes));
        return `One seed: ${trainings.map((training, side) => `${named(training)} ends with ${training.modes.at(-1)} of 8 modes, and had ${most[side]} at most`).join("; ")}.`;
      },
    }),
  );
  updates.forEach((update) => update());
}

function drawSeeds(data) {
  const state = { experiment: 0, rate: "best", number: "modes", seed: 0 };
  const now = () => data.experiments[state.experiment];
  const groups = () => groupsOf(now(), state.rate);
  choice("controls", {
    label: "experiment",
    options: data.experiments.map(({ name }, k) => [k, name]),
    value: 0,
    change: (k) => {
      state.experiment = Number(k);
      fillRates();
      changed();
    },
  });
  const rates = choice("controls", {
    label: "learning rate",
    options: [],
    value: "",
    change: (rate) => {
      state.rate = rate === "best" ? "best" : Number(rate);
      changed();
    },
  });
  choice("controls", {
    label: "number",
    options: Object.entries(NUMBERS),
    value: state.number,
    change: (number) => {
      state.number = number;
      changed();
    },
  });
  const seeds = slider("controls", {
    label: "run",
    min: 0,
    max: 9,
    step: 1,
    value: 0,
    text: (k) => `${k + 1} of ${most()}`,
    change: (k) => {
      state.seed = k;
      changed();
    },
  });

  function most() {
    return Math.max(...groups().map((runs) => runs.seeds.length));
  }

  /** The learning rates that were tried, and the best of each; only one where none was chosen. */
  function fillRates() {
    const tried = [...new Set(now().groups.flatMap((runs) => (runs.choosing ? [runs.rate] : [])))].sort(
      (a, b) => a - b,
    );
    const first = tried.length ? "the best of each" : `${now().groups[0].rate} for all`;
    rates.replaceChildren(
      ...[["best", first], ...tried.map((rate) => [rate, String(rate)])].map(
        ([key, name]) => new Option(name, key),
      ),
    );
    state.rate = "best";
  }

  const color = ({ verdict }) =>
    verdict.includes("helped") ? "var(--green)" : verdict.includes("hurt") ? "var(--red)" : "var(--blue)";
  legend("seeds", [
    ["var(--green)", "helped", "block"],
    ["var(--red)", "hurt", "block"],
    ["var(--blue)", "not told apart, or not asked", "block"],
  ]);
  fillRates();
  const update = seedChart("seeds", data.half_widths, {
    rows: () => groups().map((runs) => ({ name: runs.name, values: runs[state.number], color: color(runs) })),
    seed: () => state.seed,
    label: () => NUMBERS[state.number],
    from: () => 0,
    marks: () => {
      const none = groups().find(({ name }) => name === now().compared_with);
      return none ? [overSeeds(none[state.number], data.half_widths).mean] : [];
    },
    caption,
  });

  function caption() {
    const seen = groups().filter((runs) => state.seed < runs.seeds.length);
    const sign = state.number === "modes" ? -1 : 1;
    const values = seen.map((runs) => runs[state.number][state.seed]);
    const best = sign * Math.min(...values.map((value) => sign * value));
    const names = seen.filter((_, k) => values[k] === best).map(({ name }) => `“${name}”`);
    const only = state.rate === "best" ? "" : " These two seeds only served to choose the learning rate.";
    return (
      `${now().title}. Seed ${seen[0].seeds[state.seed]} is ringed; the best in ${NUMBERS[state.number]} is ${shown(best, 3)}, ` +
      `with ${names.join(" and ")}. Dashed: the mean of “${now().compared_with}”.${only}`
    );
  }

  function changed() {
    const count = most();
    seeds.input.max = count - 1;
    state.seed = Math.min(state.seed, count - 1);
    seeds.value = state.seed;
    update();
    table(
      "numbers",
      ["", `modes of ${now().modes_of}`, "reverse KL", "debiased W₁", "runs", "verdict"],
      groups().map((runs) => [
        runs.name,
        ...Object.keys(NUMBERS).map((number) => withError(runs[number], data.half_widths)),
        String(runs.seeds.length),
        runs.verdict || "–",
      ]),
    );
  }
  changed();
}

start({ values, build });
