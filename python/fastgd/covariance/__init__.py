"""Gaussian densities with scikit-learn's interface, fitted by the descent of this package.

Needs scikit-learn: ``pip install fastgd[sklearn]``.
"""

from __future__ import annotations

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("fastgd.covariance needs scikit-learn: pip install fastgd[sklearn]") from error

from .gaussian import Gaussian

__all__ = ["Gaussian"]
