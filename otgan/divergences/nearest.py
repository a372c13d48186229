"""KL and JS from nearest neighbours: how far the next points of either sample are.

Sources: Wang, Kulkarni and Verdú, Divergence estimation for multidimensional densities via
k-nearest-neighbor distances (IEEE Transactions on Information Theory 2009), (5) and (29);
Pérez-Cruz, Kullback-Leibler divergence estimation of continuous distributions (ISIT 2008);
Ross, Mutual information between discrete and continuous data sets (PLoS ONE 2014), (2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from otgan.divergences.gaussian_start import (
    Whitening,
    enough_for_gaussian,
    gaussian_excess,
    gaussian_fits,
    gaussian_kl,
    gaussian_score,
    log_ball_volume,
)
from otgan.divergences.subsampling import check_subsamples, subsample_spread
from otgan.errors import DuplicateSamplesError, InvalidInputError
from otgan.estimate import Estimate, influence_se, normal_interval
from otgan.measures import FloatArray

__all__ = ["NearestNeighbours"]

_NEAR, _WIDE = 5, 20
_RIVAL_POINTS = 500
_AGREEMENT = 0.5  # nats between settings, beyond a standard error, that are no cause for doubt


@dataclass(frozen=True)
class NearestNeighbours:
    """k-nearest-neighbour estimates of KL and JS between laws with densities, in any dimension.

    For each x_i, ρ is its distance to the k-th other point of x, ν that to the k-th point of y, and
    KL(P‖Q) is estimated by ``mean d log(ν/ρ) + log(m/(n-1))``. By default, unless the tails are too
    heavy for it, a Gaussian is fitted to each sample, and their KL is corrected by how many points
    the balls hold that the Gaussians do not expect there. That removes most of the bias in higher
    dimension.

    Parameters
    ----------
    k : int or {"auto", "matched"}
        The neighbour in x. ``"auto"`` takes the 5th, and beside a Gaussian the √n-th (at most the
        20th), whose noise is smaller, unless the two estimates differ by more than three standard
        errors of their difference, which shows a bias. ``"matched"`` reduces the bias by
        one radius for both samples, the larger of the two nearest distances.
    k_y : int, optional
        The neighbour in y, if it is to be another one than in x.
    start : {"auto", "gaussian", "none"}
        Whether balls are read beside a Gaussian. ``"matched"`` and `k_y` go without.
    whiten : bool
        Whether distances are those of coordinates in which y has covariance one (with a Gaussian
        start each sample has its own). KL does not depend on coordinates, the estimate does.

    Raises
    ------
    InvalidInputError
        A parameter that has no meaning.

    Notes
    -----
    O((n + m) log m) time in low dimension, up to O(n m) in high dimension. The standard error is
    that of subsamples, the bootstrap being invalid here. No estimate from m points can be trusted
    far beyond log m: there, the distance to the nearest y says little about the density of Q.

    Examples
    --------
    >>> x, y = np.array([[1.0], [2.0], [4.0]]), np.array([[1.5], [3.0]])
    >>> plain = NearestNeighbours(k=1, start="none")
    >>> print(f"{plain.kl_value(x, y):.6f}")  # -log 2
    -0.693147
    """

    k: int | Literal["auto", "matched"] = "auto"
    k_y: int | None = None
    start: Literal["auto", "gaussian", "none"] = "auto"
    whiten: bool = True

    def __post_init__(self) -> None:
        for name, value in (("k", self.k), ("k_y", self.k_y)):
            words = ("auto", "matched") if name == "k" else (None,)
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if value not in words and not (whole and value >= 1):  # type: ignore[operator]
                raise InvalidInputError(
                    f"{name} must be a whole number >= 1{' or a word' if name == 'k' else ''}, got "
                    f"{value!r}; to fix it, pass for example {name}=5"
                )
        if self.start not in ("auto", "gaussian", "none"):
            raise InvalidInputError(
                f"start must be 'auto', 'gaussian' or 'none', got {self.start!r}; "
                "to fix it, pass one of them"
            )
        if self.start == "gaussian" and (self.k == "matched" or self.k_y is not None):
            raise InvalidInputError(
                f"a Gaussian start must go with one k for both samples, got k={self.k!r}, "
                f"k_y={self.k_y!r}; to fix it, leave out start or k_y"
            )

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) from samples x (n, d) of P and y (m, d) of Q, without equal points."""
        x, y = _in_their_span(x, y)
        settled = self._settled(x, y)
        parts, spread = settled._kl_parts(x, y), subsample_spread(settled._kl_parts, x, y, rng)
        diagnostics = {"gaussian_start": float(settled.start == "gaussian")}
        doubts = _too_few_for(x, y)
        if settled.start == "gaussian":
            wide = int(_agree(parts[1:], spread[:, 1:]))
            if not wide:
                near, far = parts[0] + parts[1:]
                doubts.append(
                    f"the estimate moves from {far:.3g} to {near:.3g} as balls shrink, and may "
                    "move on: its interval does not count this bias; more points help"
                )
            parts, spread = parts[[0, 1 + wide]], spread[:, [0, 1 + wide]]
            diagnostics["k"] = float(settled._ks(x, y)[wide])
        value, se = float(parts.sum()), float(spread.sum(axis=1).std(ddof=1))
        rivals = _rivals(x, y, rng)
        doubts += _doubts(value, se, len(y), rivals)
        diagnostics |= {f"rival: {name}": rival for name, rival in rivals.items()}
        interval = normal_interval(value, se, confidence, freedom=len(spread) - 1)
        return Estimate(
            value, se, interval, "knn", len(x), len(y), confidence, diagnostics, tuple(doubts)
        )

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) from samples x (n, d) of P and y (m, d) of Q, without equal points.

        For each point, how many points of the other sample lie nearer than the k-th of its own
        (3rd by default), as many points of either sample being looked at. Each term is an unbiased
        estimate of log(p/½(p + q)) up to the variation of the densities in its ball, and as this
        is best possible to first order, the terms' variance gives the standard error.
        """
        if self.k == "matched" or self.k_y is not None or self.start == "gaussian":
            raise InvalidInputError(
                f"js must be estimated with one k and no Gaussian start, got k={self.k!r}, "
                f"k_y={self.k_y!r}, start={self.start!r}; to fix it, pass k alone"
            )
        k = 3 if self.k == "auto" else int(self.k)
        _check_enough(min(len(x), len(y)), k)
        check_subsamples(len(x), len(y))
        x, y = _in_their_span(x, y)
        doubts = tuple(_too_few_for(x, y))
        if self.whiten and (whitening := Whitening.of(np.concatenate([x, y]))):
            x, y = whitening(x), whitening(y)
        terms_x, terms_y = _js_terms(x, y, k, rng), _js_terms(y, x, k, rng)
        value = 0.5 * float(terms_x.mean() + terms_y.mean())
        se = 0.5 * influence_se(terms_x, terms_y)
        interval = normal_interval(value, se, confidence)
        return Estimate(
            value, se, interval, "knn", len(x), len(y), confidence, {"k": float(k)}, doubts
        )

    def kl_value(self, x: FloatArray, y: FloatArray) -> float:
        """The estimate alone, by the widest balls, without its error: for small samples."""
        parts = self._settled(x, y)._kl_parts(x, y)
        return float(parts[0] + parts[-1] if len(parts) > 1 else parts[0])

    def kl_to_density(
        self,
        x: FloatArray,
        log_density: FloatArray,
        *,
        confidence: float,
        rng: np.random.Generator,
    ) -> Estimate:
        """KL(P‖Q) from a sample x (n, d) of P and log q at its points, shape (n,)."""
        gaussian = self.start != "none" and self.k != "matched" and gaussian_fits(x)
        most = _WIDE if gaussian else _NEAR
        stacked = np.column_stack([x, log_density])

        def parts(rows: FloatArray, _: FloatArray) -> FloatArray:
            points, height = np.ascontiguousarray(rows[:, :-1]), rows[:, -1].mean()
            k = int(self.k) if isinstance(self.k, int) else min(most, round(math.sqrt(len(rows))))
            _check_enough(len(rows) - 1, k)
            if gaussian:
                excess = _finite(gaussian_excess(points, points, (k,)))[0]
                return np.array([gaussian_score(points, points) - height, excess])
            return np.array([_plain_score(points, k, whiten=self.whiten) - height])

        found, spread = parts(stacked, stacked), subsample_spread(parts, stacked, stacked, rng)
        value, se = float(found.sum()), float(spread.sum(axis=1).std(ddof=1))
        interval = normal_interval(value, se, confidence, freedom=len(spread) - 1)
        return Estimate(
            value,
            se,
            interval,
            "knn, density of y known",
            len(x),
            0,
            confidence,
            {"gaussian_start": float(gaussian)},
        )

    def _settled(self, x: FloatArray, y: FloatArray) -> NearestNeighbours:
        """The same with `start` decided by the samples."""
        if self.start == "none" or self.k == "matched" or self.k_y is not None:
            return replace(self, start="none")
        if self.start == "gaussian":
            for name, sample in (("x", x), ("y", y)):
                if not enough_for_gaussian(sample):
                    d = sample.shape[1]
                    raise InvalidInputError(
                        f"{name} must have more than {4 * d + 8} points that span all {d} "
                        f"dimensions for a Gaussian start, got {len(sample)}; to fix it, pass "
                        'start="none"'
                    )
            return self
        fits = gaussian_fits(x) and gaussian_fits(y)
        return replace(self, start="gaussian" if fits else "none")

    def _ks(self, x: FloatArray, y: FloatArray) -> tuple[int, int]:
        """A near and a wide neighbour; the same if one was asked for, or none but it is fit."""
        if self.k not in ("auto", "matched"):
            return int(self.k), int(self.k)
        small = min(len(x) - 1, len(y))
        wide = min(_WIDE, max(1, round(math.sqrt(small))))
        return min(_NEAR, wide), wide

    def _kl_parts(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The estimate; or beside Gaussians their KL, and what near and wide balls add to it."""
        near, wide = self._ks(x, y)
        _check_enough(len(x) - 1, near)
        _check_enough(len(y), near if self.k_y is None else self.k_y)
        if self.start == "gaussian":
            ks = (near, wide)
            excess = gaussian_excess(x, x, ks) - gaussian_excess(x, y, ks)
            gaussian = gaussian_score(x, x) - gaussian_score(x, y)
            return np.array([gaussian, *_finite(excess)])
        if self.whiten and (whitening := Whitening.of(y)):
            x, y = whitening(x), whitening(y)
        if self.k == "matched":
            return _matched(x, y)
        k_y = near if self.k_y is None else self.k_y
        rho = cKDTree(x).query(x, k=[near + 1])[0]
        nu = cKDTree(y).query(x, k=[k_y])[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = x.shape[1] * (np.log(nu) - np.log(rho)).mean(axis=0)
        return _finite(mean) + digamma(near) - digamma(k_y) + math.log(len(y) / (len(x) - 1))


def _agree(values: FloatArray, spread: FloatArray) -> bool:
    """Whether two estimates differ by at most three standard errors of their difference."""
    return bool(abs(values[1] - values[0]) <= 3 * (spread[:, 1] - spread[:, 0]).std(ddof=1))


def _check_enough(points: int, k: int) -> None:
    if points < k:
        raise InvalidInputError(
            f"k must be at most the number of other points, got k={k} for {points}; to fix it, "
            "give more points or a smaller k"
        )


def _finite(means: FloatArray) -> FloatArray:
    """The means, unless a distance of 0, which has no logarithm, is among their terms."""
    _refuse_coincidence(~np.isfinite(means))
    return means


def _refuse_coincidence(coincide: NDArray[np.bool_]) -> None:
    if coincide.any():
        raise DuplicateSamplesError(
            "a point must not coincide with its k-th neighbour, got points that do; to fix it, "
            'pass ties="discrete" for counts and categories, or ties="jitter" for rounded '
            "measurements"
        )


def _matched(x: FloatArray, y: FloatArray) -> FloatArray:
    """The bias-reduced estimate: the k_i and l_i that one radius for both samples reaches."""
    n, d = x.shape
    tree_x, tree_y = cKDTree(x), cKDTree(y)
    radius = np.maximum(tree_x.query(x, k=[2])[0], tree_y.query(x, k=[1])[0])[:, 0]
    radius *= 1 + 1e-12  # the point that set the radius is inside, whatever rounding says
    within_x = np.maximum(tree_x.query_ball_point(x, radius, return_length=True) - 1, 1)
    within_y = np.maximum(tree_y.query_ball_point(x, radius, return_length=True), 1)
    rho = tree_x.query(x, k=np.unique(within_x + 1))[0]
    nu = tree_y.query(x, k=np.unique(within_y))[0]
    rows = np.arange(n)
    rho = rho[rows, np.searchsorted(np.unique(within_x), within_x)]
    nu = nu[rows, np.searchsorted(np.unique(within_y), within_y)]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = d * (np.log(nu) - np.log(rho)) + digamma(within_x) - digamma(within_y)
    return _finite(terms.mean(keepdims=True)) + math.log(len(y) / (n - 1))


def _plain_score(x: FloatArray, k: int, *, whiten: bool) -> float:
    """E log p from balls in which the density is taken for flat: minus the entropy."""
    n, d = x.shape
    whitening = Whitening.of(x) if whiten else None
    white = x if whitening is None else whitening(x)
    with np.errstate(divide="ignore"):
        logs = np.log(cKDTree(white).query(white, k=[k + 1])[0]).mean(axis=0)
    volume = log_ball_volume(d) + d * _finite(logs)[0]
    volume += 0.0 if whitening is None else whitening.log_scale
    return float(digamma(k) - math.log(n - 1) - volume)


def _js_terms(x: FloatArray, y: FloatArray, k: int, rng: np.random.Generator) -> FloatArray:
    """Estimates of log(p/½(p + q)) at the points of x, shape (n,).

    With as many points of either sample, the number that must be seen until k own ones are has
    a negative binomial law, for which ψ(k) - ψ(number) is unbiased.
    """
    size = min(len(x), len(y))
    own, other = _part(x, size, rng), _part(y, size, rng)
    nearest, kth, next_one = cKDTree(own).query(x, k=[1, k, k + 1])[0].T
    inside = nearest == 0  # the point itself is looked at, and does not count
    radius = np.where(inside, next_one, kth)
    _refuse_coincidence(radius == 0)
    count = cKDTree(other).query_ball_point(x, radius, return_length=True)
    weight = (size - inside) / size
    return digamma(k) - digamma(k + weight * count) + math.log(2)


def _part(x: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    return x if len(x) == size else x[rng.choice(len(x), size, replace=False)]


def _rivals(x: FloatArray, y: FloatArray, rng: np.random.Generator) -> dict[str, float]:
    """Other estimates of KL, from at most 500 points of each sample."""
    x, y = (_part(z, min(len(z), _RIVAL_POINTS), rng) for z in (x, y))
    rivals = {"this": NearestNeighbours().kl_value(x, y)}
    for whiten in (False, True):
        where = "whitened" if whiten else "raw"
        ks: tuple[int | Literal["matched"], ...] = (1, 5, "matched")
        for k in ks:
            method = NearestNeighbours(k, start="none", whiten=whiten)
            rivals[f"k={k}, {where}"] = method.kl_value(x, y)
    gaussian = gaussian_kl(x, y)
    if gaussian is not None:
        rivals["Gaussian"] = gaussian
    return rivals


def _in_their_span(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coordinates in the flat that holds both samples, if they lie in one of lower dimension.

    Distances are the same in it, densities and their powers of the distance are not.
    """
    both = np.concatenate([x, y])
    d = both.shape[1]
    if len(both) <= 2 * d or Whitening.of(both) is not None:
        return x, y
    centred = both - both.mean(axis=0)
    scales = np.linalg.norm(centred, axis=0)
    _, sizes, axes = np.linalg.svd(centred / np.where(scales > 0, scales, 1.0), full_matrices=False)
    rank = int((sizes > 1e-5 * sizes[0]).sum()) if sizes[0] > 0 else 0
    if rank == 0:
        raise DuplicateSamplesError(
            "x and y must hold different points, got the same one everywhere; to fix it, check "
            "that the data were loaded"
        )
    inside = centred @ (axes[:rank] / np.where(scales > 0, scales, 1.0)).T
    return np.ascontiguousarray(inside[: len(x)]), np.ascontiguousarray(inside[len(x) :])


def _too_few_for(x: FloatArray, y: FloatArray) -> list[str]:
    """A warning for samples that cannot fill their space, or none."""
    d, small = x.shape[1], min(len(x), len(y))
    if small > 2 * d:
        return []
    return [
        f"{small} points say little about densities in {d} dimensions: the value and its error are "
        'guesses; to fix it, use fewer coordinates, more points, or method="classifier"'
    ]


def _doubts(value: float, se: float, m: int, rivals: dict[str, float]) -> list[str]:
    """Why not to trust an estimate, a sentence each."""
    doubts = []
    if value > math.log(m):
        doubts.append(
            f"{value:.3g} is more than log m = {math.log(m):.3g}: so far from x, {m} points of y "
            "say little about their density, and the value rests on the shape assumed for it"
        )
    neighbours = {name: rival for name, rival in rivals.items() if name != "Gaussian"}
    low, high = (
        min(neighbours, key=neighbours.__getitem__),
        max(neighbours, key=neighbours.__getitem__),
    )
    tolerance = _AGREEMENT + se
    if neighbours[high] - neighbours[low] > tolerance:
        doubts.append(
            f"other settings disagree, from {rivals[low]:.3g} ({low}) to {rivals[high]:.3g} "
            f"({high}), this one {rivals['this']:.3g} on the same points: balls are too wide for "
            "densities that vary so much; more points help, or fewer coordinates"
        )
    elif abs(rivals.get("Gaussian", rivals["this"]) - rivals["this"]) > tolerance:
        doubts.append(
            f"Gaussians fitted to both samples have KL {rivals['Gaussian']:.3g}, while neighbours "
            f"agree on {rivals[low]:.3g} to {rivals[high]:.3g}: these laws are not Gaussian"
        )
    return doubts
