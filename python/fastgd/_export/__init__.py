"""Fitted models as ONNX graphs and PyTorch modules; the packages are imported only where one is asked for."""

from __future__ import annotations

from .exportable import Exportable
from .network import Labels, Network, Outliers, Values

__all__ = ["Exportable", "Labels", "Network", "Outliers", "Values"]
