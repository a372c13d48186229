"""Two-sample tests: level, power beside SciPy and hyppo, choices of statistics, time.

python benchmarks/two_sample.py [level|power|choices|time] [repeats]

hyppo's rows appear where hyppo 0.5.2 can be imported; it need not be in the same environment:
PYTHONPATH=/path/to/another/venv/lib/python3.11/site-packages python benchmarks/two_sample.py
"""

import inspect
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC

import otgan
from otgan import Classifier, NearestNeighbors, two_sample_test
from otgan.inference.statistics import STATISTICS, Statistic
from otgan.measures import FloatArray

try:
    from hyppo.ksample import DISCO, MMD, Energy
except ImportError:
    Energy = None

Samples = tuple[FloatArray, FloatArray]
Setting = tuple[float, int, int]
Sampler = Callable[[float, int, int, int], Samples]
PValue = Callable[[FloatArray, FloatArray, int], float]

LEVEL = 0.05
PERMUTATIONS = 199  # a multiple of 20 less one: the level 0.05 is reached exactly
FEW = 100  # repeats of peers whose permutations take a second
SETTINGS = [(shift, d, n) for shift in (0.3, 0.5) for d in (1, 5) for n in (50, 100)]


# ---------------------------------------------------------------- samples


def shifted(shift: float, d: int, n: int, seed: int) -> Samples:
    """Two Gaussian samples, apart by `shift` along the first axis."""
    rng = np.random.default_rng([seed, d, n])
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d))
    y[:, 0] += shift
    return x, y


def wider(_: float, d: int, n: int, seed: int) -> Samples:
    x, y = shifted(0, d, n, seed)
    return x, 1.4 * y


def correlated(_: float, d: int, n: int, seed: int) -> Samples:
    x, y = shifted(0, d, n, seed)
    y[:, 1] = 0.7 * y[:, 0] + np.sqrt(0.51) * y[:, 1]
    return x, y


def two_humps(_: float, d: int, n: int, seed: int) -> Samples:
    """A mixture of Gaussians at 1.2 and -1.2 times the vector of ones, against one."""
    x, y = shifted(0, d, n, seed)
    return x, y + 1.2 * np.random.default_rng([seed, 1]).choice([-1, 1], size=(n, 1))


# ---------------------------------------------------------------- tests, as p-values


def ours(statistic: str | Statistic, n_resamples: int = PERMUTATIONS) -> PValue:
    def p_value(x: FloatArray, y: FloatArray, seed: int) -> float:
        test = two_sample_test(x, y, statistic=statistic, n_resamples=n_resamples, rng=seed)
        return test.pvalue

    return p_value


def knn(k: int) -> NearestNeighbors:
    return NearestNeighbors(k=k, start="none", whiten=False)


def quietly(test: PValue) -> PValue:
    """SciPy warns where a p-value leaves its table, hyppo about few permutations."""

    def p_value(x: FloatArray, y: FloatArray, seed: int) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return test(x, y, seed)

    return p_value


def energy_by_scipy(x: FloatArray, y: FloatArray, seed: int) -> float:
    return scipy.stats.permutation_test(
        (x[:, 0], y[:, 0]),
        scipy.stats.energy_distance,
        n_resamples=999,
        alternative="greater",
        rng=seed,
    ).pvalue


ON_THE_LINE = {
    "SciPy ks_2samp": lambda x, y, _: scipy.stats.ks_2samp(x[:, 0], y[:, 0]).pvalue,
    "SciPy cramervonmises_2samp": lambda x, y, _: (
        scipy.stats.cramervonmises_2samp(x[:, 0], y[:, 0]).pvalue
    ),
    "SciPy anderson_ksamp": quietly(
        lambda x, y, _: scipy.stats.anderson_ksamp([x[:, 0], y[:, 0]], variant="midrank").pvalue
    ),
    "SciPy energy, permuted": energy_by_scipy,
}


def as_it_comes(test: Callable[[], Any], x: FloatArray, y: FloatArray, _: int) -> float:
    return float(test().test(x, y)[1])


def by_permutation(test: Callable[[], Any], x: FloatArray, y: FloatArray, seed: int) -> float:
    chosen = test().test(x, y, reps=PERMUTATIONS, auto=False, random_state=seed)
    return float(chosen[1])


def hyppos() -> tuple[dict[str, PValue], dict[str, PValue]]:
    """Tests of hyppo: as they come (a χ² bound for the null), and by permutation."""
    if Energy is None:
        return {}, {}
    as_they_come = {
        f"hyppo {test.__name__}": quietly(partial(as_it_comes, test))
        for test in (Energy, MMD, DISCO)
    }
    permuted = {
        f"hyppo {test.__name__}, permuted": quietly(partial(by_permutation, test))
        for test in (Energy, MMD)
    }
    return as_they_come, permuted


# ---------------------------------------------------------------- tables


def table(columns: list[str]) -> None:
    print(f"\n| {' | '.join(columns)} |\n|---{'|--:' * (len(columns) - 1)}|", flush=True)


