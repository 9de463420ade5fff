"""Nearest neighbours with scikit-learn's interface, by the products that this package descends with.

Needs scikit-learn: ``pip install fastgd[sklearn]``.
"""

from __future__ import annotations

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("fastgd.neighbors needs scikit-learn: pip install fastgd[sklearn]") from error

from .k_neighbors_classifier import KNeighborsClassifier

__all__ = ["KNeighborsClassifier"]
