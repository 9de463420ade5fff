"""The empirical risk of a linear model on dense or sparse data, with its gradient, in one pass."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core, _targets
from .. import _validation as check
from .._losses import check_params, get_loss, no_gradient
from .._matrix import as_matrix, is_sparse
from .._rows import check_offset, check_weight
from .beyond_gradient import BeyondGradient
from .zero_one import share_of_mistakes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["LinearObjective"]

_FLOAT64 = np.dtype(np.float64)


class LinearObjective(BeyondGradient):
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
        Targets. Regression losses: numbers, one or more columns. Binary losses: {0, 1}, {-1, +1} or bool, or class
        indices from 0 to n_classes - 1 for one-vs-rest. Multi-class losses: class indices.
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

    n_classes: int | None
    _offset: NDArray[Any] | None
    _evaluate: Callable[..., float]
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
        self._loss = get_loss(loss, n_classes)
        self.loss = loss
        self.loss_params: Mapping[str, float] = MappingProxyType(check_params(self._loss, loss_params))
        self.alpha = check.number("alpha", alpha, *check.NOT_NEGATIVE)
        self.l1_ratio = check.number("l1_ratio", l1_ratio, *check.PART)
        self.fit_intercept = check.boolean("fit_intercept", fit_intercept)
        self.standardize = check.boolean("standardize", standardize)

        self._take(X, y, n_classes, sample_weight, offset)
        self._fixed = True

    def _take(self, X: Any, y: Any, n_classes: int | None, weight: ArrayLike | None, offset: ArrayLike | None) -> None:
        matrix = as_matrix("X", X)
        n_samples, n_features = matrix.source.shape
        dtype = matrix.compute_dtype
        targets = _targets.encode(y, self._loss, self.loss_params, n_classes, n_samples, dtype)
        n_params = targets.n_outputs * (n_features + int(self.fit_intercept))
        vars(self).update(
            _matrix=matrix,
            dtype=dtype,
            n_samples=n_samples,
            n_features=n_features,
            _y=targets.y,
            n_outputs=targets.n_outputs,
            n_classes=targets.n_classes,
            _weight=check_weight(weight, n_samples, dtype),
            _offset=check_offset(offset, n_samples, targets.n_outputs, dtype),
            n_params=n_params,
            _shape=(n_params,),
        )
        self._attach_core()

    def _on(self, X: Any, y: Any, weight: ArrayLike | None, offset: ArrayLike | None) -> LinearObjective:
        """The same objective on other data, of the same classes."""
        other = copy(self)
        other._forget_computed()
        other._take(X, y, self.n_classes, weight, offset)
        return other

    def __setattr__(self, name: str, value: object) -> None:
        if "_fixed" in vars(self):
            raise AttributeError(f"{name} of a LinearObjective is fixed; make another objective for another value")
        super().__setattr__(name, value)

    def _moves_some(self, batch_size: int) -> bool:
        """Whether a batch of so many rows, 0 for all, may leave coefficients as they are."""
        return is_sparse(self._matrix.source) and not self.standardize and 1 <= batch_size <= 4096

    def value(self, w: ArrayLike, rows: ArrayLike | None = None) -> float:
        """Return the objective.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, in any order and with repeats: the risk is then that of these rows as a mini-batch,
            ``sum_B s_i loss_i / (mean(s) |B|)``, where ``mean(s)`` (of all rows) and ``|B|`` count rows of positive
            weight only. All rows by default.

        Returns
        -------
        float
            ``F(w)``.

        Raises
        ------
        ValueError, TypeError
            `w` or `rows` do not fit, or a raw score is not finite: X holds NaN or infinity, and the message names
            row and column, or the parameters are too large. A function of your own returned NaN or a wrong shape; what
            it raises is passed on.
        """
        params, _ = self._parameters(w)
        indices = None if rows is None else check.row_indices("rows", rows, self.n_samples)
        try:
            if self._loss.trainable:
                return self._core.value(params, indices, 0)
            return share_of_mistakes(self._core, params, self._y, self._weight, indices) + self._penalty(params)
        except FloatingPointError:
            raise self._nonfinite_scores(params) from None

    def grad(
        self, w: ArrayLike, rows: ArrayLike | None = None, out: NDArray[Any] | None = None
    ) -> NDArray[np.floating[Any]]:
        """Return the gradient; see `value_and_grad`, which costs the same."""
        return self.value_and_grad(w, rows, out)[1]

    def value_and_grad(
        self, w: ArrayLike, rows: ArrayLike | None = None, out: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[np.floating[Any]]]:
        """Return the objective and its gradient, in one pass over the data.

        The gradient of the l1 norm is ``sign(coef)``, 0 at 0; that of a loss with a kink is 0 on it, but for hinge and
        perceptron, which take the slope of the side that loses.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices of a mini-batch, as in `value`. All rows by default.
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
            As `value`; and `out` does not fit, or the loss is ``"zero_one"``.
        """
        if (
            rows is None
            and out is None
            and type(w) is np.ndarray
            and w.dtype is _FLOAT64
            and w.shape == self._shape
            and w.flags.carray
        ):
            gradient = np.empty_like(w)
            try:
                return self._evaluate(w, None, gradient, 0), gradient
            except FloatingPointError:
                raise self._nonfinite_scores(w) from None
        params, dtype = self._parameters(w)
        indices = None if rows is None else check.row_indices("rows", rows, self.n_samples)
        if out is not None:
            self._check_out(out, dtype)
        # A buffer of its own: w may share memory with out, and out stays as it is when the evaluation fails.
        buffer = np.empty(self._shape)
        try:
            value = self._evaluate(params, indices, buffer, 0)
        except FloatingPointError:
            raise self._nonfinite_scores(params) from None
        with np.errstate(over="ignore"):
            if out is None:
                return value, buffer.astype(dtype, copy=False)
            out[...] = buffer
        return value, out

    def decision_function(self, w: ArrayLike, rows: ArrayLike | None = None) -> NDArray[np.floating[Any]]:
        """Return the raw scores ``X @ coef.T + intercept + offset``.

        Parameters
        ----------
        w : array of shape (n_params,)
            Parameters.
        rows : array of int, optional
            Row indices, in any order and with repeats; all by default.

        Returns
        -------
        array of shape (n_rows,), or (n_rows, n_outputs) with more than one output
            Scores, in `dtype`.

        Raises
        ------
        ValueError, TypeError
            As `value`.
        """
        params, _ = self._parameters(w)
        indices = None if rows is None else check.row_indices("rows", rows, self.n_samples)
        raw = self._core.decision_function(params, indices, 0)
        bad = ~np.isfinite(raw).all(axis=1)
        if self._weight is not None and bad.any():
            # A row of weight 0 may hold anything.
            bad &= (self._weight if indices is None else self._weight[indices]) > 0
        if bad.any():
            raise self._nonfinite_scores(params)
        return raw[:, 0] if self.n_outputs == 1 else raw

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
            feature_means=_read_only(core.feature_means()) if self.standardize else None,
            feature_scales=_read_only(core.feature_scales()) if self.standardize else None,
        )

    def _with(self, **changed: Any) -> LinearObjective:
        """The same objective with another ``_weight``, ``alpha`` or ``l1_ratio``; the data are shared."""
        other = copy(self)
        vars(other).update(changed)
        other._forget_computed()
        other._attach_core()
        return other

    def _forget_computed(self) -> None:
        """What has been computed from other data or weights must not be copied."""
        for name in _COMPUTED & vars(self).keys():
            del vars(self)[name]

    def _core_objective(self, n_params: int) -> _core.LinearObjective:
        return self._core

    def _core_loss(self) -> str | _core.UserLoss:
        if self._loss.own is not None:
            return self._loss.own.core()
        # Raw scores do not depend on the loss, so the metric's come from an objective with any loss of its targets.
        return self._loss.name if self._loss.trainable else "log_loss"

    def _refuse_gradient(self, *_: object) -> float:
        raise no_gradient("value_and_grad")

    def _penalty(self, w: NDArray[np.float64]) -> float:
        coef = w[: self.n_outputs * self.n_features]
        squares, magnitudes = 0.5 * float(coef @ coef), float(np.abs(coef).sum())
        return self.alpha * ((1.0 - self.l1_ratio) * squares + self.l1_ratio * magnitudes)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array.setflags(write=False)
    return array


_COMPUTED = frozenset(
    name for name in dir(LinearObjective) if isinstance(getattr(LinearObjective, name), cached_property)
)