def row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def level(repeats: int) -> None:
    """Whether p-values are uniform for equal distributions, and how often they are <= 0.05."""
    table(["statistic", "d", "p of KS test", "fraction ≤ 0.05", "fraction ≤ 0.5"])
    for name in STATISTICS:
        for d in (1, 5):
            p = np.array([ours(name)(*shifted(0, d, 30, seed), seed) for seed in range(repeats)])
            jitter = np.random.default_rng(0).random(repeats) / (1 + PERMUTATIONS)
            uniform = scipy.stats.kstest(p - jitter, "uniform").pvalue
            fractions = [f"{np.mean(p <= bound):.3f}" for bound in (0.05, 0.5)]
            row(name, str(d), f"{uniform:.2f}", *fractions)


def rejections(test: PValue, sample: Sampler, setting: Setting, repeats: int) -> NDArray[np.bool_]:
    return np.array([test(*sample(*setting, seed), seed) <= LEVEL for seed in range(repeats)])


def power(repeats: int) -> None:
    """Share of rejections at level 0.05 by 999 permutations (exact W1 in the plane and beyond, and
    hyppo permuted: 199); beside those of others, what ours reject more often, on the same pairs.
    """
    table(["test", *(f"{shift}, d={d}, n=m={n}" for shift, d, n in SETTINGS)])
    found = {}
    for name in STATISTICS:
        found[name] = [
            rejections(
                ours(name, PERMUTATIONS if name == "wasserstein" and s[1] > 1 else 999),
                shifted,
                s,
                repeats,
            )
            for s in SETTINGS
        ]
        row(name, *(with_error(hits) for hits in found[name]))
    as_they_come, permuted = hyppos()
    for name, test in (ON_THE_LINE | as_they_come | permuted).items():
        rivals = ["energy", "wasserstein"] if name in ON_THE_LINE else ["energy"]
        rivals = ["mmd"] if "MMD" in name else rivals
        cells = []
        for at, setting in enumerate(SETTINGS):
            if name in ON_THE_LINE and setting[1] > 1:
                cells.append("")
                continue
            count = min(FEW, repeats) if name in permuted else repeats
            hits = rejections(test, shifted, setting, count)
            gaps = (
                f"{rival} {with_error(found[rival][at][:count] - hits.astype(float), '+')}"
                for rival in rivals
            )
            cells.append(f"{hits.mean():.3f} ({', '.join(gaps)})")
        row(name, *cells)


def with_error(values: NDArray[Any], sign: str = "") -> str:
    """Mean and its standard error."""
    return f"{values.mean():{sign}.3f} ± {values.std() / np.sqrt(len(values)):.3f}"


def quadratic(C: float) -> Pipeline:
    steps = StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler()
    return make_pipeline(*steps, LogisticRegression(C=C))


def choices(repeats: int) -> None:
    """The power of other parameters where distributions differ otherwise than by a shift."""
    problems = [
        (sample, (0.5, d, 100))
        for d in (1, 5)
        for sample in (shifted, wider, correlated, two_humps)
    ]
    problems = [(s, at) for s, at in problems if at[1] > 1 or s is not correlated]
    table(["statistic", *(f"{s.__name__.replace('_', ' ')}, d={at[1]}" for s, at in problems)])
    machine = make_pipeline(StandardScaler(), SVC())
    trees = HistGradientBoostingClassifier(min_samples_leaf=5, max_iter=30, random_state=0)
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    statistics: dict[str, str | Statistic] = {
        "energy": "energy",
        **{f"knn, k={k}": knn(k) for k in (1, 3, 5, 10, 20)},
        "classifier: default": "classifier",
        "classifier: default, train_fraction=0.5": Classifier(train_fraction=0.5),
        "classifier: logistic, quadratic": Classifier(quadratic(0.1)),
        "classifier: logistic, linear": Classifier(linear),
        "classifier: SVC, radial": Classifier(machine),
        "classifier: boosted trees": Classifier(trees),
    }
    for name, statistic in statistics.items():
        fractions = [rejections(ours(statistic), *problem, repeats).mean() for problem in problems]
        row(name, *(f"{fraction:.2f}" for fraction in fractions))


def seconds(repeats: int) -> None:
    """Seconds for 999 permutations, the least of some turns."""
    sizes = [(100, 2), (1000, 2), (1000, 20)]
    table(["statistic", *(f"n=m={n}, d={d}" for n, d in sizes)])
    for name in STATISTICS:
        cells = []
        for n, d in sizes:
            x, y = shifted(0.1, d, n, 0)
            long = name == "wasserstein" and n == 1000
            count, turns = (49, 1) if long else (999, repeats)
            best = np.inf
            for _ in range(turns):
                started = time.perf_counter()
                otgan.two_sample_test(x, y, statistic=name, n_resamples=count, rng=0)
                best = min(best, time.perf_counter() - started)
            cells.append(f"{best * 999 / count:.3g}{' (from 49)' if long else ''}")
        row(name, *cells)


MODES = {
    "time": (seconds, 5),
    "level": (level, 500),
    "choices": (choices, 200),
    "power": (power, 500),
}


def main(mode: str | None = None, repeats: str | None = None) -> None:
    for name in [mode] if mode else MODES:
        run, usual = MODES[name]
        print(f"\n## {name.capitalize()}\n\n{inspect.cleandoc(run.__doc__ or '')}", flush=True)
        run(int(repeats) if repeats else usual)


if __name__ == "__main__":
    main(*sys.argv[1:])
