"""Estimators on Dask's arrays, dataframes and delayed chunks, on a cluster of any size; needs ``fastgd[dask]``.

Data stay on the workers that have them, and only parameters and sums move: by exact synchronous descent, or by local
mini-batches with periodic averaging. A sweep is spread over the workers.
"""

from ._sweep import sweep
from .linear_model import LinearRegression, SGDClassifier, SGDRegressor
from .neural_network import MLPClassifier, MLPRegressor

__all__ = ["LinearRegression", "MLPClassifier", "MLPRegressor", "SGDClassifier", "SGDRegressor", "sweep"]
