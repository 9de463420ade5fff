"""The empirical risk of a linear model on dense or sparse data, with its gradient, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .. import _validation as check
from .._matrix import is_sparse
from .beyond_gradient import BeyondGradient
from .evaluated import read_only
from .linear_parameters import LinearParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["LinearObjective"]


class LinearObjective(LinearParameters, BeyondGradient):
    """Weighted empirical risk of a linear model, plus an elastic-net penalty, as a function of flat parameters.

    With raw scores ``raw = X @ coef.T + intercept + offset`` and sample weights ``s``::

        F(w) = sum_i s_i loss(y_i, raw_i) / sum_i s_i
               + alpha * ((1 - l1_ratio) / 2 * ||coef||^2 + l1_ratio * ||coef||_1)

    ``w = concatenate([coef.ravel(), intercept])`` with ``coef`` of shape (n_outputs, n_features) and ``intercept`` of
    shape (n_outputs,), which is absent with ``fit_intercept=False`` and never penalised. Value and gradient come from
    one pass over X.

    Parameters
    ----------
    X : array or SciPy sparse array of shape (n_samples, n_features)
        Data, read as it is, without a copy: float64, float32, float16, bfloat16 (of ml_dtypes), uint8, int8 or bool,
        with contiguous rows at any distance from each other, read-only, memory-mapped or unaligned. The arithmetic is
        in float64 for float64 and in float32 for all others. Copied once, a few rows at a time: column-wise (F-order)
        data and other strides within a row; foreign byte orders; other integers and wider floats, as float64.
        SciPy's CSR arrays and matrices likewise, with float32 or float64 values and int32 or int64 indices in any
        order, of which those of the same column add up; other values are converted once, and so are other sparse
        formats. A pass costs as much as there are entries.
        NaN and infinity are not looked for in advance: the first evaluation that meets one raises.
    y : array of shape (n_samples,) or (n_samples, n_outputs)
        Targets. Regression losses: numbers, one or more columns. Binary losses: {0, 1}, {-1, +1} or bool, in more
        columns for labels of which a row may have several, whose losses are summed; or class indices from 0 to
        n_classes - 1 for one-vs-rest. Multi-class losses: class indices.
    loss : str or function, default="log_loss"
        A name of `fastgd.losses`, or ``"zero_one"``, the share of mistakes, which has a value and no gradient.

        ===========  =========================================================================================
        regression   squared_error (half the square), absolute_error, huber, epsilon_insensitive,
                     squared_epsilon_insensitive, quantile, log_cosh, poisson, gamma, tweedie (log link); summed
                     over the columns of y
        binary       log_loss, hinge, squared_hinge, modified_huber, perceptron, exponential; one score for two
                     classes, one score a class and one-vs-rest, summed, for more
        multi-class  multinomial, multiclass_hinge, crammer_singer; one score a class
        ===========  =========================================================================================

        A function ``(y, raw) -> (loss, dloss/draw)`` of your own gets float64 arrays of some rows' targets and scores,
        both (n_rows, n_outputs), or (n_rows,) with one output, and returns (n_rows,) losses and derivatives in the
        shape of `raw`; a row's may depend on that row alone. `y` are numbers, or int64 class indices (n_rows,) where
        `n_classes` is given. A ``numba.cfunc`` or ctypes function of the signature in ``fastgd/user_loss.h`` does the
        same without Python in between, on all threads.
    alpha : float, default=0.0
        Strength of the penalty, at least 0.
    l1_ratio : float, default=0.0
        Share of the l1 norm in the penalty, from 0 to 1.
    fit_intercept : bool, default=True
        Whether the parameters end with an intercept for each output.
    sample_weight : array of shape (n_samples,), optional
        Weights, at least 0 and not all 0; 1 each by default. A row of weight 0 is as absent.
    n_classes : int, optional
        Number of classes, for classification only; by default one more than the greatest index in `y`. With a function
        of your own it says that `y` holds class indices, and that there is one score a class.
    standardize : bool, default=False
        Whether the parameters, and with them the penalty, are those of standardised features ``(x - mu) / sigma`` in
        place of ``x``: ``mu`` are the weighted means and ``sigma`` the population standard deviations of the columns,
        found once in a pass over X; a column that does not vary becomes 0. X stays as it is, as this is a change of
        parameters: ``raw = (coef / sigma) . x + intercept - (coef / sigma) . mu``. `raw_coef` turns parameters into
        coefficients of the features as they are. A column whose mean is k times its standard deviation costs its share
        of the scores a factor k in precision.
    loss_params : dict, optional
        Parameters of the loss: ``epsilon`` (0.1) of huber, above 0, and of the two epsilon_insensitive ones, at least
        0; ``quantile`` (0.5) of quantile, between 0 and 1; ``power`` (1.5) of tweedie, at most 0 or at least 1.
    offset : array of shape (n_samples,) or (n_samples, n_outputs), optional
        A known part of the raw scores, such as the logarithm of an exposure.

    Attributes
    ----------
    n_samples, n_features, n_outputs, n_params : int
        Sizes; ``n_params = n_outputs * (n_features + fit_intercept)``.
    n_classes : int or None
        Number of classes, None for regression.
    loss, loss_params, alpha, l1_ratio, fit_intercept, standardize
        As given, with the defaults of `loss_params` filled in.
    feature_means, feature_scales : array of shape (n_features,), float64, or None
        ``mu`` and ``sigma`` of `standardize`, the latter 1 for a column that does not vary; None without it.
    dtype : numpy.dtype
        Of the arithmetic, float64 or float32.

    Raises
    ------
    TypeError
        An argument has the wrong type, or an array a dtype that holds no real numbers.
    ValueError
        A value is not allowed: shapes do not fit, no rows or columns, NaN or infinity in `y`, `sample_weight` or
        `offset`, a label or target outside the loss's domain, one class only, negative weights or all 0, an unknown
        loss or loss parameter. The message names argument, value and what is allowed, and the first row concerned.

    See Also
    --------
    fastgd.minimize : gradient descent on it.
    fastgd.loss_and_grad : the same for one evaluation, with coefficients and intercepts apart.

    Notes
    -----
    `X`, `y`, `sample_weight` and `offset` are kept, and copied only to convert them: do not change them while the
    objective is in use. They are never written to. Evaluating from several threads is safe.

    References
    ----------
    .. [1] V. N. Vapnik, "Principles of risk minimization for learning theory", Advances in Neural Information
       Processing Systems 4, 1991.
    .. [2] H. Zou and T. Hastie, "Regularization and variable selection via the elastic net", Journal of the Royal
       Statistical Society B 67, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]])
    >>> y = np.array([0, 0, 1, 1])
    >>> objective = fastgd.LinearObjective(X, y, loss="log_loss", alpha=0.01)
    >>> value, gradient = objective.value_and_grad(np.zeros(objective.n_params))
    >>> round(value, 4), gradient.round(3).tolist()
    (0.6931, [-0.5, 0.125, 0.0])

    It is what SciPy's optimisers ask for: ``scipy.optimize.minimize(objective.value_and_grad, w0, jac=True)``.
    """

    _core: _core.LinearObjective
    _computed = "the raw scores X @ coef.T + intercept"
    # What is added for each intercept, times it: one-class machines have it.
    _intercept_slope: float = 0.0

    def __init__(
        self,
        X: Any,
        y: Any,
        *,
        loss: str | Callable[..., Any] = "log_loss",
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        sample_weight: ArrayLike | None = None,
        n_classes: int | None = None,
        standardize: bool = False,
        loss_params: Mapping[str, float] | None = None,
        offset: ArrayLike | None = None,
    ) -> None:
        self._set_loss(loss, n_classes, loss_params)
        self.alpha = check.number("alpha", alpha, *check.NOT_NEGATIVE)
        self.l1_ratio = check.number("l1_ratio", l1_ratio, *check.PART)
        self.fit_intercept = check.boolean("fit_intercept", fit_intercept)
        self.standardize = check.boolean("standardize", standardize)

        self._take(X, y, n_classes, sample_weight, offset)
        self._fixed = True

    def _moves_some(self, batch_size: int) -> bool:
        return is_sparse(self._matrix.source) and not self.standardize and 1 <= batch_size <= 4096

    def __repr__(self) -> str:
        return (
            f"LinearObjective(n_samples={self.n_samples}, n_features={self.n_features}, n_outputs={self.n_outputs}, "
            f"storage={self._matrix.storage!r}, loss={self.loss!r}, alpha={self.alpha}, l1_ratio={self.l1_ratio}, "
            f"fit_intercept={self.fit_intercept}, standardize={self.standardize})"
        )

    def _attach_core(self) -> None:
        """Make the core's objective, and what is read from it."""
        core = _core.LinearObjective(
            self._matrix.view,
            self._matrix.storage,
            self._y,
            self._core_loss(),
            dict(self.loss_params),
            self.n_outputs,
            self.alpha,
            self.l1_ratio,
            self.fit_intercept,
            self.standardize,
            self._weight,
            self._offset,
            self._intercept_slope,
        )
        vars(self).update(
            _core=core,
            _evaluate=core.value_and_grad if self._loss.trainable else self._refuse_gradient,
            feature_means=read_only(core.feature_means()) if self.standardize else None,
            feature_scales=read_only(core.feature_scales()) if self.standardize else None,
        )

    def _count_params(self) -> int:
        return self.n_outputs * (self.n_features + int(self.fit_intercept))

    def _penalised(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        return w[: self.n_outputs * self.n_features]
