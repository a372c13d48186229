// GAN and WGAN side by side: look at three critics, then at every claim, seed by seed.
import { choice, decimals, legend, listSlider, shown, slider, table } from "../pages/controls.js";
import { chart } from "../pages/chart.js";
import { mean, sum } from "../pages/numerics.js";
import { overSeeds, seedChart, withError } from "../pages/seeds.js";
import { start } from "../pages/start.js";

const NUMBERS = {
  relative_w1: "debiased W₁ as a fraction of its start",
  seconds_to_half: "seconds until debiased W₁ has halved",
  cost: "seconds a step",
  reverse_kl: "reverse KL of the digits' shares",
  spread: "deviation of relative W₁ over networks",
};
const SHORT = {
  relative_w1: "relative W₁",
  seconds_to_half: "seconds to half",
  cost: "seconds a step",
  reverse_kl: "reverse KL",
  spread: "spread",
};
const sigmoid = (score) => 1 / (1 + Math.exp(-score));

/** A claim's difference, averaged over pairs of networks, with its standard error. */
export function values({ claim }, data) {
  const { less_values: less, more_values: more } = data.claims[claim];
  const square = (list) => overSeeds(list, data.half_widths).se ** 2;
  return {
    difference: mean(less.map((list, k) => mean(list) - mean(more[k]))),
    se: Math.sqrt(sum([...less, ...more].map(square))) / less.length,
  };
}

function build(data) {
  drawScores(data);
  drawTable(data);
  drawClaims(data);
  drawClothes(data);
}

function drawScores({ trained }) {
  const state = { game: 0, through: "raw" };
  let update = () => {};
  const set = (name) => (value) => {
    state[name] = value;
    update();
  };
  choice("live", {
    label: "critic of",
    options: trained.map(({ name }, k) => [k, name]),
    value: 0,
    change: set("game"),
  });
  choice("live", {
    label: "shown",
    options: [
      ["raw", "scores"],
      ["sigmoid", "through a sigmoid"],
    ],
    value: "raw",
    change: set("through"),
  });
  legend("scores", [
    ["var(--blue)", "real images", "block"],
    ["var(--orange)", "generated images", "block"],
  ]);
  const lists = () => {
    const { real_scores: real, generated_scores: generated } = trained[state.game];
    const seen = state.through === "raw" ? (score) => score : sigmoid;
    return [real.map(seen), generated.map(seen)];
  };
  update = chart("scores", {
    options: () => {
      const colors = ["var(--blue)", "var(--orange)"];
      const all = lists();
      const domain = state.through === "raw" ? undefined : [0, 1];
      return {
        height: 150,
        marginLeft: 16,
        marginRight: 20,
        x: {
          label: state.through === "raw" ? "score" : "1 / (1 + exp(−score))",
          domain,
          nice: true,
          ticks: 6,
        },
        y: { axis: null, domain: [-0.5, 1.5] },
        marks: all.map((list, at) => [
          Plot.dot(list, {
            x: (t) => t,
            y: (_, k) => at + 0.6 * (((k * 0.618) % 1) - 0.5),
            r: 2.5,
            fill: colors[at],
            fillOpacity: 0.5,
          }),
          Plot.dot([mean(list)], {
            x: (t) => t,
            y: () => at,
            r: 7,
            fill: colors[at],
            stroke: "currentColor",
          }),
        ]),
      };
    },
    caption: () => {
      const [real, generated] = lists();
      const { name } = trained[state.game];
      const all = [...real, ...generated];
      return `${name}: ${state.through === "raw" ? "scores" : "values"} from ${shown(Math.min(...all), 3)} to ${shown(Math.max(...all), 3)}; the mean is ${shown(mean(real), 3)} of real and ${shown(mean(generated), 3)} of generated images (large dots).`;
    },
  });
}

