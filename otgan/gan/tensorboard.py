"""The measurements of a run as events of TensorBoard."""

from __future__ import annotations

import math
from pathlib import Path

from otgan.errors import require
from otgan.gan.pictures import as_pixels
from otgan.gan.records import Record
from otgan.measures import FloatArray

__all__ = ["TensorBoardLog", "require_tensorboard"]

N_IMAGES = 64
"""Generated images of each measurement."""

LOSSES = ("critic_loss", "generator_loss")


def require_tensorboard() -> None:
    """Raise `MissingExtraError` unless TensorBoard is installed."""
    require("tensorboard", extra="tensorboard", purpose="writing events for TensorBoard")


class TensorBoardLog:
    """Writes scalars, and images where points are images, at the step of each measurement.

    Parameters
    ----------
    folder : Path
        Of the events.
    step : int
        The steps of the run so far: TensorBoard drops later ones, of a run that was killed between
        a measurement and its checkpoint.
    """

    def __init__(self, folder: Path, step: int) -> None:
        require_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, record: Record, real: FloatArray, images: FloatArray | None) -> None:
        """Write one measurement.

        Parameters
        ----------
        record : Record
            Columns that are NaN are left out.
        real : ndarray
            Real points, whose least and greatest value become black and white.
        images : ndarray, shape (n, c, h, w), or None
            Generated ones.
        """
        for name, value in record._asdict().items():
            if name != "step" and math.isfinite(value):
                tag = f"losses/{name}" if name in LOSSES else f"measurements/{name}"
                self._writer.add_scalar(tag, value, record.step)
        if images is not None:
            pixels = as_pixels(images[:N_IMAGES], float(real.min()), float(real.max()))
            rows = pixels if pixels.ndim == 4 else pixels[..., None]
            self._writer.add_images("generated", rows, record.step, dataformats="NHWC")
        self._writer.flush()

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        self._writer.close()
