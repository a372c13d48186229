"""One-sided label smoothing: real points count as real with probability below one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from otgan.errors import InvalidInputError
from otgan.gan.objectives.adversarial import check_label
from otgan.gan.objectives.base import Objective
from otgan.gan.stabilizers.base import Stabilizer
from otgan.inputs.options import as_number
from otgan.keywords import checks_keywords

__all__ = ["OneSidedLabelSmoothing"]


@checks_keywords
@dataclass(frozen=True)
class OneSidedLabelSmoothing(Stabilizer):
    """The critic's target is `real_label` for real points, and stays zero for generated ones.

    The best discriminator for labels a and b is (a p + b q) / (p + q), with p the density of the
    data and q that of the generator. With b = 0 it is the usual one times a, and a / 2 where p = q.

    Attributes
    ----------
    real_label : float
        a, in (0, 1].
    fake_label : float
        b: zero. Anything else is refused, for where there is no data the best discriminator would
        be b wherever generated points are, so that nothing calls these back.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 3.4.

    Examples
    --------
    >>> from otgan.gan.objectives import NonSaturating
    >>> OneSidedLabelSmoothing(0.9).adapt_objective(NonSaturating())
    NonSaturating(real_label=0.9)
    """

    real_label: float = 0.9
    fake_label: float = 0.0
    name: ClassVar[str] = "label-smoothing"

    def __post_init__(self) -> None:
        check_label(self.real_label)
        if as_number(self.fake_label, "fake_label", "which is zero", "leave it out") != 0.0:
            raise InvalidInputError(
                f"fake_label must be zero, got {self.fake_label!r}: with labels a and b the best "
                "discriminator is D* = (a p_r + b p_g) / (p_r + p_g), so that b > 0 lets generated "
                "points stay where there is no data; to fix it, smooth real labels only"
            )

    def adapt_objective(self, objective: Objective) -> Objective:
        """The objective with that label; refused for those without labels, or with another one."""
        own = getattr(objective, "real_label", 1.0)
        if own not in (1.0, self.real_label):
            raise InvalidInputError(
                f"real_label must be one number, got {own!r} of the objective and "
                f"{self.real_label!r} of label smoothing; to fix it, leave one of them out"
            )
        return objective.with_real_label(self.real_label)
