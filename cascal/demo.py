"""The public name of `cascal.dataset.demo`."""

from cascal.dataset.demo import install_demo

__all__ = ["install_demo"]
