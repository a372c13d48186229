"""KL and JS by telling two samples apart: the logit of a classifier estimates log p/q.

Let D(z) be the probability that z comes from P and not from Q, both equally likely beforehand. The
best D is p/(p + q): its logit is log p/q, and its mean log score is JS(P, Q) - log 2. Here every
point is scored by a model that has not seen it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize

from otgan.divergences.held_out import (
    check_folds,
    doubt_beyond_log_m,
    effective_size,
    js_by_log_ratio,
)
from otgan.divergences.ties import hold_copies
from otgan.errors import InvalidInputError, require
from otgan.estimates import Estimate, doubt_near_zero, influence_se, normal_interval
from otgan.inputs.options import as_count
from otgan.measures import FloatArray
from otgan.pooled_null import not_below_zero

__all__ = ["Classifier"]

_CUT = 1e-12  # a probability nearer to 0 or 1 than this counts as certainty
_CLIP = 0.01  # D is clipped to [_CLIP, 1 - _CLIP] for the lower bound, which needs bounded terms
_DIRECTIONS = 50  # principal directions that enter the default model's quadratic terms
_LOG_2 = math.log(2)


@dataclass(frozen=True)
class Classifier:
    """KL and JS from samples, by a classifier under cross-fitting.

    Parameters
    ----------
    model : object, optional
        A classifier with ``fit(points, labels)`` and ``predict_proba(points)``, as in scikit-learn;
        it is copied, never fitted itself, and a ``random_state`` of None is set from `rng`. Its
        probabilities should be those of the classes as they come (no ``class_weight``). If omitted,
        a logistic regression that weighs the logits of two models: logistic regression on the
        whitened coordinates, their squares and products (exact for Gaussian distributions), and
        boosted trees (for all that is not). The trees cost most of the time.
    folds : int
        The samples are cut into so many parts; each is scored by a model fitted to the others.

    Notes
    -----
    About 20 fits of each of the two default models: a second or two for 1000 points a side. Both
    samples need ten points a fold. Time is that of the model otherwise. The interval counts the
    noise of both samples and not what the model has missed: measured on 1000 points a side, that
    is -0.06 of a KL of 0.5 in ten dimensions.

    Sources: Sugiyama, Suzuki and Kanamori, *Density Ratio Estimation in Machine Learning*, 2012,
    chapter 4; Goodfellow et al., Generative adversarial nets, 2014, for the identity behind JS.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(0, 1, (500, 1)), rng.normal(1, 1, (500, 1))
    >>> r = Classifier().kl(x, y, confidence_level=0.95, rng=rng)  # the truth is 0.5
    >>> r.interval[0] < 0.5 < r.interval[1]
    True
    """

    model: Any = None
    folds: int = 5

    def __post_init__(self) -> None:
        as_count(self.folds, "folds", least=2)
        missing = [
            name
            for name in ("fit", "predict_proba")
            if self.model is not None and not callable(getattr(self.model, name, None))
        ]
        if missing or isinstance(self.model, type):
            raise InvalidInputError(
                f"model must be a classifier with fit and predict_proba, got {self.model!r}; "
                "to fix it, pass an object such as sklearn.linear_model.LogisticRegression()"
            )

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) as the mean held-out logit over `x`.

        Parameters
        ----------
        x : ndarray, shape (n, d)
            Points of P.
        y : ndarray, shape (m, d)
            Points of Q.
        confidence_level : float
            Level of the interval.
        rng : numpy.random.Generator
            Draws the folds, and seeds the model.

        Returns
        -------
        Estimate
            The standard error is that of any regular estimator, √(Var s(X)/n + Var e^{s(Y)}/m):
            the second term is what the finite sample of Q costs through the fitted logit s.
            Diagnostics: `donsker_varadhan`, mean s(x) - log mean e^{s(y)} on held-out points, which
            lies below KL in the limit, and its standard error; `mean_ratio`, mean e^{s(y)}, 1 for
            a calibrated classifier; `effective_m`, how many points of `y` carry that mean;
            `certain`, the share of points whose probability was cut at 1e-12.

        Raises
        ------
        InvalidInputError
            Too few points, or a model that does not return probabilities.
        MissingExtraError
            scikit-learn is not installed.

        Notes
        -----
        The bias is that of the logit: a classifier that sees too little difference gives too
        small a number. Beyond log m the answer is extrapolation, and a warning says so.
        """
        s, t = self._held_out_logits(x, y, rng)
        ratio = np.exp(t)
        value, mean_ratio = float(s.mean()), float(ratio.mean())
        se = influence_se(s, -ratio)
        diagnostics = {
            "donsker_varadhan": value - math.log(mean_ratio),
            "donsker_varadhan_se": influence_se(s, -ratio / mean_ratio),
            "mean_ratio": mean_ratio,
            "effective_m": effective_size(ratio),
            "certain": _certain_share(s, t),
        }
        warnings = [*_warn_of_certain(s, t), *doubt_beyond_log_m(value, len(y))]
        if abs(mean_ratio - 1) > 4 * ratio.std(ddof=1) / math.sqrt(len(y)):
            warnings.append(
                f"the mean of e^logit over y is {mean_ratio:.3g} and should be 1: the classifier "
                "is not calibrated, so compare with donsker_varadhan, or pass another model"
            )
        return _estimate(value, se, (x, y), confidence_level, diagnostics, warnings)

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) as ½ mean log D(x) + ½ mean log(1 - D(y)) + log 2 on held-out points.

        Parameters
        ----------
        x, y, confidence, rng
            As in :meth:`kl`.

        Returns
        -------
        Estimate
            A classifier short of the best makes the value too small, negative at equal
            distributions. Diagnostics: `lower_confidence`, below JS with probability at least
            `confidence_level` whatever the classifier and the distributions, for any number of
            points (it may be negative, and then says nothing); `accuracy`, the held-out share of
            right answers, the mean of both samples; `certain`, as in :meth:`kl`.

        Raises
        ------
        InvalidInputError, MissingExtraError
            As in :meth:`kl`.

        Notes
        -----
        For the bound, a part of the data is scored by a model fitted to the parts before it, with D
        clipped to [0.01, 0.99]. Given the past, a term has a mean of at most JS: a bettor who
        stakes money on terms above JS cannot expect to gain, and grows rich with a small
        probability. A t bound over ordinary cross-fitting, whose parts depend on each other, was
        above JS in 14 % of samples of equal distributions where 10 % were allowed.

        Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting,
        2024, section 4.
        """
        s, t = self._held_out_logits(x, y, rng)
        value, se = js_by_log_ratio(s, t)
        terms = np.concatenate(list(self._successive_terms(x, y, rng)))
        low, high = math.log(_CLIP) + _LOG_2, math.log1p(-_CLIP) + _LOG_2
        bound = lower_bound_by_betting((terms - low) / (high - low), confidence_level)
        diagnostics = {
            "lower_confidence": low + (high - low) * bound,
            "accuracy": 0.5 * float(np.mean(s > 0) + np.mean(t < 0)),
            "certain": _certain_share(s, t),
        }
        return _estimate(value, se, (x, y), confidence_level, diagnostics, _warn_of_certain(s, t))

    def _held_out_logits(
        self, x: FloatArray, y: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """The log ratio at the points of `x` and of `y`, by models that have not seen them."""
        require("sklearn", extra="all", purpose="an estimate by a classifier")
        check_folds(x, y, self.folds)
        in_x, in_y = _folds_of(x, y, self.folds, rng)
        s, t = np.empty(len(x)), np.empty(len(y))
        for fold in range(self.folds):
            here_x, here_y = in_x == fold, in_y == fold
            s[here_x], t[here_y] = self._score(
                (x[~here_x], y[~here_y]), (x[here_x], y[here_y]), rng
            )
        return s, t

    def _successive_terms(
        self, x: FloatArray, y: FloatArray, rng: np.random.Generator
    ) -> Iterator[FloatArray]:
        """Terms ½ log D + ½ log(1 - D) + log 2; each fold's by a model of the folds before it."""
        in_x, in_y = _folds_of(x, y, self.folds, rng)
        for fold in range(1, self.folds):
            past = x[in_x < fold], y[in_y < fold]
            s, t = self._score(past, (x[in_x == fold], y[in_y == fold]), rng)
            edge = math.log((1 - _CLIP) / _CLIP)
            log_d = -np.logaddexp(0, -np.clip(s, -edge, edge))
            log_rest = -np.logaddexp(0, np.clip(t, -edge, edge))
            count = min(len(s), len(t))
            yield 0.5 * (_in_groups(log_d, count) + _in_groups(log_rest, count)) + _LOG_2

    def _score(
        self,
        known: tuple[FloatArray, FloatArray],
        unseen: tuple[FloatArray, FloatArray],
        rng: np.random.Generator,
    ) -> tuple[FloatArray, FloatArray]:
        """A model fitted to `known` points of P and Q; its log ratio at the `unseen` ones."""
        labels = np.repeat([1, 0], [len(known[0]), len(known[1])])
        order = rng.permutation(len(labels))  # models may split off the last points
        model = _seeded(_default_model() if self.model is None else self.model, rng)
        model.fit(np.concatenate(known)[order], labels[order])
        chances = _as_chances(model.predict_proba(np.concatenate(unseen)), sum(map(len, unseen)))
        logit = np.log(np.maximum(chances[:, 1], _CUT)) - np.log(np.maximum(chances[:, 0], _CUT))
        logit -= math.log(len(known[0]) / len(known[1]))  # from these classes to equal ones
        return logit[: len(unseen[0])], logit[len(unseen[0]) :]


