"""KL, JS and a two-sample test by a classifier, whose logit estimates log p/q.

Let D(z) be the probability that z comes from P and not from Q, both equally likely beforehand. The
best D is p/(p + q): its logit is log p/q, and its mean log score is JS(P, Q) - log 2. Here every
point is scored by a model that has not seen it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from otgan.divergences.betting import lower_bound_by_betting
from otgan.divergences.classifier_models import (
    as_probabilities,
    check_model,
    density_ratio_model,
    quadratic_machine,
    scores,
    seeded,
)
from otgan.divergences.held_out import (
    check_folds,
    effective_size,
    js_by_log_ratio,
    warn_beyond_log_m,
)
from otgan.divergences.ties import hold_copies
from otgan.errors import InvalidInputError, require
from otgan.estimates import (
    Estimate,
    normal_interval,
    standard_error_of_gap,
    standard_error_of_mean,
    warn_near_zero,
)
from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords
from otgan.label_statistic import BoolArray, LabelStatistic
from otgan.measures import FloatArray
from otgan.pooled_null import extend_to_zero

__all__ = ["Classifier"]

_CUT = 1e-12  # a probability nearer to 0 or 1 than this counts as certainty
_CLIP = 0.01  # D is clipped to [_CLIP, 1 - _CLIP] for the lower bound, which needs bounded terms
_LOG_2 = math.log(2)


@checks_keywords
@dataclass(frozen=True)
class Classifier:
    """A classifier that learns to tell two samples apart, scored on points it was not fitted to.

    For KL and JS it is cross-fitted; as a statistic of :func:`otgan.two_sample_test` it is trained
    once on a fraction of either sample, and the statistic is the mean score of the other points of
    x less that of the other points of y. Only the labels of these are permuted: the test is exact
    whatever was learned.

    Parameters
    ----------
    model : object, optional
        A classifier with ``fit(points, labels)`` and ``predict_proba(points)``, as in scikit-learn;
        it is copied, never fitted itself, and a ``random_state`` of None is set from `rng`. Its
        probabilities should be those of the classes as they come (no ``class_weight``). For a test,
        ``decision_function`` is the score, if it has that. If omitted, KL and JS take a logistic
        regression that weighs the logits of two models: logistic regression on the whitened
        coordinates, their squares and products (exact for Gaussian distributions), and boosted
        trees (for all that is not), which cost most of the time. A test takes a support vector
        machine on the coordinates, their squares and products: seconds for some thousand points.
    folds : int
        For KL and JS the samples are cut into so many folds; each is scored by a model fitted to
        the others.
    train_fraction : float
        For a test, of either sample for training.

    Notes
    -----
    About 20 fits of each of the two default models: a second or two for 1000 points a side. Both
    samples need ten points a fold. Time is that of the model otherwise. The interval counts the
    noise of both samples and not what the model has missed: measured on 1000 points a side, that
    is -0.06 of a KL of 0.5 in ten dimensions.

    Sources: Sugiyama, Suzuki and Kanamori, *Density Ratio Estimation in Machine Learning*, 2012,
    chapter 4; Goodfellow et al., Generative adversarial nets, 2014, for the identity behind JS;
    Lopez-Paz and Oquab, Revisiting classifier two-sample tests, 2017, and Kim, Ramdas, Singh and
    Wasserman, Classification accuracy as a proxy for two-sample testing, 2021, for the test.

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
    train_fraction: float = 0.3
    name: ClassVar[str] = "classifier"

    def __post_init__(self) -> None:
        as_count(self.folds, "folds", least=2)
        check_model(self.model, probabilities=False)
        number = isinstance(self.train_fraction, (int, float, np.integer, np.floating))
        if not number or not 0 < self.train_fraction < 1:
            raise InvalidInputError(
                f"train_fraction must be a number between 0 and 1, got {self.train_fraction!r}; to "
                "fix it, pass the fraction of the points to train on, such as 0.3"
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
            `certain`, the fraction of points whose probability was cut at 1e-12.

        Raises
        ------
        InvalidInputError
            Too few points, or a model that does not return probabilities.
        MissingExtraError
            scikit-learn is not installed.

        Notes
        -----
        The bias is that of the logit: a classifier that misses some of the difference gives too
        small a number. Beyond log m the answer is extrapolation, and a warning says so.
        """
        s, t = self._held_out_logits(x, y, rng)
        ratio = np.exp(t)
        value, mean_ratio = float(s.mean()), float(ratio.mean())
        se = standard_error_of_gap(s, -ratio)
        diagnostics = {
            "donsker_varadhan": value - math.log(mean_ratio),
            "donsker_varadhan_se": standard_error_of_gap(s, -ratio / mean_ratio),
            "mean_ratio": mean_ratio,
            "effective_m": effective_size(ratio),
            "certain": _certain_fraction(s, t),
        }
        warnings = [*_warn_of_certain(s, t), *warn_beyond_log_m(value, len(y))]
        if abs(mean_ratio - 1) > 4 * standard_error_of_mean(ratio):
            warnings.append(
                f"the mean of e^logit over y is {mean_ratio:.3g} and should be 1: the classifier "
                "is not calibrated, so compare with donsker_varadhan, or pass another model"
            )
        return _estimate((value, se), (x, y), confidence_level, diagnostics, warnings)

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) as ½ mean log D(x) + ½ mean log(1 - D(y)) + log 2 on held-out points.

        Parameters
        ----------
        x, y, confidence_level, rng
            As in :meth:`kl`.

        Returns
        -------
        Estimate
            A classifier short of the best makes the value too small, negative at equal
            distributions. Diagnostics: `lower_confidence_bound`, below JS with probability at least
            `confidence_level` whatever the classifier and the distributions, for any number of
            points (it may be negative, and then bounds nothing); `accuracy`, the fraction of right
            answers on held-out points, the mean of both samples; `certain`, as in :meth:`kl`.

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
            "lower_confidence_bound": low + (high - low) * bound,
            "accuracy": 0.5 * float(np.mean(s > 0) + np.mean(t < 0)),
            "certain": _certain_fraction(s, t),
        }
        warnings = _warn_of_certain(s, t)
        return _estimate((value, se), (x, y), confidence_level, diagnostics, warnings)

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> LabelStatistic:
        """Train on one part, score the other: a statistic of the labels of the other."""
        require("sklearn", extra="all", purpose='statistic="classifier"')
        (train_x, held_x), (train_y, held_y) = (self._cut(points, rng) for points in (x, y))
        # A child seeds the model: the permutations are the same for every model.
        own = self.model is not None
        model = seeded(self.model, rng.spawn(1)[0]) if own else quadratic_machine()
        is_x = np.arange(len(train_x) + len(train_y)) < len(train_x)
        model.fit(np.concatenate([train_x, train_y]), is_x)
        held_out = scores(model, np.concatenate([held_x, held_y]))
        centered = held_out - held_out.mean()
        n, m = len(held_x), len(held_y)
        factor = 1 / n + 1 / m  # mean over x less mean over y, where the sum of all is zero

        def values(labels: BoolArray) -> FloatArray:
            return factor * (labels @ centered)

        return LabelStatistic(n, m, values, batch=256)

    def _cut(self, points: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Points to train on and points to score."""
        shuffled = points[rng.permutation(len(points))]
        count = round(self.train_fraction * len(points))
        if count < 2 or count == len(points):
            raise InvalidInputError(
                "x and y must have at least two points to train on and one to hold out, got "
                f"{len(points)} points at train_fraction={self.train_fraction:g}; to fix it, give "
                "more points"
            )
        return shuffled[:count], shuffled[count:]

    def _held_out_logits(
        self, x: FloatArray, y: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """The log ratio at the points of `x` and of `y`, by models that have not seen them."""
        check_model(self.model, probabilities=True)
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
        model = seeded(density_ratio_model() if self.model is None else self.model, rng)
        model.fit(np.concatenate(known)[order], labels[order])
        size = sum(map(len, unseen))
        p = as_probabilities(model.predict_proba(np.concatenate(unseen)), size)
        logit = np.log(np.maximum(p[:, 1], _CUT)) - np.log(np.maximum(p[:, 0], _CUT))
        logit -= math.log(len(known[0]) / len(known[1]))  # from these classes to equal ones
        return logit[: len(unseen[0])], logit[len(unseen[0]) :]


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
    value_and_se: tuple[float, float],
    samples: tuple[FloatArray, FloatArray],
    confidence_level: float,
    diagnostics: dict[str, float],
    warnings: list[str],
) -> Estimate:
    value, se = value_and_se
    low, high = extend_to_zero(normal_interval(value, se, confidence_level))
    warnings += warn_near_zero(value, se)
    if hold_copies(*samples):
        around = normal_interval(0.0, se, confidence_level)
        low, high = min(low, around[0]), max(high, around[1])
        warnings.append(
            "both samples hold the same points, and so are not independent, as the standard error "
            "takes them to be: the interval was widened to hold zero"
        )
    return Estimate(
        value=value,
        se=se,
        interval=(low, high),
        method="classifier",
        n=len(samples[0]),
        m=len(samples[1]),
        confidence_level=confidence_level,
        diagnostics=diagnostics,
        warnings=tuple(warnings),
    )


def _certain_fraction(s: FloatArray, t: FloatArray) -> float:
    edge = -math.log(_CUT) - abs(math.log(len(s) / len(t))) - 0.1  # unequal classes shift logits
    return float(np.mean(np.abs(np.concatenate([s, t])) > edge))


def _warn_of_certain(s: FloatArray, t: FloatArray) -> list[str]:
    warnings = []
    if (fraction := _certain_fraction(s, t)) > 0:
        warnings.append(
            f"the classifier was certain of {100 * fraction:.3g} % of the points, and its logits "
            "were cut there: pass a smoother model"
        )
    if s.min() > t.max():
        warnings.append(
            "the classifier tells all held-out points apart: the distributions may not overlap, in "
            "which case JS is log 2 and KL is infinite"
        )
    return warnings
