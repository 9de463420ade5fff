"""Objectives: a model's loss on data, with its gradient."""

from __future__ import annotations

from .linear import LinearObjective

__all__ = ["LinearObjective"]
