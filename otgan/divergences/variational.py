"""KL and JS as suprema over functions, with a small network as the function (PyTorch).

A divergence is the largest value of a bound over all functions T; any T shows a lower value. The
network is fitted on one part of the data and stopped by a second; the bound is read on a third.
Every point is read once: the folds' networks are trained together, as one batch of matrices.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from otgan.devices import pick_device
from otgan.divergences.held_out import check_folds, effective_size, js_by_log_ratio
from otgan.errors import (
    InvalidInputError,
    SampleTooSmallError,
    TrainingDivergedError,
    nearest_name,
    require,
)
from otgan.estimates import Estimate, normal_interval, standard_error_of_gap, warn_near_zero
from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.pooled_null import extend_to_zero
from otgan.torch_modes import gradients_on

if TYPE_CHECKING:
    import torch

__all__ = ["Variational"]

logger = logging.getLogger(__name__)

OBJECTIVES = ("dv", "js", "nwj")

_BATCH = 256
_RATE = 2e-3
_DECAY = 1e-2
_LOOK = 20  # steps between two looks at the validation points
_PATIENCE = 200  # steps without a better look that end the training


@checks_keywords
@dataclass(frozen=True)
class Variational:
    """KL and JS from samples, by the variational bound of a network on points it has not seen.

    Parameters
    ----------
    objective : {"js", "dv", "nwj"}
        What the network maximizes, with T its output, P the distribution of `x` and Q that of `y`:
        ``"js"``, E_P log σ(T) + E_Q log(1 - σ(T)), whose optimum is T = log p/q;
        ``"dv"`` (Donsker and Varadhan), E_P T - log E_Q e^T;
        ``"nwj"`` (Nguyen, Wainwright and Jordan), 1 + E_P T - E_Q e^T.
        ``"js"`` trains most steadily, and its T is read by the bound of ``"dv"`` for KL; JS is
        estimated by ``"js"`` alone.
    hidden : sequence of int
        Widths of the hidden layers.
    steps : int
        The most steps of training; it ends before that if the validation points stop improving.
    folds : int
        The data are cut into so many parts; each is read by a network that was trained on the
        others (a fifth of which only stops the training).
    device : str or torch.device
        Where to train; ``"auto"`` is CUDA if there is any and the networks are large enough to
        gain by it (the default ones are not), else the CPU.

    Notes
    -----
    A few seconds on a CPU for 1000 points a side in ten dimensions. Coordinates are whitened by
    the pooled covariance. T stays within ±log m, which lowers JS by at most log(1 + 1/m). The
    interval counts the noise of both samples and not what the networks have missed: measured on
    1000 points a side, that is -0.08 of a KL of 0.5 in ten dimensions. The same `rng` gives the
    same number on the same machine.

    Sources: Donsker and Varadhan, Asymptotic evaluation of certain Markov process expectations IV,
    1983; Nguyen, Wainwright and Jordan, Estimating divergence functionals and the likelihood ratio
    by convex risk minimization, 2010; Nowozin, Cseke and Tomioka, f-GAN, 2016.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(0, 1, (500, 1)), rng.normal(1, 1, (500, 1))
    >>> r = Variational(steps=200).kl(x, y, confidence_level=0.95, rng=rng)  # the truth is 0.5
    >>> r.interval[0] < 0.5 < r.interval[1]
    True
    """

    objective: Literal["js", "dv", "nwj"] = "js"
    hidden: Sequence[int] = (64, 64)
    steps: int = 1000
    folds: int = 5
    device: Any = "auto"

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise InvalidInputError(
                f"objective must be one of {', '.join(map(repr, OBJECTIVES))}, got "
                f"{self.objective!r}; to fix it, {nearest_name(str(self.objective), OBJECTIVES)}"
            )
        object.__setattr__(self, "hidden", _as_widths(self.hidden))
        as_count(self.steps, "steps")
        as_count(self.folds, "folds", least=2)

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) by the bound on held-out points.

        Parameters
        ----------
        x, y, confidence_level
            As in :meth:`otgan.Classifier.kl`.
        rng : numpy.random.Generator
            Draws the folds, the first weights and the batches.

        Returns
        -------
        Estimate
            With the standard error of the bound for the networks as they are: the bound is below
            KL by what they have missed. Diagnostics: `steps`, how many were taken; `log_m`;
            `effective_m`, how many points of `y` carry the mean of e^T.

        Raises
        ------
        SampleTooSmallError
            The answer exceeds log m, and no bound of this kind can confirm that from m points of
            `y`; the estimate is attached as `partial`.
        InvalidInputError
            Too few points, points that are all the same, or an unusable device.
        TrainingDivergedError
            The score was never finite on the validation points.
        MissingExtraError
            PyTorch is not installed.

        Notes
        -----
        Source of the limit: McAllester and Stratos, Formal limitations on the measurement of mutual
        information, 2020.
        """
        read = self._read(x, y, rng)
        if self.objective == "nwj":
            ratio = np.exp(read.of_y)
            value, influence = 1 + float(read.of_x.mean() - ratio.mean()), ratio
        else:
            top = read.of_y.max()
            ratio = np.exp(read.of_y - top)
            value = float(read.of_x.mean() - top) - math.log(ratio.mean())
            influence = ratio / ratio.mean()
        se = standard_error_of_gap(read.of_x, -influence)
        log_m = math.log(len(y))
        diagnostics = {
            "steps": float(read.steps),
            "log_m": log_m,
            "effective_m": effective_size(ratio),
        }
        estimate = self._estimate(value, se, x, y, confidence_level, diagnostics)
        if value > log_m:
            raise SampleTooSmallError(
                f"KL must be at most log m = {log_m:.4g} to be confirmed by m = {len(y)} points "
                f"of y, got {value:.4g}; to fix it, draw at least "
                f"{math.exp(min(value, 700)):.2g} points of y, or ask for JS, which is bounded",
                estimate,
            )
        return estimate

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) as ½ mean log σ(T(x)) + ½ mean log(1 - σ(T(y))) + log 2 on held-out points.

        Parameters
        ----------
        x, y, confidence_level, rng
            As in :meth:`kl`.

        Returns
        -------
        Estimate
            Below JS by what the networks have missed, so negative at equal distributions.
            Diagnostics: `steps`, how many were taken.

        Raises
        ------
        InvalidInputError, TrainingDivergedError, MissingExtraError
            As in :meth:`kl`; also for an objective other than ``"js"``.
        """
        if self.objective != "js":
            raise InvalidInputError(
                f"objective must be 'js' to estimate JS, got {self.objective!r}; to fix it, "
                "leave it out, or ask for KL"
            )
        read = self._read(x, y, rng)
        value, se = js_by_log_ratio(read.of_x, read.of_y)
        return self._estimate(value, se, x, y, confidence_level, {"steps": float(read.steps)})

    def _estimate(
        self,
        value: float,
        se: float,
        x: FloatArray,
        y: FloatArray,
        confidence_level: float,
        diagnostics: dict[str, float],
    ) -> Estimate:
        interval = extend_to_zero(normal_interval(value, se, confidence_level))
        return Estimate(
            value=value,
            se=se,
            interval=interval,
            method=f"variational ({self.objective})",
            n=len(x),
            m=len(y),
            confidence_level=confidence_level,
            diagnostics=diagnostics,
            warnings=warn_near_zero(value, se),
        )

    def _work(self, d: int) -> float:
        """Multiply-adds of a forward pass of all networks over their batches."""
        widths = itertools.pairwise((d, *self.hidden, 1))
        return float(self.folds * _BATCH * sum(before * after for before, after in widths))

    @gradients_on()
    def _read(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> _Read:
        """T at every point, by networks that were trained without it."""
        require("torch", extra="torch", purpose="a variational bound")
        check_folds(x, y, self.folds)
        import torch

        device = pick_device(self.device, work=self._work(x.shape[1]))
        rows = torch.as_tensor(_whiten(np.concatenate([x, y])), dtype=torch.float32, device=device)
        parts_x, parts_y = _Parts.of(len(x), self.folds, rng), _Parts.of(len(y), self.folds, rng)
        draw = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
        widths = [rows.shape[1], *self.hidden, 1]
        first = _Networks(_first_weights(widths, self.folds, draw), math.log(len(y)))
        data = rows[: len(x)], rows[len(x) :]
        networks, taken = _train(first, data, (parts_x, parts_y), self.objective, self.steps, draw)
        with torch.no_grad():
            of_x = _held_out(networks, data[0], parts_x)
            of_y = _held_out(networks, data[1], parts_y)
        return _Read(of_x, of_y, taken)


class _Read(NamedTuple):
    """T at the points of both samples, and how many steps the networks took."""

    of_x: FloatArray
    of_y: FloatArray
    steps: int


class _Parts(NamedTuple):
    """For each fold, which points train, which validate and which are read.

    `train` and `check` are index matrices with a row for each fold.
    """

    train: Any
    check: Any
    read: list[Any]

    @classmethod
    def of(cls, count: int, folds: int, rng: np.random.Generator) -> _Parts:
        read = np.array_split(rng.permutation(count), folds)
        others = [np.concatenate(read[:k] + read[k + 1 :]) for k in range(folds)]
        length = min(map(len, others))  # sizes differ by one at most
        mixed = np.stack([rng.permutation(indices)[:length] for indices in others])
        edge = math.ceil(length / 5)
        return cls(mixed[:, edge:], mixed[:, :edge], read)


def _first_weights(widths: Sequence[int], folds: int, draw: torch.Generator) -> list[torch.Tensor]:
    """Matrices (folds, in, out) and biases (folds, 1, out) in turn; the last layer starts at 0."""
    import torch

    weights = []
    like: dict[str, Any] = {"device": draw.device, "dtype": torch.float32}
    for into, out in itertools.pairwise(widths):
        matrix = torch.randn(folds, into, out, generator=draw, **like)
        weights += [matrix * math.sqrt(2 / into), torch.zeros(folds, 1, out, **like)]
    weights[-2].zero_()
    return weights


class _Networks(NamedTuple):
    """One network for each fold, with T in (-edge, edge).

    The edge is log m: a ratio beyond m leaves no trace in m points of y, and a T that runs away
    where x has points and y has none would ruin the bound at the first y that it has not seen.
    `weights` are matrices (folds, in, out) and biases (folds, 1, out) in turn.
    """

    weights: list[torch.Tensor]
    edge: float

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """T of every fold's network at its own rows, (folds, rows, d) to (folds, rows)."""
        import torch

        for matrix, bias in zip(self.weights[:-2:2], self.weights[1:-2:2], strict=True):
            rows = torch.nn.functional.silu(torch.baddbmm(bias, rows, matrix))
        last = torch.baddbmm(self.weights[-1], rows, self.weights[-2])[..., 0]
        return self.edge * torch.tanh(last / self.edge)

    def of(self, fold: int) -> _Networks:
        """The network of one fold."""
        return _Networks([tensor[fold : fold + 1] for tensor in self.weights], self.edge)


