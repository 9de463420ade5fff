"""Objectives: a value and its gradient as functions of flat parameters."""

from .chunked import ChunkedObjective
from .data_objective import DataObjective
from .density import DensityObjective
from .density_parameters import DensityParameters
from .function import FunctionObjective
from .gaussian import GaussianObjective, GaussianParameters
from .gaussian_mixture import GaussianMixtureObjective
from .linear import LinearObjective
from .mlp import MLPObjective

__all__ = [
    "ChunkedObjective",
    "DataObjective",
    "DensityObjective",
    "DensityParameters",
    "FunctionObjective",
    "GaussianMixtureObjective",
    "GaussianObjective",
    "GaussianParameters",
    "LinearObjective",
    "MLPObjective",
]