/** The introductions' table, each entry with what was measured. */
function drawTable({ trained, clipped_at: limit }) {
  const [gan, wgan, penalized] = trained;
  const range = (list) => `${shown(Math.min(...list), 3)} to ${shown(Math.max(...list), 3)}`;
  const all = (game) => [...game.real_scores, ...game.generated_scores];
  const gap = (game) => shown(mean(game.real_scores) - mean(game.generated_scores), 3);
  table(
    "table",
    ["", "said of a GAN", "measured", "said of a WGAN", "clipped", "with a penalty"],
    [
      [
        "outputs",
        "probabilities",
        `scores ${range(all(gan))}`,
        "real numbers",
        range(all(wgan)),
        range(all(penalized)),
      ],
      ["last layer", "sigmoid", `gives ${range(all(gan).map(sigmoid))}`, "none", "none", "none"],
      ["loss", "log loss", `E log D(x) = ${logLoss(gan)}`, "difference of means", gap(wgan), gap(penalized)],
      [
        "constraint",
        "none",
        `weights up to ${shown(gan.largest_weight, 3)}`,
        "clipping, or penalty",
        `weights up to ${shown(wgan.largest_weight, 3)} (limit ${limit})`,
        `weights up to ${shown(penalized.largest_weight, 3)}`,
      ],
      [
        "slopes met",
        "–",
        shown(gan.steepest, 3),
        "at most 1",
        shown(wgan.steepest, 3),
        shown(penalized.steepest, 3),
      ],
      ["debiased W₁", "–", distance(gan), "–", distance(wgan), distance(penalized)],
    ],
  );
}

const logLoss = (game) => shown(mean(game.real_scores.map((score) => Math.log(sigmoid(score)))), 3);
const distance = (game) => `${decimals(game.debiased_w1, 2)} ± ${decimals(game.debiased_w1_se, 2)}`;

function drawClaims(data) {
  const state = { claim: 0, seed: 0 };
  const now = () => data.claims[state.claim];
  let update = () => {};
  listSlider("controls", {
    label: "claim",
    entries: data.claims,
    text: (claim) => `${data.claims.indexOf(claim) + 1} of ${data.claims.length}`,
    change: (_, k) => {
      state.claim = k;
      update();
    },
  });
  const most = Math.max(...data.claims.flatMap((claim) => claim.less_values.map((list) => list.length)));
  slider("controls", {
    label: "run",
    min: 0,
    max: most - 1,
    step: 1,
    value: 0,
    text: (k) => `${k + 1} of ${most}`,
    change: (k) => {
      state.seed = k;
      update();
    },
  });
  legend("claim", [
    ["var(--blue)", "said to be less", "block"],
    ["var(--orange)", "said to be more", "block"],
  ]);
  update = seedChart("claim", data.half_widths, {
    rows: () =>
      now().networks.flatMap((pair, k) => [
        { name: `${now().less} (${pair})`, values: now().less_values[k], color: "var(--blue)" },
        { name: `${now().more} (${pair})`, values: now().more_values[k], color: "var(--orange)" },
      ]),
    seed: () => state.seed,
    label: () => NUMBERS[now().number],
    from: () => 0,
    caption: () => {
      const { difference, se } = values({ claim: state.claim }, data);
      return `“${now().text}”: ${now().verdict}. ${now().less} less ${now().more}, over all networks: ${shown(difference, 3)} ± ${shown(se, 2)}.`;
    },
  });
  const pooled = (lists) => withError(lists.flat(), data.half_widths);
  table(
    "claims",
    ["claim", "verdict", "number", "to be less", "to be more"],
    data.claims.map((claim) => [
      claim.text,
      claim.verdict,
      SHORT[claim.number],
      pooled(claim.less_values),
      pooled(claim.more_values),
    ]),
  );
}

function drawClothes({ clothes, clothes_seconds: seconds, half_widths: halfWidths }) {
  const names = { frechet: "squared Fréchet distance of features", coverage: "coverage of real images" };
  const state = { number: "frechet" };
  let update = () => {};
  choice("clothes-controls", {
    label: "number",
    options: Object.entries(names),
    value: state.number,
    change: (number) => {
      state.number = number;
      update();
    },
  });
  update = seedChart("clothes", halfWidths, {
    rows: () =>
      clothes.map((game) => ({ name: game.name, values: game[state.number], color: "var(--blue)" })),
    seed: () => -1,
    label: () => names[state.number],
    from: () => 0,
    caption: () => {
      const runs = clothes.map((game) => game[state.number].length);
      const means = clothes.map((game) => [game.name, mean(game[state.number])]);
      const sign = state.number === "frechet" ? 1 : -1;
      const [best] = means.sort((a, b) => sign * (a[1] - b[1]));
      return `${seconds} processor seconds a run; runs of each game: ${[...new Set(runs)].sort().join(" or ")}. The best ${names[state.number]} in the mean: ${best[0]}, ${shown(best[1], 3)}.`;
    },
  });
}

start({ values, build });