def _bound(of_x: torch.Tensor, of_y: torch.Tensor, objective: str) -> torch.Tensor:
    """What each fold's network maximizes, shape (folds,), from T at its points."""
    import torch

    if objective == "js":
        softplus = torch.nn.functional.softplus
        return -softplus(-of_x).mean(1) - softplus(of_y).mean(1)
    if objective == "dv":
        return of_x.mean(1) - torch.logsumexp(of_y, 1) + math.log(of_y.shape[1])
    return 1 + of_x.mean(1) - torch.exp(of_y).mean(1)


def _log_score(of_x: torch.Tensor, of_y: torch.Tensor, objective: str) -> torch.Tensor:
    """The bound of ``"js"`` for the log ratio that T stands for, which is T up to a constant.

    It stops every training: bounds of KL can be raised without end by points of x that no point
    of y is near, on validation points too.
    """
    import torch

    if objective == "dv":
        constant = torch.logsumexp(of_y, 1, keepdim=True) - math.log(of_y.shape[1])
        of_x, of_y = of_x - constant, of_y - constant
    return _bound(of_x, of_y, "js")


def _train(
    networks: _Networks,
    data: tuple[torch.Tensor, torch.Tensor],
    parts: tuple[_Parts, _Parts],
    objective: str,
    steps: int,
    draw: torch.Generator,
) -> tuple[_Networks, int]:
    """For each fold the weights that did best on its validation points; how many steps it took."""
    import torch

    weights = networks.weights
    train_x, train_y = (torch.as_tensor(part.train, device=draw.device) for part in parts)
    check_x, check_y = (
        rows[torch.as_tensor(part.check, device=draw.device)]
        for rows, part in zip(data, parts, strict=True)
    )
    for tensor in weights:
        tensor.requires_grad_()
    adam = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY)
    best = _Best.before(weights)
    step = 0
    for step in range(1, steps + 1):
        batch_x, batch_y = data[0][_pick(train_x, draw)], data[1][_pick(train_y, draw)]
        loss = -_bound(networks(batch_x), networks(batch_y), objective).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
        if step % _LOOK and step < steps:
            continue
        with torch.no_grad():
            score = _log_score(networks(check_x), networks(check_y), objective)
            best = best.or_better(weights, score, step)
        if step - best.step >= _PATIENCE:
            break
    logger.debug("%d steps, validation %s", step, best.score.tolist())
    best.check_finite(objective)
    return _Networks(best.weights, networks.edge), step


