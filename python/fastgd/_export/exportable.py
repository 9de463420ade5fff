"""The methods that export a fitted estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from .network import Network


class Exportable:
    """Base of estimators that can be exported: they tell their `_network`."""

    def _network(self) -> Network:
        """Layers and head; raises where the estimator is not fitted."""
        raise NotImplementedError

    def to_onnx(self, *, dtype: DTypeLike | None = None) -> Any:
        """Return the fitted model as an ONNX graph; needs ``fastgd[onnx]``.

        Its input ``X`` has shape (n_rows, n_features). Classifiers have the outputs ``label``, of shape (n_rows,), and
        ``probabilities``, of shape (n_rows, n_classes), or ``scores``, of shape (n_rows, n_outputs), where there is no
        `predict_proba`; estimators of outliers ``label`` and ``scores``; regressors ``variable``, of shape (n_rows,
        n_outputs).

        Parameters
        ----------
        dtype : dtype, optional
            float32 or float64, of the input, the weights and the arithmetic; by default that of the weights, which then
            are the model's to the bit.

        Returns
        -------
        onnx.ModelProto
            The model; ``onnx.save`` writes it, ``SerializeToString()`` is what onnxruntime takes.

        Raises
        ------
        ImportError
            Without onnx.
        """
        from .onnx_graph import to_onnx

        network = self._network()
        dtype = network.dtype if dtype is None else _float_dtype(dtype)
        return to_onnx(network, dtype, type(self).__name__)

    def to_torch(self) -> Any:
        """Return the fitted model as a module of PyTorch; needs ``fastgd[torch]``.

        The module returns raw scores, as PyTorch's losses take them, in the shape (n_rows, n_outputs). Its weights are
        copies of the model's, to the bit, and it is in evaluation mode.

        Returns
        -------
        torch.nn.Sequential
            Linear layers, activations and, where the model has it, dropout.

        Raises
        ------
        ImportError
            Without torch.
        """
        from .torch_modules import to_sequential

        return to_sequential(self._network())


def _float_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        raise check.refuse("dtype", "float32 or float64", dtype, TypeError) from None
    if wanted not in (np.float32, np.float64):
        raise check.refuse("dtype", "float32 or float64", dtype)
    return wanted
