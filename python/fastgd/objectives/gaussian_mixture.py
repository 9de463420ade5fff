"""The density of several Gaussians, weighted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .density import DensityObjective

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from .density_parameters import DensityParameters

__all__ = ["GaussianMixtureObjective"]


class GaussianMixtureObjective(DensityObjective):
    """Mean negative log-likelihood of a mixture of Gaussians, as a function of flat parameters that are all valid.

    With ``p = softmax(logits)``, and `mu_k` and the upper triangular `U_k` of each of K components, whose precision
    matrix is ``U_k @ U_k.T``::

        F(w) = -mean over rows of log sum_k exp(log p_k + log N_k(z) - reg_covar / 2 * ||U_k||^2)
        log N_k(z) = -d / 2 * log(2 pi) + sum_j log U_k,jj - ||U_k.T @ (z - mu_k)||^2 / 2

    ``w`` holds the logits (K, none for one component), the means (K, d), and of each component `U_k` column by column,
    ``U_0j, ..., U_jj``, with ``log U_jj`` in the place of ``U_jj``. At a minimum every covariance matrix is that of the
    rows, weighted by the component's share in them, plus ``reg_covar`` on the diagonal.

    Parameters
    ----------
    Z : array of shape (n_samples, n_features)
        Data, read as it is, as dense data by `LinearObjective`. The arithmetic on rows is in float64 for float64 and in
        float32 for all others, that on parameters in float64.
    n_components : int
        Number of Gaussians K, from 1 to the number of rows.
    covariance_type : {"full", "diag"}, default="full"
        Whether the `U_k` are triangles or diagonal; ``w`` then holds their ``log U_jj`` alone.
    reg_covar : float, default=1e-6
        What a minimum adds to the variances, at least 0. It bounds F from below, which without it has no minimum: a
        component may shrink to a single row.
    standardize : bool, default=False
        Whether the parameters are those of ``(z - m) / s``, as in `GaussianObjective`. The value stays that of the
        density of the features as they are.

    Attributes
    ----------
    n_samples, n_features, n_components, n_params : int
        Sizes; with d features ``n_params = K + K * (d + d * (d + 1) / 2)``, or ``K + 2 * K * d``, less K where K is 1.
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
        A value is not allowed: `Z` is not 2-D, has no columns or fewer rows than components, `reg_covar` is negative or
        not finite, or `covariance_type` is unknown.

    See Also
    --------
    fastgd.sweep : descent from many starts, ``grid={"init_seed": range(10)}``, in the same passes over the data.

    Notes
    -----
    F has many minima, and as many equal ones as components have orders. A component far from all rows has a gradient of
    0, and stays there. `Z` is kept: do not change it while the objective is in use. Every parameter counts as a weight
    for an optimiser's `weight_decay`. There is no ``alpha``. Evaluating from several threads is safe.

    References
    ----------
    .. [1] C. M. Bishop, "Pattern Recognition and Machine Learning", Springer, 2006, section 9.2.
    .. [2] L. Xu and M. I. Jordan, "On convergence properties of the EM algorithm for Gaussian mixtures", Neural
       Computation 8, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> rng = np.random.default_rng(0)
    >>> Z = np.concatenate([rng.normal(-2.0, 0.5, (300, 1)), rng.normal(1.0, 1.0, (700, 1))])
    >>> mixture = fastgd.GaussianMixtureObjective(Z, 2)
    >>> result = fastgd.minimize(mixture, optimizer="lbfgs", tol=1e-8)
    >>> weights, means, _ = mixture.unpack(result.x)
    >>> sorted(weights.round(1).tolist()), sorted(means.ravel().round(1).tolist())
    ([0.3, 0.7], [-2.0, 0.9])
    """

    def __init__(
        self,
        Z: Any,
        n_components: int,
        *,
        covariance_type: str = "full",
        reg_covar: float = 1e-6,
        standardize: bool = False,
    ) -> None:
        super().__init__(Z, n_components, covariance_type, reg_covar, standardize)

    def initial(self, seed: int = 0) -> NDArray[np.float64]:
        """Return random parameters to start from, by k-means++ [1]_.

        The means are rows, each drawn with a probability in proportion to its squared distance from the nearest of
        those before, with the columns divided by their standard deviations; the weights are equal; the variances are
        those within the groups of rows nearest to each mean, for all components alike, and `reg_covar`. At most 32768
        rows are looked at, evenly spaced. For one component see `GaussianObjective.initial`.

        Parameters
        ----------
        seed : int, default=0
            Seed, 0 to 2**64 - 1. The same one gives the same bits everywhere.

        Returns
        -------
        array of shape (n_params,), float64
            Parameters.

        Raises
        ------
        ValueError
            Z holds NaN or infinity, or numbers whose squares are beyond the range of float64.

        References
        ----------
        .. [1] D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", ACM-SIAM Symposium on
           Discrete Algorithms, 2007.
        """
        return super().initial(seed)

    def predict_proba(self, w: ArrayLike, rows: ArrayLike | None = None) -> NDArray[np.floating[Any]]:
        """Return the probability of each component given a row: its share in the row's density.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, in any order and with repeats; all by default.

        Returns
        -------
        array of shape (n_rows, n_components)
            Probabilities, in `dtype`.

        Raises
        ------
        ValueError, TypeError
            As `value`.
        """
        return self._scores(w, rows, True)[1]

    def pack(self, weights: ArrayLike, means: ArrayLike, precisions_cholesky: ArrayLike) -> NDArray[np.float64]:
        """Return the flat parameters of a mixture over the features as they are.

        Parameters
        ----------
        weights : array of shape (n_components,)
            Weights of the components, positive; they count in proportion to their sum.
        means : array of shape (n_components, n_features)
            Their means.
        precisions_cholesky : array of shape (n_components, n_features, n_features)
            The upper triangular factors of their precision matrices, with positive diagonals;
            (n_components, n_features) for ``covariance_type="diag"``, the root precisions.

        Returns
        -------
        array of shape (n_params,), float64
            Parameters.
        """
        return self._pack(weights, means, precisions_cholesky, ("means", "precisions_cholesky"))

    def unpack(self, w: ArrayLike) -> DensityParameters:
        """Return what the flat parameters are for the features as they are.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.

        Returns
        -------
        DensityParameters
            ``weights`` of sum 1, ``means`` and ``precisions_cholesky``.
        """
        return self._unpack(w)
