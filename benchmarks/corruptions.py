"""Defects of generators, as changes of real images: blur, noise, lost classes, repeated images."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist

from otgan.measures import FloatArray, IntArray

Corruption = Callable[[FloatArray, IntArray, np.random.Generator], FloatArray]
"""From images of shape (n, c, h, w), with values from 0 to 1, and labels to other images."""


def unchanged(images: FloatArray, labels: IntArray, rng: np.random.Generator) -> FloatArray:
    return images


def blurred(sigma: float) -> Corruption:
    """By a Gaussian whose standard deviation is `sigma` pixels."""
    return lambda images, labels, rng: gaussian_filter(images, (0, 0, sigma, sigma))


def mean_of_neighbors(images: FloatArray, labels: IntArray, rng: np.random.Generator) -> FloatArray:
    """The mean of each image and its four nearest ones."""
    flat = images.reshape(len(images), -1)
    nearest = cdist(flat, flat).argpartition(4, axis=1)[:, :5]
    averaged: FloatArray = images[nearest].mean(axis=1)
    return averaged


def noisy(images: FloatArray, labels: IntArray, rng: np.random.Generator) -> FloatArray:
    """With Gaussian noise of standard deviation 0.1, cut to the range."""
    return np.clip(images + 0.1 * rng.normal(size=images.shape), 0, 1)


def one_class_dropped(images: FloatArray, labels: IntArray, rng: np.random.Generator) -> FloatArray:
    return images[labels != rng.choice(np.unique(labels))]


def half_the_classes(images: FloatArray, labels: IntArray, rng: np.random.Generator) -> FloatArray:
    classes = np.unique(labels)
    return images[np.isin(labels, rng.permutation(classes)[: len(classes) // 2])]


def fifty_repeated(images: FloatArray, labels: IntArray, rng: np.random.Generator) -> FloatArray:
    return images[rng.integers(50, size=len(images))]


def corruptions(weak_blur: float, strong_blur: float) -> dict[str, Corruption]:
    """The seven corruptions by name, after the images as they are; blurs in pixels."""
    return {
        "real": unchanged,
        f"blur {weak_blur:g}": blurred(weak_blur),
        f"blur {strong_blur:g}": blurred(strong_blur),
        "mean of 5 neighbors": mean_of_neighbors,
        "noise 0.1": noisy,
        "one class dropped": one_class_dropped,
        "half the classes": half_the_classes,
        "50 images repeated": fifty_repeated,
    }
