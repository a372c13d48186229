"""Which common mistakes a critic shows signs of."""

from __future__ import annotations

from otgan.critics.audit.construction import BATCH_NORM, ENDING, diagnose_construction, is_noisy
from otgan.critics.audit.diagnosis import Diagnosis
from otgan.critics.audit.measurements import Measurements
from otgan.critics.audit.reported_number import diagnose_reported_number
from otgan.critics.audit.slopes import constant_critic, diagnose_slopes

__all__ = ["diagnose"]


def diagnose(m: Measurements) -> tuple[Diagnosis, ...]:
    """One diagnosis for each cause, mistakes of construction first.

    What slopes and gap show is not blamed on the training where the construction explains it: a
    critic that normalizes over the batch is another function in training, one whose values are
    random has no slopes, and one whose values are bounded must be flat somewhere.
    """
    found = [*diagnose_construction(m)]
    names = {diagnosis.name for diagnosis in found}
    if m.is_constant:
        found.append(constant_critic(m))
    elif m.samples_differ and BATCH_NORM not in names and not is_noisy(m):
        found += diagnose_slopes(m, bounded=any(name.endswith(ENDING) for name in names))
    return (*found, *diagnose_reported_number(m))