class _Best(NamedTuple):
    """The weights of each fold that did best on its validation points so far.

    Attributes
    ----------
    weights : list of torch.Tensor
        As in :class:`_Networks`.
    score : torch.Tensor, shape (folds,)
        The log score of each fold's weights.
    step : int
        The last step at which any fold did better than before.
    """

    weights: list[torch.Tensor]
    score: torch.Tensor
    step: int

    @classmethod
    def before(cls, weights: list[torch.Tensor]) -> _Best:
        """Before training: copies of the first weights, which anything is better than."""
        import torch

        score = torch.full(
            (len(weights[0]),), -math.inf, device=weights[0].device, dtype=torch.float32
        )
        return cls([tensor.detach().clone() for tensor in weights], score, 0)

    def or_better(self, weights: list[torch.Tensor], score: torch.Tensor, step: int) -> _Best:
        """The new weights where their score is higher, and the old ones of the other folds."""
        import torch

        better = score > self.score
        folds = better[:, None, None]
        chosen = [torch.where(folds, *pair) for pair in zip(weights, self.weights, strict=True)]
        improved = step if bool(better.any()) else self.step
        return _Best(chosen, torch.where(better, score, self.score), improved)

    def check_finite(self, objective: str) -> None:
        """Raise if a fold never had a finite score."""
        import torch

        if not bool(torch.isfinite(self.score).all()):
            raise TrainingDivergedError(
                f"the log score on validation points must be finite, got {self.score.tolist()} "
                f"with objective={objective!r}; to fix it, use objective='js', or take outliers "
                "away"
            )


