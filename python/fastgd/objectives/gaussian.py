"""The density of one Gaussian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .density import DensityObjective

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["GaussianObjective", "GaussianParameters"]


class GaussianParameters(NamedTuple):
    """The parameters of a Gaussian.

    Attributes
    ----------
    mean : array of shape (n_features,), float64
        Its mean.
    precision_cholesky : array of shape (n_features, n_features) or (n_features,), float64
        The upper triangle U with ``U @ U.T`` the inverse of the covariance matrix; of a diagonal one the root
        precisions.
    """

    mean: NDArray[np.float64]
    precision_cholesky: NDArray[np.float64]


class GaussianObjective(DensityObjective):
    """Mean negative log-likelihood of a Gaussian, as a function of flat parameters that are all valid.

    With ``y = U.T @ (z - mu)``, ``U`` the upper triangular factor of the precision matrix ``U @ U.T``::

        F(w) = -mean over rows of log q(z)  +  reg_covar / 2 * ||U||^2
        log q(z) = -d / 2 * log(2 pi) + sum_j log U_jj - ||y||^2 / 2

    ``w`` holds `mu`, and then `U` column by column, ``U_0j, ..., U_jj``, with ``log U_jj`` in the place of ``U_jj``.
    At the minimum `mu` is the mean of the rows, and the covariance matrix theirs plus ``reg_covar`` on the diagonal.

    Parameters
    ----------
    Z : array of shape (n_samples, n_features)
        Data, read as it is, as dense data by `LinearObjective`. The arithmetic on rows is in float64 for float64 and in
        float32 for all others, that on parameters in float64.
    covariance_type : {"full", "diag"}, default="full"
        Whether `U` is a triangle or diagonal; ``w`` then holds `mu` and the ``log U_jj``.
    reg_covar : float, default=1e-6
        What the minimum adds to the variances, at least 0. Without it a column that does not vary has no minimum.
    standardize : bool, default=False
        Whether the parameters are those of ``(z - m) / s``, with `m` the means and `s` the population standard
        deviations of the columns, 1 for a column that does not vary. They are found once in a pass over Z, which stays
        as it is. The value stays that of the density of the features as they are, and so does the meaning of
        `reg_covar`; descent needs fewer steps.

    Attributes
    ----------
    n_samples, n_features, n_params : int
        Sizes; ``n_params = d + d * (d + 1) / 2`` with d features, or ``2 * d``.
    n_components : int
        1.
    covariance_type, reg_covar, standardize
        As given.
    feature_means, feature_scales : array of shape (n_features,), float64, or None
        `m` and `s` of `standardize`; None without it.
    dtype : numpy.dtype
        Of the arithmetic on rows, float64 or float32.

    Raises
    ------
    TypeError
        An argument has the wrong type, `Z` is sparse, or its dtype holds no real numbers.
    ValueError
        A value is not allowed: `Z` is not 2-D, has no rows or columns, `reg_covar` is negative or not finite, or
        `covariance_type` is unknown.

    See Also
    --------
    GaussianMixtureObjective : several of them, weighted.

    Notes
    -----
    `Z` is kept: do not change it while the objective is in use. Every parameter counts as a weight for an optimiser's
    `weight_decay`. There is no ``alpha``. Evaluating from several threads is safe.

    References
    ----------
    .. [1] C. M. Bishop, "Pattern Recognition and Machine Learning", Springer, 2006, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> Z = np.array([[0.0, 1.0], [2.0, 1.0], [2.0, 3.0], [0.0, 3.0]])
    >>> gaussian = fastgd.GaussianObjective(Z, reg_covar=0.0)
    >>> result = fastgd.minimize(gaussian, optimizer="lbfgs")
    >>> gaussian.unpack(result.x).mean.round(6).tolist()
    [1.0, 2.0]
    """

    def __init__(
        self, Z: Any, *, covariance_type: str = "full", reg_covar: float = 1e-6, standardize: bool = False
    ) -> None:
        super().__init__(Z, 1, covariance_type, reg_covar, standardize)

    def initial(self, seed: int = 0) -> NDArray[np.float64]:
        """Return the parameters that descent starts from: the means of the columns, and their variances.

        Parameters
        ----------
        seed : int, default=0
            As in other objectives. The minimum is the only one, so a start needs no chance.

        Returns
        -------
        array of shape (n_params,), float64
            Parameters, for which Z is read once.

        Raises
        ------
        ValueError
            Z holds NaN or infinity, or numbers whose squares are beyond the range of float64.
        """
        return super().initial(seed)

    def pack(self, mean: ArrayLike, precision_cholesky: ArrayLike) -> NDArray[np.float64]:
        """Return the flat parameters of a Gaussian of the features as they are.

        Parameters
        ----------
        mean : array of shape (n_features,)
            Its mean.
        precision_cholesky : array of shape (n_features, n_features), or (n_features,) for ``covariance_type="diag"``
            The upper triangular factor of the precision matrix, with a positive diagonal.

        Returns
        -------
        array of shape (n_params,), float64
            Parameters.
        """
        return self._pack(None, mean, precision_cholesky, ("mean", "precision_cholesky"))

    def unpack(self, w: ArrayLike) -> GaussianParameters:
        """Return what the flat parameters are for the features as they are.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.

        Returns
        -------
        GaussianParameters
            ``mean`` and ``precision_cholesky``.
        """
        parameters = self._unpack(w)
        return GaussianParameters(parameters.means[0], parameters.precisions_cholesky[0])
