"""The flat parameters of a linear model: coefficients, then intercepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _validation as check
from .flat_parameters import FlatParameters, as_floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .. import _core


class LinearParameters(FlatParameters):
    """What an objective of a linear model knows of its parameters, whatever its data and loss."""

    n_features: int
    n_outputs: int
    n_params: int
    fit_intercept: bool
    standardize: bool
    _core: _core.LinearObjective

    def initial(self, seed: int = 0) -> NDArray[np.float64]:
        """Return the parameters that descent starts from: zeros.

        Parameters
        ----------
        seed : int, default=0
            As in other objectives. The scores of a linear model are linear in its parameters, and its usual losses are
            convex in the scores, so a start needs no chance, and is the same for every seed.

        Returns
        -------
        array of shape (n_params,), float64
            Zeros.
        """
        check.seed("seed", seed)
        return np.zeros(self._shape)

    def pack(self, coef: ArrayLike, intercept: ArrayLike | None = None) -> NDArray[np.floating[Any]]:
        """Return the flat parameters of coefficients and intercepts.

        Parameters
        ----------
        coef : array of shape (n_outputs, n_features), or (n_features,) with one output
            Coefficients.
        intercept : array of shape (n_outputs,), or float with one output, optional
            Intercepts; with ``fit_intercept=False`` there are none, otherwise they are required.

        Returns
        -------
        array of shape (n_params,)
            Parameters, in the arrays' floating-point dtype.
        """
        coefficients = check.real_array("coef", coef)
        shape = (self.n_outputs, self.n_features)
        if coefficients.shape != shape and not (self.n_outputs == 1 and coefficients.shape == shape[1:]):
            also = f" or {shape[1:]}" if self.n_outputs == 1 else ""
            raise ValueError(f"coef must have shape {shape}{also}, got shape {coefficients.shape}")
        if not self.fit_intercept:
            if intercept is not None:
                raise ValueError("intercept must be None with fit_intercept=False")
            return as_floats(coefficients.ravel())
        if intercept is None:
            raise ValueError(f"intercept must have shape {shape[:1]} with fit_intercept=True, got None")
        intercepts = check.real_array("intercept", intercept)
        if intercepts.shape != shape[:1] and not (self.n_outputs == 1 and intercepts.ndim == 0):
            raise ValueError(f"intercept must have shape {shape[:1]}, got shape {intercepts.shape}")
        return as_floats(np.concatenate([coefficients.ravel(), intercepts.ravel()]))

    def unpack(self, w: ArrayLike) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        """Return coefficients and intercepts of flat parameters.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.

        Returns
        -------
        coef : array of shape (n_outputs, n_features)
            Coefficients, a view of `w` where that is an array.
        intercept : array of shape (n_outputs,)
            Intercepts, likewise; zeros with ``fit_intercept=False``.
        """
        params = as_floats(check.real_array("w", w))
        self._check_shape(params)
        split = self.n_outputs * self.n_features
        coef = params[:split].reshape(self.n_outputs, self.n_features)
        return coef, params[split:] if self.fit_intercept else np.zeros(self.n_outputs, params.dtype)

    def raw_coef(self, w: ArrayLike) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        """Return coefficients and intercepts for the features as they are: ``raw = X @ coef.T + intercept + offset``.

        They are what a prediction on new data needs. With ``standardize=True``::

            coef = w_coef / feature_scales,    intercept = w_intercept - coef @ feature_means

        and 0 in `coef` for a feature that does not vary, which is 0 once it is standardised. Otherwise they are those
        of `unpack`.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.

        Returns
        -------
        coef : array of shape (n_outputs, n_features)
            Coefficients, in the floating-point dtype of `w`.
        intercept : array of shape (n_outputs,)
            Intercepts, likewise; with standardised features also where ``fit_intercept=False``.

        Raises
        ------
        ValueError, TypeError
            `w` does not fit.
        """
        if not self.standardize:
            return self.unpack(w)
        params, dtype = self._parameters(w)
        coef, intercept = np.split(self._core.raw_params(params), [self.n_outputs * self.n_features])
        shape = (self.n_outputs, self.n_features)
        return coef.reshape(shape).astype(dtype, copy=False), intercept.astype(dtype, copy=False)

    def _parts(self) -> str:
        return f"coef ({self.n_outputs}, {self.n_features})" + self.fit_intercept * f" and ({self.n_outputs},)"

    def _place(self, index: int) -> str:
        output, feature = divmod(index, self.n_features)
        if output < self.n_outputs:
            return f"coef[{output}, {feature}]"
        return f"intercept[{index - self.n_outputs * self.n_features}]"
