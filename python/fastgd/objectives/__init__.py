"""Objectives: a value and its gradient as functions of flat parameters."""

from .function import FunctionObjective
from .linear import LinearObjective

__all__ = ["FunctionObjective", "LinearObjective"]
