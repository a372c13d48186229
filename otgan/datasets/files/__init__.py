"""Loaders: a data set by its name, or the user's own files."""

from otgan.datasets.files.load import (
    load,
    load_idx,
    load_images,
    load_labeled_images,
    load_pair,
    load_points,
    load_table,
)
from otgan.datasets.files.read_options import Table

__all__ = [
    "Table",
    "load",
    "load_idx",
    "load_images",
    "load_labeled_images",
    "load_pair",
    "load_points",
    "load_table",
]
