"""The public name of `cascal.dataset.dataset`: a data set with the vectors of one encoder."""

from cascal.dataset.dataset import load_dataset as load_study

__all__ = ["load_study"]
