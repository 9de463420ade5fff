"""Fitted models as ONNX graphs and PyTorch modules; the packages are imported only where one is asked for."""

from __future__ import annotations

from .exportable import Exportable
from .network import Head, Labels, ManyLabels, Network, Outliers, Values

__all__ = ["Exportable", "Head", "Labels", "ManyLabels", "Network", "Outliers", "Values"]
