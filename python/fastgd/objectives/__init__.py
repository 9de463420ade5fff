"""Objectives: a value and its gradient as functions of flat parameters."""

from .data_objective import DataObjective
from .function import FunctionObjective
from .linear import LinearObjective
from .mlp import MLPObjective

__all__ = ["DataObjective", "FunctionObjective", "LinearObjective", "MLPObjective"]
