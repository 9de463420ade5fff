"""The flat parameters of Gaussian densities: logits of the weights, means, factors of the precisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import _core
from .. import _validation as check
from .flat_parameters import FlatParameters

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

COVARIANCE_TYPES = ("full", "diag")


class DensityParameters(NamedTuple):
    """The parameters of a mixture of Gaussians.

    Attributes
    ----------
    weights : array of shape (n_components,), float64
        Weights of the components, positive, of sum 1.
    means : array of shape (n_components, n_features), float64
        Their means.
    precisions_cholesky : array of shape (n_components, n_features, n_features) or (n_components, n_features), float64
        Upper triangles U with ``U @ U.T`` the inverse of a covariance matrix; of diagonal ones the root precisions.
    """

    weights: Floats
    means: Floats
    precisions_cholesky: Floats


class DensityParameterMap(FlatParameters):
    """What an objective of Gaussian densities knows of its parameters, whatever its data."""

    covariance_type: str
    n_components: int
    n_features: int
    n_params: int
    feature_means: Floats | None
    feature_scales: Floats | None

    def _pack(self, weights: ArrayLike | None, means: ArrayLike, factors: ArrayLike, names: tuple[str, str]) -> Floats:
        """The flat parameters of densities of the features as they are."""
        k, d = self.n_components, self.n_features
        shape = (k, d, d) if self.covariance_type == "full" else (k, d)
        center, scale = self._standard()
        mean = _finite(names[0], means, (k, d), names[0] == "mean")
        factor = _finite(names[1], factors, shape, names[0] == "mean")
        diagonal = np.diagonal(factor, axis1=1, axis2=2) if factor.ndim == 3 else factor
        if not (diagonal > 0.0).all():
            raise ValueError(
                f"{names[1]} must have a diagonal > 0, got {float(diagonal[diagonal <= 0.0][0])} in component "
                f"{np.argwhere(diagonal <= 0.0)[0, 0]}"
            )
        if factor.ndim == 3 and np.tril(factor, -1).any():
            raise ValueError(f"{names[1]} must be upper triangular, got entries other than 0 below the diagonal")
        # The core's own functions, whose bits are the same everywhere.
        log_root = _core.vector_math("log", np.ascontiguousarray(diagonal * scale).ravel()).reshape(k, d)
        parts = [((mean - center) / scale).ravel()]
        if factor.ndim == 3:
            entries = factor * scale[:, None]
            entries[:, np.arange(d), np.arange(d)] = log_root
            rows, columns = _triangle(d)
            parts.append(entries[:, rows, columns].ravel())
        else:
            parts.append(log_root.ravel())
        if k > 1 and weights is not None:
            parts.insert(0, _core.vector_math("log", _positive("weights", weights, k)))
        elif weights is not None:
            _positive("weights", weights, k)
        return np.concatenate(parts)

    def _unpack(self, w: ArrayLike) -> DensityParameters:
        params, _ = self._parameters(w)
        k, d = self.n_components, self.n_features
        center, scale = self._standard()
        n_logits = k if k > 1 else 0
        logits, means = params[:n_logits], params[n_logits : n_logits + k * d].reshape(k, d)
        entries = params[n_logits + k * d :].reshape(k, -1)
        weights = _core.vector_math("exp", logits - logits.max()) if k > 1 else np.ones(1)
        if self.covariance_type == "full":
            factors = np.zeros((k, d, d))
            rows, columns = _triangle(d)
            factors[:, rows, columns] = entries
            diagonal = np.arange(d)
            factors[:, diagonal, diagonal] = _exp(factors[:, diagonal, diagonal])
            factors /= scale[:, None]
        else:
            factors = _exp(entries) / scale
        # One after the other: a sum of NumPy rounds as the machine has it.
        return DensityParameters(weights / np.cumsum(weights)[-1], center + scale * means, factors)

    def _standard(self) -> tuple[Floats, Floats]:
        if self.feature_means is None or self.feature_scales is None:
            return np.zeros(self.n_features), np.ones(self.n_features)
        return self.feature_means, self.feature_scales

    def _count_density_params(self) -> int:
        d = self.n_features
        factor = d * (d + 1) // 2 if self.covariance_type == "full" else d
        return (self.n_components if self.n_components > 1 else 0) + self.n_components * (d + factor)

    def _parts(self) -> str:
        k, d = self.n_components, self.n_features
        factor = "upper triangles" if self.covariance_type == "full" else "diagonals"
        return f"{'logits, ' if k > 1 else ''}means {(k, d)} and {factor} of {k} components"

    def _place(self, index: int) -> str:
        """Of the flat parameters as they are: logits, means, and factors whose diagonals are logarithms."""
        k, d = self.n_components, self.n_features
        if k > 1:
            if index < k:
                return f"logits[{index}]"
            index -= k
        if index < k * d:
            return f"means[{index // d}, {index % d}]"
        component, entry = divmod(index - k * d, d * (d + 1) // 2 if self.covariance_type == "full" else d)
        if self.covariance_type == "diag":
            return f"log precisions_cholesky[{component}, {entry}]"
        rows, columns = _triangle(d)
        row, column = int(rows[entry]), int(columns[entry])
        return f"{'log ' if row == column else ''}precisions_cholesky[{component}, {row}, {column}]"


def _triangle(d: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of an upper triangle, column by column."""
    columns, rows = np.tril_indices(d)
    return rows, columns


def _exp(values: Floats) -> Floats:
    exponentials: Floats = _core.vector_math("exp", np.ascontiguousarray(values).ravel())
    return exponentials.reshape(values.shape)


def _finite(name: str, given: ArrayLike, shape: tuple[int, ...], squeezed: bool) -> Floats:
    array = check.real_array(name, given)
    expected = shape[1:] if squeezed else shape
    if array.shape != expected:
        raise ValueError(f"{name} must have shape {expected}, got shape {array.shape}")
    finite: Floats = check.finite(name, np.atleast_1d(array), np.float64)
    return finite.reshape(shape)


def _positive(name: str, given: ArrayLike, k: int) -> Floats:
    array = _finite(name, given, (k,), False)
    if not (array > 0.0).all():
        raise ValueError(f"{name} must be > 0, got {array[array <= 0.0][0]} at {name}[{np.argmin(array > 0.0)}]")
    return array
