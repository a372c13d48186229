"""Classifiers of scikit-learn: the default ones, and what is asked of a user's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = [
    "as_probabilities",
    "check_model",
    "density_ratio_model",
    "quadratic_machine",
    "scores",
    "seeded",
]

_PRINCIPAL_DIRECTIONS = 50  # that enter the quadratic terms of the default model


def check_model(model: Any, *, probabilities: bool) -> None:
    """Raise unless `model` is an object with the methods of a classifier, or None.

    Without `probabilities`, ``decision_function`` will do.
    """
    scored = ("predict_proba",) if probabilities else ("predict_proba", "decision_function")
    if model is None or (
        not isinstance(model, type)
        and callable(getattr(model, "fit", None))
        and any(callable(getattr(model, name, None)) for name in scored)
    ):
        return
    raise InvalidInputError(
        f"model must be a classifier with fit and {' or '.join(scored)}, got {model!r}; "
        "to fix it, pass an object such as sklearn.linear_model.LogisticRegression()"
    )


def scores(model: Any, points: FloatArray) -> FloatArray:
    """How far a fitted model takes points to be of the class 1: its decision or its probability."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(points), np.float64)
    return np.asarray(model.predict_proba(points)[:, 1], np.float64)


def density_ratio_model() -> Any:
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
    return coordinates[:, :_PRINCIPAL_DIRECTIONS]


def seeded(model: Any, rng: np.random.Generator) -> Any:
    """An unfitted copy that draws from `rng` wherever no random state was chosen."""
    from sklearn.base import clone

    copy = clone(model, safe=False)
    if hasattr(copy, "get_params"):
        names = [name for name in copy.get_params() if name.split("__")[-1] == "random_state"]
        free = [name for name in sorted(names) if copy.get_params()[name] is None]
        copy.set_params(**{name: int(rng.integers(2**31)) for name in free})
    return copy


def as_probabilities(returned: Any, rows: int) -> FloatArray:
    """What a model returned, as probabilities of two classes."""
    array = np.asarray(returned, dtype=np.float64)
    if array.shape != (rows, 2) or not (np.isfinite(array).all() and (array >= 0).all()):
        raise InvalidInputError(
            f"model must return finite probabilities of shape ({rows}, 2), got shape "
            f"{array.shape}, finite in {np.isfinite(array).sum()} entries; to fix it, pass a "
            "classifier whose predict_proba has one column for each of two classes"
        )
    return array


def quadratic_machine() -> Any:
    """A support vector machine on products of two coordinates, at any dimension.

    Strong regularization, and more weight for the coordinates than for their products: few points
    are at hand. benchmarks/two_sample.py compares its power with that of others.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(kernel="poly", degree=2, coef0=0.5, C=0.01))
