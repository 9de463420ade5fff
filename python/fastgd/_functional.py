"""Loss and gradient of a linear model in one call, without an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _validation as check
from ._losses import get_loss
from .objectives.linear import LinearObjective

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["LossAndGrad", "loss_and_grad"]


class LossAndGrad(NamedTuple):
    """What `loss_and_grad` returns.

    Attributes
    ----------
    loss : float
        The objective, penalty included.
    coef_grad : array of the shape of coef
        Its gradient by the coefficients.
    intercept_grad : array of the shape of intercept, or None
        Its gradient by the intercepts; None where there are none.
    """

    loss: float
    coef_grad: NDArray[np.floating[Any]]
    intercept_grad: NDArray[np.floating[Any]] | None


def loss_and_grad(
    X: Any,
    y: Any,
    coef: ArrayLike,
    intercept: ArrayLike | None = None,
    *,
    loss: str | Callable[..., Any] = "log_loss",
    alpha: float = 0.0,
    l1_ratio: float = 0.0,
    sample_weight: ArrayLike | None = None,
    loss_params: Mapping[str, float] | None = None,
) -> LossAndGrad:
    """Return the regularised empirical risk of a linear model and its gradient, in one pass over the data.

    With ``raw = X @ coef.T + intercept`` and sample weights ``s``::

        F = sum_i s_i loss(y_i, raw_i) / sum_i s_i + alpha * ((1 - l1_ratio) / 2 * ||coef||^2 + l1_ratio * ||coef||_1)

    For many evaluations on the same data, `LinearObjective` checks the data once.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        Data, as in `LinearObjective`.
    y : array of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as in `LinearObjective`.
    coef : array of shape (n_features,) or (n_outputs, n_features)
        Coefficients; their number of rows is the number of scores: with several, a binary loss is summed one-vs-rest,
        and class indices of `y` are below it.
    intercept : float or array of shape (n_outputs,), optional
        Intercepts; none by default.
    loss : str or function, default="log_loss"
        A name of `fastgd.losses`, or a function of your own for regression, as in `LinearObjective`.
    alpha, l1_ratio : float, default=0.0
        Penalty, as in `LinearObjective`.
    sample_weight : array of shape (n_samples,), optional
        Weights, at least 0; 1 each by default.
    loss_params : dict, optional
        Parameters of the loss by name, as in `LinearObjective`.

    Returns
    -------
    LossAndGrad
        Named tuple ``(loss, coef_grad, intercept_grad)`` of a float, an array of the shape of `coef`, and one of the
        shape of `intercept` or None; the arrays have the floating-point dtype of the parameters.

    Raises
    ------
    ValueError, TypeError
        As `LinearObjective` and its ``value_and_grad``.

    References
    ----------
    .. [1] V. N. Vapnik, "Principles of risk minimization for learning theory", Advances in Neural Information
       Processing Systems 4, 1991.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> X = np.array([[1.0, 0.0], [0.0, 2.0]])
    >>> fastgd.loss_and_grad(X, np.array([1.0, 0.0]), np.array([1.0, 1.0]), loss="squared_error")
    LossAndGrad(loss=1.0, coef_grad=array([0., 2.]), intercept_grad=None)
    """
    coefficients = check.real_array("coef", coef)
    if coefficients.ndim not in (1, 2) or coefficients.size == 0:
        raise ValueError(
            f"coef must have shape (n_features,) or (n_outputs, n_features), got shape {coefficients.shape}"
        )
    n_outputs = 1 if coefficients.ndim == 1 else coefficients.shape[0]
    kind = get_loss(loss).kind
    if kind == "multiclass" and n_outputs == 1:
        raise ValueError(
            f"coef must have one row a class for the multi-class loss {loss!r}, got shape {coefficients.shape}"
        )
    objective = LinearObjective(
        X,
        y,
        loss=loss,
        alpha=alpha,
        l1_ratio=l1_ratio,
        fit_intercept=intercept is not None,
        sample_weight=sample_weight,
        # Labels with a column each are no classes.
        n_classes=None if kind == "regression" or np.ndim(y) == 2 else max(n_outputs, 2),
        loss_params=loss_params,
    )
    value, gradient = objective.value_and_grad(objective.pack(coefficients, intercept))
    coef_grad, intercept_grad = objective.unpack(gradient)
    return LossAndGrad(
        value,
        coef_grad.reshape(coefficients.shape),
        None if intercept is None else intercept_grad.reshape(np.shape(intercept)),
    )