def _pick(index: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """A batch of each row of `index`, drawn with replacement; all of it where it is small."""
    import torch

    folds, count = index.shape
    if count <= _BATCH:
        return index
    where = torch.randint(count, (folds, _BATCH), generator=draw, device=draw.device)
    return index.gather(1, where)


def _held_out(networks: _Networks, rows: torch.Tensor, parts: _Parts) -> FloatArray:
    """T at every row, by the network that was trained without it."""
    values = np.empty(len(rows))
    for fold, indices in enumerate(parts.read):
        values[indices] = networks.of(fold)(rows[indices][None])[0].double().cpu().numpy()
    return values


def _whiten(points: FloatArray) -> FloatArray:
    """Uncorrelated coordinates of mean 0 and variance 1; directions of mere rounding are left out.

    Each column is scaled first, so that units do not decide what counts as rounding.
    """
    centered = points - points.mean(axis=0)
    spread = np.abs(centered).max(axis=0)
    centered = centered[:, spread > 0] / spread[spread > 0]
    left, singular, _ = np.linalg.svd(centered, full_matrices=False)
    kept = singular > 1e-6 * singular[0]
    return left[:, kept] * math.sqrt(len(points))


def _as_widths(hidden: Any) -> tuple[int, ...]:
    if isinstance(hidden, (str, bytes)) or not hasattr(hidden, "__iter__"):
        raise InvalidInputError(
            f"hidden must be a sequence of widths, got {hidden!r}; to fix it, pass hidden=(64, 64)"
        )
    return tuple(as_count(width, "every width in hidden") for width in hidden)
