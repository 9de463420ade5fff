"""Multi-layer perceptrons with scikit-learn's interface, minimised by the descent of this package.

Needs scikit-learn: ``pip install fastgd[sklearn]``.
"""

from __future__ import annotations

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("fastgd.neural_network needs scikit-learn: pip install fastgd[sklearn]") from error

from .mlp_classifier import MLPClassifier
from .mlp_regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
