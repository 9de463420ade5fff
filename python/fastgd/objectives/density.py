"""The mean negative log-likelihood of Gaussian densities on dense data, with its gradient, in one pass."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .. import _validation as check
from .._matrix import as_matrix, is_sparse
from .abilities import Abilities
from .density_parameters import COVARIANCE_TYPES, DensityParameterMap
from .evaluated import Evaluated, read_only

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

_MAX_COMPONENTS = 2**31 - 1
_OF_DATA = ("_core", "_matrix", "n_samples", "dtype")


class DensityObjective(DensityParameterMap, Evaluated, Abilities):
    """Rows, and the mean of ``-log q(z)`` on them, for densities q that are mixtures of Gaussians, or one."""

    # There is no penalty beside `reg_covar`.
    alpha = 0.0
    l1_ratio = 0.0
    reg_covar: float
    standardize: bool
    feature_means: NDArray[np.float64] | None
    feature_scales: NDArray[np.float64] | None
    _core: _core.DensityObjective
    _computed = "the logarithms of the densities"
    _data_name = "Z"

    def __init__(self, Z: Any, n_components: int, covariance_type: str, reg_covar: float, standardize: bool) -> None:
        if not isinstance(covariance_type, str) or covariance_type not in COVARIANCE_TYPES:
            kind = ValueError if isinstance(covariance_type, str) else TypeError
            raise check.refuse("covariance_type", "'full' or 'diag'", covariance_type, kind)
        self.covariance_type = covariance_type
        self.n_components = check.integer("n_components", n_components, 1, _MAX_COMPONENTS)
        self.reg_covar = check.number("reg_covar", reg_covar, *check.NOT_NEGATIVE)
        self.standardize = check.boolean("standardize", standardize)
        self.feature_means = self.feature_scales = None
        self._take(Z)
        if self.n_samples < self.n_components:
            raise ValueError(
                f"n_components must be at most the number of rows of Z, {self.n_samples}, got {n_components}"
            )
        self._fixed = True

    def _take(self, Z: Any, columns: int | None = None) -> None:
        if is_sparse(Z):
            raise TypeError(f"Z must be dense, got {type(Z).__name__}; Z.toarray() is a dense copy of it")
        matrix = as_matrix("Z", Z)
        n_samples, n_features = matrix.source.shape
        if columns not in (None, n_features):
            raise ValueError(f"Z must have {columns} columns, got {n_features}")
        vars(self).update(_matrix=matrix, dtype=matrix.compute_dtype, n_samples=n_samples, n_features=n_features)
        n_params = self._count_density_params()
        if n_params >= 2**56:
            raise ValueError(f"n_components must make fewer than 2**56 parameters, got {n_params}")
        vars(self).update(n_params=n_params, _shape=(n_params,))
        self._attach_core()

    def _attach_core(self) -> None:
        """Make the core's objective, and what is read from it."""
        known = None if self.feature_means is None or self.feature_scales is None else self._standard()
        core = _core.DensityObjective(
            self._matrix.view,
            self._matrix.storage,
            self.n_components,
            self.covariance_type == "diag",
            self.reg_covar,
            self.standardize,
            known,
        )
        vars(self)["_core"] = core
        if self.standardize and known is None:
            vars(self).update(
                feature_means=read_only(core.feature_means()), feature_scales=read_only(core.feature_scales())
            )

    def _on(self, Z: Any) -> Self:
        """The same objective on other rows, any number of them, standardised as these are."""
        other = copy(self)
        other._take(Z, self.n_features)
        return other

    def _with_standard(self, means: NDArray[np.float64], scales: NDArray[np.float64]) -> Self:
        """The same objective, of features shifted by these means and divided by these scales."""
        other = copy(self)
        vars(other).update(standardize=True, feature_means=means, feature_scales=scales)
        other._attach_core()
        return other

    def _without_data(self) -> Self:
        """What `_on` needs, which keeps nobody's arrays alive."""
        other = copy(self)
        for name in _OF_DATA:
            del vars(other)[name]
        return other

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        del state["_core"]
        return {**state, "_matrix": self._matrix.source}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _matrix=as_matrix("Z", state["_matrix"]))
        for name in ("feature_means", "feature_scales"):
            if state[name] is not None:
                read_only(state[name])
        self._attach_core()

    def value(self, w: ArrayLike, rows: ArrayLike | None = None) -> float:
        """Return the objective.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, in any order and with repeats, whose mean is asked for; all rows by default.

        Returns
        -------
        float
            ``F(w)``.

        Raises
        ------
        ValueError, TypeError
            `w` or `rows` do not fit, or a density has no finite logarithm: Z holds NaN or infinity, and the message
            names row and column, or the parameters are too large.
        """
        params, _ = self._parameters(w)
        value = float(self._evaluated(params[None], rows)[0])
        if np.isnan(value):
            raise self._nonfinite_scores(params)
        return value

    def values(self, W: ArrayLike, rows: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the objective at many points, for which every row is read once.

        Parameters
        ----------
        W : array of shape (n_models, n_params)
            Parameters, a row each.
        rows : array of int, optional
            As in `value`.

        Returns
        -------
        array of shape (n_models,), float64
            ``F`` at each of them: the bits of `value`, but infinity where a density has no finite logarithm, at which
            `value` raises.

        Raises
        ------
        ValueError, TypeError
            `W` does not fit or is not finite, or Z holds NaN or infinity, and the message names row and column.
        """
        values = self._evaluated(self._models("W", W), rows)
        bad = np.isnan(values)
        if bad.any():
            error = self._nonfinite()
            if error is not None:
                raise error
        return np.where(bad, np.inf, values)

    def _evaluated(self, params: NDArray[np.float64], rows: ArrayLike | None) -> NDArray[np.float64]:
        """Values, a model a row; NaN where they are not finite."""
        indices = self._row_indices(rows)
        return self._core.values(params, indices, 0)

    def value_and_grad(
        self, w: ArrayLike, rows: ArrayLike | None = None, out: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[np.floating[Any]]]:
        """Return the objective and its gradient, in one pass over the data.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, as in `value`. All rows by default.
        out : array of shape (n_params,), optional
            Where to write the gradient; of the gradient's dtype. A new array by default.

        Returns
        -------
        value : float
            ``F(w)``.
        gradient : array of shape (n_params,)
            Its gradient, in the dtype of `w`, float64 where `w` holds integers.

        Raises
        ------
        ValueError, TypeError
            As `value`; and `out` does not fit.
        """
        return self._write_gradient(self._evaluate, w, rows, out)

    def _evaluate(
        self, w: NDArray[np.float64], rows: NDArray[np.int64] | None, grad: NDArray[np.float64], n_threads: int
    ) -> float:
        value = self._core.value_and_grad(w, rows, grad, n_threads)
        if np.isnan(value):
            raise FloatingPointError
        return value

    def score_samples(self, w: ArrayLike, rows: ArrayLike | None = None) -> NDArray[np.floating[Any]]:
        """Return the logarithm of the density of each row, without the term of `reg_covar`.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, in any order and with repeats; all by default.

        Returns
        -------
        array of shape (n_rows,)
            Natural logarithms, in `dtype`.

        Raises
        ------
        ValueError, TypeError
            As `value`.
        """
        return self._scores(w, rows, False)[0]

    def _scores(self, w: ArrayLike, rows: ArrayLike | None, with_shares: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        params, _ = self._parameters(w)
        indices = self._row_indices(rows)
        scores, shares = self._core.score_samples(params, indices, with_shares, 0)
        if not np.isfinite(scores).all():
            raise self._nonfinite_scores(params)
        return scores, shares

    def initial(self, seed: int = 0) -> NDArray[np.float64]:
        """Return parameters to start from."""
        check.seed("seed", seed)
        try:
            return self._core.initial(seed)
        except FloatingPointError:
            raise self._nonfinite() or ValueError(
                "Z must have columns whose squares are within float64's range, got larger numbers"
            ) from None

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(n_samples={self.n_samples}, n_features={self.n_features}, "
            f"n_components={self.n_components}, storage={self._matrix.storage!r}, "
            f"covariance_type={self.covariance_type!r}, reg_covar={self.reg_covar}, standardize={self.standardize})"
        )
