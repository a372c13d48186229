"""Normalization layers by name."""

from __future__ import annotations

from torch import nn

from otgan.errors import InvalidInputError

__all__ = ["centers_channels", "norm_layers"]


def norm_layers(norm: str | None, shape: tuple[int, ...]) -> list[nn.Module]:
    """The layer that normalizes features of this shape, (k,) or (c, h, w); or none.

    Layer normalization is over all of one example (c, h, w), with a scale and shift for each
    channel, as WGAN-GP has it. Spectral normalization is one of weights and adds no layer.

    Raises
    ------
    InvalidInputError
        Instance normalization of vectors.

    References
    ----------
    Ba, Kiros and Hinton, Layer normalization (2016); Ulyanov, Vedaldi and Lempitsky, Instance
    normalization (2016); Ioffe and Szegedy, Batch normalization (ICML 2015); Gulrajani et al.,
    Improved training of Wasserstein GANs (NeurIPS 2017), section 4.

    Examples
    --------
    >>> [layer] = norm_layers("layer", (16, 7, 7))
    >>> layer.num_groups, layer.num_channels
    (1, 16)
    """
    if norm in (None, "spectral"):
        return []
    image = len(shape) == 3
    if norm == "layer":
        return [nn.GroupNorm(1, shape[0]) if image else nn.LayerNorm(shape)]
    if norm == "batch":
        return [nn.BatchNorm2d(shape[0]) if image else nn.BatchNorm1d(shape[0])]
    if not image:
        raise InvalidInputError(
            "norm 'instance' must have feature maps, whose pixels it normalizes over, got "
            "layers of vectors, where it would leave nothing but zeros; to fix it, use "
            "'layer', or a convolutional network for images"
        )
    return [nn.InstanceNorm2d(shape[0], affine=True)]


def centers_channels(norm: str | None) -> bool:
    """Whether each channel is centered, so that a bias before it has no effect."""
    return norm in ("batch", "instance")
