"""Networks in batches of one point, which some layers do not take."""

from __future__ import annotations

import torch
from torch import nn

from otgan.critics.pointwise import restored, standard_points
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["check_batch_of_one"]


@checks_keywords
def check_batch_of_one(module: nn.Module, shape: tuple[int, ...], *, name: str) -> None:
    """Raise unless a network takes one point in training mode; leave it as it was.

    Batch normalization does not, where it has one number for each channel.

    Parameters
    ----------
    module : torch.nn.Module
    shape : tuple of int
        Of one input: a latent, a point or a pack of points.
    name : str
        What it is called in errors: ``"generator"`` or ``"critic"``.

    Raises
    ------
    InvalidInputError
        It raises, or returns NaN.

    Examples
    --------
    >>> check_batch_of_one(nn.Linear(2, 1), (2,), name="critic")
    >>> normalized = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    >>> check_batch_of_one(normalized, (2,), name="critic")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: batch_size must give the critic two inputs or more at a time, \
for it does not take one (Expected more than 1 value per channel when training, got input size \
torch.Size([1, 1])), got batches of one; to fix it, raise batch_size (of pack points each), or \
leave batch normalization out
    """
    one = standard_points(module, (1, *shape), torch.Generator("cpu").manual_seed(0))
    with torch.no_grad(), restored(module):
        module.train()
        try:
            reason = "it returns NaN" if bool(module(one).isnan().any()) else ""
        except Exception as error:  # the user's own code, which may raise anything
            reason = str(error).partition("\n")[0] or type(error).__name__
    if reason:
        raise InvalidInputError(
            f"batch_size must give the {name} two inputs or more at a time, for it does not take "
            f"one ({reason}), got batches of one; to fix it, raise batch_size (of pack points "
            "each), or leave batch normalization out"
        )
