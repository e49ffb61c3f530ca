"""CASCAL Studio: which model is good at what, estimated without labels, and routed by it."""

from __future__ import annotations

__version__ = "0.1.0"
