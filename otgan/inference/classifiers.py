"""The classifier two-sample statistic: how far held-out points of x score above those of y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from otgan.errors import InvalidInputError, require
from otgan.inference.statistics import BoolArray, Prepared
from otgan.measures import FloatArray

__all__ = ["ClassifierScore"]


@dataclass(frozen=True)
class ClassifierScore:
    """The mean score of held-out points of x less that of held-out points of y.

    The classifier is trained once, to tell x from y on a random share of either sample. Only the
    labels of the held-out points are permuted: the test is exact whatever was learned.

    Attributes
    ----------
    model : object or None
        Any classifier of scikit-learn that is not fitted yet (a copy is fitted); its
        ``decision_function`` is the score, or its ``predict_proba`` if it has none. By default a
        support vector machine on the coordinates, their squares and products, which takes the
        square of the number of points it is trained on: seconds for some thousands.
    share : float
        Of either sample for training.

    References
    ----------
    Lopez-Paz and Oquab, Revisiting classifier two-sample tests (2017), with accuracy as the score;
    Kim, Ramdas, Singh and Wasserman, Classification accuracy as a proxy for two-sample testing
    (2021), on permuting.
    """

    model: Any = None
    share: float = 0.3
    name: ClassVar[str] = "classifier"

    def __post_init__(self) -> None:
        number = isinstance(self.share, (int, float, np.integer, np.floating))
        if not number or not 0 < self.share < 1:
            raise InvalidInputError(
                f"share must be a number between 0 and 1, got {self.share!r}; to fix it, pass the "
                "share of the points to train on, such as 0.3"
            )
        if self.model is not None and (isinstance(self.model, type) or not _is_model(self.model)):
            raise InvalidInputError(
                "model must be a classifier with fit and decision_function or predict_proba, got "
                f"{self.model!r}; to fix it, pass an object such as LogisticRegression()"
            )

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Prepared:
        """Train on one part, score the other."""
        (train_x, held_x), (train_y, held_y) = (self._split(side, rng) for side in (x, y))
        scores = self._scores(train_x, train_y, np.concatenate([held_x, held_y]))
        n, m = len(held_x), len(held_y)
        centered = scores - scores.mean()
        factor = 1 / n + 1 / m  # mean over x less mean over y, where the sum of all is zero

        def values(labels: BoolArray) -> FloatArray:
            return factor * (labels @ centered)

        return Prepared(n, m, values, batch=256)

    def _split(self, points: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        shuffled = points[rng.permutation(len(points))]
        count = round(self.share * len(points))
        if count < 2 or count == len(points):
            raise InvalidInputError(
                f"x and y must have at least two points to train on and one to hold out, got "
                f"{len(points)} points at share={self.share:g}; to fix it, give more points"
            )
        return shuffled[:count], shuffled[count:]

    def _scores(self, x: FloatArray, y: FloatArray, held_out: FloatArray) -> FloatArray:
        require("sklearn", extra="all", purpose='statistic="classifier"')
        from sklearn.base import clone

        model = _quadratic_machine() if self.model is None else clone(self.model)
        model.fit(np.concatenate([x, y]), np.arange(len(x) + len(y)) < len(x))
        if hasattr(model, "decision_function"):
            return np.asarray(model.decision_function(held_out), np.float64)
        return np.asarray(model.predict_proba(held_out)[:, 1], np.float64)


def _is_model(model: Any) -> bool:
    return hasattr(model, "fit") and (
        hasattr(model, "decision_function") or hasattr(model, "predict_proba")
    )


def _quadratic_machine() -> Any:
    """A support vector machine that sees products of two coordinates, at any dimension.

    Strong regularization, and more weight for the coordinates than for their products: few points
    are at hand. benchmarks/two_sample.py compares its power with that of others.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(kernel="poly", degree=2, coef0=0.5, C=0.01))