def lower_bound_by_betting(terms: FloatArray, confidence_level: float) -> float:
    """A lower confidence bound for the mean of terms in [0, 1], valid for any number of them.

    Parameters
    ----------
    terms : ndarray, shape (n,)
        In an order that does not depend on their values. They need not be independent: if the mean
        of each, given those before it, is at most μ, the bound lies below μ.
    confidence_level : float
        The probability with which the bound is at most μ, at least.

    Returns
    -------
    float
        The least μ for which the capital Π (1 + λᵢ (termᵢ - μ)) never reaches 1/(1 - confidence),
        by Ville's inequality; the stakes λᵢ use the terms before i alone.

    Notes
    -----
    n log(1/precision) operations. Source: Waudby-Smith and Ramdas, Estimating means of bounded
    random variables by betting, 2024, theorem 3, the side of the lower bound.

    Examples
    --------
    >>> terms = np.tile([0.4, 0.6], 500)
    >>> print(f"{lower_bound_by_betting(terms, 0.95):.3f}")
    0.492
    """
    goal = -math.log1p(-confidence_level)
    count = np.arange(1, len(terms) + 1)
    guess = np.concatenate([[0.5], (0.5 + np.cumsum(terms)) / (count + 1)])[:-1]
    variance = (0.01 + np.concatenate([[0.0], np.cumsum((terms - guess) ** 2)])[:-1]) / count
    stakes = np.sqrt(2 * goal / (len(terms) * variance))

    def excess(mean: float) -> float:
        growth = np.log1p(np.minimum(stakes, 0.9 / mean) * (terms - mean))
        return float(np.cumsum(growth).max()) - goal

    least = 1e-9
    return 0.0 if excess(least) <= 0 else float(scipy.optimize.brentq(excess, least, 1.0))


