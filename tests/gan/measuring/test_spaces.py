"""Patches and power spectra of images whose values can be worked out by hand."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from otgan.gan.measuring.spaces import Patches, power_spectra


def test_patches_are_parts_of_their_images_at_the_same_places():
    images = np.arange(4 * 2 * 5 * 6.0).reshape(4, 2, 5, 6)
    patches = Patches((2, 5, 6), side=3)(images.reshape(4, -1)).reshape(4, 3, 3, 2)
    for image, patch in zip(images, patches, strict=True):
        row, column = np.argwhere(image[0] == patch[0, 0, 0])[0]
        expected = image[:, row : row + 3, column : column + 3]
        assert_array_equal(patch.transpose(2, 0, 1), expected)
    again = Patches((2, 5, 6), side=3)(1000.0 + images.reshape(4, -1)).reshape(4, 3, 3, 2)
    assert_array_equal(again, 1000.0 + patches)


def test_places_of_patches_cover_the_image_and_follow_the_seed():
    images = np.tile(np.arange(64.0), (300, 1))
    first, second = (Patches((1, 8, 8), rng=rng)(images) for rng in (0, 1))
    assert_array_equal(np.unique(first[:, 0]), [0, 1, 8, 9])  # four places of 7 x 7 in 8 x 8
    assert (first != second).any()
    assert Patches((1, 4, 4))(np.zeros((2, 16))).shape == (2, 16)


def test_power_at_a_frequency_is_that_of_its_wave():
    # cos(2 pi 3 x / 8): |F|^2 = (8 * 8 / 2)^2 at two of the frequencies of radius three
    wave = np.tile(np.cos(2 * np.pi * 3 * np.arange(8) / 8), (8, 1))
    frequency = np.fft.fftfreq(8) * 8
    radius = np.round(np.hypot(*np.meshgrid(frequency, frequency)))
    spectrum = np.exp(power_spectra(wave.reshape(1, -1), (1, 8, 8), 2.0))[0]
    floor = 64 * 0.02**2
    expected = np.full(5, floor)
    expected[3] += 2 * 32**2 / (radius == 3).sum()
    assert_allclose(spectrum, expected, rtol=1e-9)


def test_noise_has_the_same_power_at_all_frequencies():
    noise = np.random.default_rng(0).normal(size=(4000, 3 * 8 * 8))
    mean = np.exp(power_spectra(noise, (3, 8, 8), 1e-6)).mean(axis=0)
    assert_allclose(mean, 64, rtol=0.03)
