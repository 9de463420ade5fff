"""`risk`, of objectives and estimators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import _validation as check
from ..objectives import DataObjective, DensityObjective, FunctionObjective
from .of_objective import of_data_objective, of_density, of_sum

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .estimate import Risk

__all__ = ["risk"]


def risk(
    objective_or_estimator: Any,
    w: ArrayLike | None = None,
    *,
    X: Any = None,
    y: Any = None,
    loss: str | Callable[..., Any] | None = None,
    sample_weight: ArrayLike | None = None,
) -> Risk:
    """Estimate the expected loss of a model from rows, with a standard error and a confidence interval.

    The risk ``R = E[loss(y, raw)]`` over the distribution of the data is not known. The mean over independent rows
    estimates it without bias, provided that the model was chosen without them [1]_: on the rows of the fit it is too
    low. With weights ``s`` it is ``sum_i s_i loss_i / sum_i s_i``; a row of weight 0 is as absent.

    Parameters
    ----------
    objective_or_estimator : objective or fitted estimator
        A `LinearObjective`, `MLPObjective` or density with parameters `w`; a `FunctionObjective` that is a finite sum,
        whose terms are the losses; or a fitted classifier, regressor or density estimator of fastgd or scikit-learn.
    w : array of shape (n_params,), optional
        Parameters of an objective; None for an estimator.
    X : array or SciPy sparse array of shape (n_samples, n_features), optional
        Rows, which are taken to be held out. By default the objective's own; must be given for an estimator.
    y : array of shape (n_samples,) or (n_samples, n_outputs), optional
        Their targets: as those of the objective, or labels as the estimator knows them. None for densities.
    loss : str or function, optional
        A name of `fastgd.losses` or ``"zero_one"``, or a function ``(y, raw) -> losses`` of one loss a row, or
        ``-> (losses, derivatives)``. By default the objective's; ``"zero_one"`` for classifiers and
        ``"squared_error"`` for regressors. ``"squared_error"`` is the whole square here. Parameters are those of the
        objective's loss, else the defaults. Of estimators ``"log_loss"`` and ``"multinomial"`` are minus the logarithm
        of the predicted probability, which is infinite at 0; other losses of classes take `decision_function`,
        one-vs-rest for several; losses of numbers take `predict`, or for poisson, gamma and tweedie its logarithm. A
        function gets `y` as the objective encodes it (-1 and 1, class indices or numbers), or as given for an
        estimator, and `decision_function` or else `predict_proba`, or `predict`. The loss of a density is
        ``-log q(z)``, and no other.
    sample_weight : array of shape (n_samples,), optional
        Weights of the rows of `X`, at least 0 and not all 0; 1 each by default. The objective's own rows have its own.

    Returns
    -------
    Risk
        ``mean``, ``standard_error``, ``interval(level=0.95)``, ``n_samples``, ``n_effective``, ``loss``, ``held_out``.
        There is no penalty in it.

    Raises
    ------
    TypeError, ValueError
        An argument is not allowed, shapes do not fit, the loss is unknown, or does not fit the model.
    sklearn.exceptions.NotFittedError
        The estimator is not fitted.

    See Also
    --------
    fastgd.sweep : choose by the risk on held-out folds.

    References
    ----------
    .. [1] V. N. Vapnik, "Principles of risk minimization for learning theory", Advances in Neural Information
       Processing Systems 4, 1991.

    Examples
    --------
    >>> import numpy as np
    >>> import fastgd
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 20))
    >>> y = X[:, 0] + rng.normal(size=300) > 0.0
    >>> objective = fastgd.LinearObjective(X[:100], y[:100])
    >>> w = fastgd.minimize(objective).x
    >>> fastgd.risk(objective, w, loss="zero_one").mean
    0.17
    >>> held_out = fastgd.risk(objective, w, X=X[100:], y=y[100:], loss="zero_one")
    >>> held_out.mean
    0.285
    >>> low, high = held_out.interval()
    >>> round(low, 3), round(high, 3)
    (0.227, 0.351)
    """
    given = objective_or_estimator
    if hasattr(given, "fit") and (hasattr(given, "predict") or hasattr(given, "score_samples")):
        if w is not None:
            raise ValueError("w must be None for an estimator, which has parameters of its own")
        from .of_estimator import of_estimator

        return of_estimator(given, X, y, loss, sample_weight)
    is_density = isinstance(given, DensityObjective)
    if not isinstance(given, (DataObjective, DensityObjective, FunctionObjective)):
        raise check.refuse("objective_or_estimator", "an objective of fastgd, or an estimator", given, TypeError)
    if w is None:
        raise ValueError("w must be given for an objective: minimize(objective).x, for instance")
    if isinstance(given, DataObjective):
        return of_data_objective(given, w, X, y, loss, sample_weight)
    kind = "a density, whose loss is minus its logarithm" if is_density else "a finite sum, whose terms are its losses"
    refused = {"y": y, "loss": loss} if is_density else {"X": X, "y": y, "loss": loss, "sample_weight": sample_weight}
    for name, value in refused.items():
        if value is not None:
            raise check.refuse(name, f"None for {kind}", value)
    return of_density(given, w, X, sample_weight) if isinstance(given, DensityObjective) else of_sum(given, w)