def _default_model() -> Any:
    """Two models whose logits a logistic regression weighs: quadratic, and trees."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import HistGradientBoostingClassifier, StackingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import (
        FunctionTransformer,
        MaxAbsScaler,
        PolynomialFeatures,
        StandardScaler,
    )

    quadratic = make_pipeline(
        MaxAbsScaler(),  # squares of any units stay in range
        StandardScaler(),
        PCA(n_components=1 - 1e-12, whiten=True, svd_solver="full"),  # no directions of rounding
        FunctionTransformer(_leading),
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )
    trees = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=300,
        max_leaf_nodes=15,
        early_stopping=True,
        validation_fraction=0.2,
    )
    return StackingClassifier(
        [("quadratic", quadratic), ("trees", trees)], stack_method="decision_function", cv=3
    )


def _leading(coordinates: FloatArray) -> FloatArray:
    return coordinates[:, :_DIRECTIONS]


def _seeded(model: Any, rng: np.random.Generator) -> Any:
    """An unfitted copy that draws from `rng` wherever no random state was chosen."""
    from sklearn.base import clone

    copy = clone(model, safe=False)
    if hasattr(copy, "get_params"):
        names = [name for name in copy.get_params() if name.split("__")[-1] == "random_state"]
        free = [name for name in sorted(names) if copy.get_params()[name] is None]
        copy.set_params(**{name: int(rng.integers(2**31)) for name in free})
    return copy


def _as_chances(chances: Any, rows: int) -> FloatArray:
    """What a model returned, as probabilities of two classes."""
    array = np.asarray(chances, dtype=np.float64)
    if array.shape != (rows, 2) or not (np.isfinite(array).all() and (array >= 0).all()):
        raise InvalidInputError(
            f"model must return finite probabilities of shape ({rows}, 2), got shape "
            f"{array.shape}, finite in {np.isfinite(array).sum()} entries; to fix it, pass a "
            "classifier whose predict_proba has one column for each of two classes"
        )
    return array


def _folds_of(x: FloatArray, y: FloatArray, folds: int, rng: np.random.Generator) -> Any:
    """The folds of both samples, with points that both hold in the same one.

    Otherwise a model would be asked about a point that it has seen, with the other label.
    """
    if not hold_copies(x, y):
        return _folds(len(x), folds, rng), _folds(len(y), folds, rng)
    _, which = np.unique(np.concatenate([x, y]), axis=0, return_inverse=True)
    which, distinct = which.ravel(), int(which.max()) + 1
    fold = _folds(distinct, folds, rng)[which]
    return fold[: len(x)], fold[len(x) :]


def _folds(count: int, folds: int, rng: np.random.Generator) -> Any:
    """The fold of each point, all of nearly equal size."""
    return rng.permutation(np.arange(count) % folds)


def _in_groups(terms: FloatArray, count: int) -> FloatArray:
    """Means of `count` groups of equal size; what does not fill a group is left out."""
    size = len(terms) // count
    return terms[: size * count].reshape(count, size).mean(axis=1)


def _estimate(
    value: float,
    se: float,
    samples: tuple[FloatArray, FloatArray],
    confidence_level: float,
    diagnostics: dict[str, float],
    warnings: list[str],
) -> Estimate:
    n, m = map(len, samples)
    low, high = not_below_zero(normal_interval(value, se, confidence_level))
    doubts = (*warnings, *doubt_near_zero(value, se))
    if hold_copies(*samples):
        around = normal_interval(0.0, se, confidence_level)
        low, high = min(low, around[0]), max(high, around[1])
        doubts += (
            "both samples hold the same points, and so are not independent, as the standard error "
            "takes them to be: the interval was widened to hold zero",
        )
    interval = low, high
    return Estimate(value, se, interval, "classifier", n, m, confidence_level, diagnostics, doubts)


def _certain_share(s: FloatArray, t: FloatArray) -> float:
    edge = -math.log(_CUT) - abs(math.log(len(s) / len(t))) - 0.1  # unequal classes shift logits
    return float(np.mean(np.abs(np.concatenate([s, t])) > edge))


def _warn_of_certain(s: FloatArray, t: FloatArray) -> list[str]:
    warnings = []
    if (share := _certain_share(s, t)) > 0:
        warnings.append(
            f"the classifier was certain of {100 * share:.3g} % of the points, and its logits were "
            "cut there: pass a smoother model"
        )
    if s.min() > t.max():
        warnings.append(
            "the classifier tells all held-out points apart: the distributions may not overlap, where JS "
            "is log 2 and KL is infinite"
        )
    return warnings
