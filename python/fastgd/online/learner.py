"""A linear model that learns from a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .. import _validation as check
from .._losses import LOG_LINK, check_domain
from .._probabilities import PROBABILITIES, probabilities
from .._scores import raw_scores
from ..schedules._spec import stacked
from ._parameters import check_classes, check_features, check_loss, check_optimizer
from ._rows import as_row, is_block

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..optimizers import Optimizer
    from ..optimizers._base import Rate

    Floats = NDArray[np.float64]


class Learner(_core.OnlineLearner):
    """A linear model that learns from one row at a time, and can be asked at any time.

    A step on the row ``x`` with target ``y`` and weight ``s`` is that of `fastgd.minimize` with ``batch_size=1``::

        raw = coef @ x + intercept
        g = s * grad loss(y, raw) + alpha * (1 - l1_ratio) * coef
        w = update(w, g, lr)
        coef = sign(coef) * max(|coef| - rate * alpha * l1_ratio, 0)

    and over dense rows it has the bits of one epoch of it, in float64, with rows in the order of the stream.

    Parameters
    ----------
    n_features : int, optional
        Number of features; by default the first row tells. Rows that are dicts need it not: every name that has not
        been seen gets the next column, with weight 0.
    loss : str, default="log_loss"
        A loss by name, see `fastgd.losses`.
    optimizer : str or optimizer, default="sgd"
        A name, or an instance, which then has its own rate. Those that come back to rows (SAGA, SVRG, LBFGS,
        BarzilaiBorwein) are refused.
    lr : float, schedule or function step -> float, optional
        Learning rate of an optimiser that is given by name; by default the optimiser's, or 0.01 where that is
        ``"auto"``. Schedules count rows.
    alpha, l1_ratio : float, default=0.0
        Strength of the penalty, and the share of it that is the l1 norm.
    fit_intercept : bool, default=True
        Whether there is an intercept, which is never penalised.
    loss_params : dict, optional
        Parameters of the loss by name.
    n_classes : int, optional
        Number of classes, which are then 0 to ``n_classes - 1``; 2 by default, needed for multi-class losses.
    classes : sequence, optional
        The classes themselves, in the place of `n_classes`. Two of them have one score, positive for the second.
    hash_features : int, optional
        Rows that are dicts have ``2**hash_features`` columns, at the hash of the name: MurmurHash3 (32 bits, seed 0)
        of its UTF-8, negative hashes with the opposite sign, as scikit-learn's ``FeatureHasher`` has it [2]_. Memory
        then does not grow with names.

    Attributes
    ----------
    classes : list or None
        The classes, None for a regression.
    n_features : int or None
        Number of features, None while it is not known.
    feature_names : list or None
        The names of the columns in order, where rows are dicts and names are not hashed; else None.
    n_steps : int
        Updates made.

    Raises
    ------
    TypeError
        An argument has the wrong type.
    ValueError
        A value is not allowed. The message names argument, value and what is allowed.

    Notes
    -----
    A row is a 1-D array or list of numbers; a dict ``{name: value}``, where a string value stands for the feature
    ``"name=value"`` with value 1; a sparse array or matrix of one row; or a pair ``(indices, values)``. What a row does
    not name is 0. Arithmetic is float64 whatever the row's dtype.

    The cost of an update grows with the entries of a sparse row alone for SGD without momentum, Adagrad, and FTRL with
    a constant rate, without penalty; else with all features, as every weight then changes.

    A learner is not to be used from several threads at once.

    References
    ----------
    .. [1] L. Bottou, "Online learning and stochastic approximations", On-line Learning in Neural Networks, Cambridge
       University Press, 1998.
    .. [2] K. Weinberger, A. Dasgupta, J. Langford, A. Smola and J. Attenberg, "Feature hashing for large scale
       multitask learning", International Conference on Machine Learning, 2009.

    Examples
    --------
    >>> from fastgd.online import Learner
    >>> learner = Learner(loss="log_loss", lr=0.5, classes=["ham", "spam"])
    >>> for _ in range(10):
    ...     _ = learner.update({"length": 0.2, "sender": "boss"}, "ham")
    ...     _ = learner.update({"length": 0.9, "sender": "prince"}, "spam")
    >>> learner.predict({"length": 0.5, "sender": "prince"})
    'spam'
    """

    def __init__(
        self,
        n_features: int | None = None,
        *,
        loss: str = "log_loss",
        optimizer: str | Optimizer = "sgd",
        lr: Rate | None = None,
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        loss_params: Mapping[str, float] | None = None,
        n_classes: int | None = None,
        classes: Sequence[Any] | None = None,
        hash_features: int | None = None,
    ) -> None:
        given = locals()
        self._params = {name: given[name] for name in _DEFAULTS}
        self._loss, self._loss_params = check_loss(loss, loss_params)
        labels = check_classes(self._loss, n_classes, classes)
        self.classes = None if labels is None else labels.classes
        alpha = check.number("alpha", alpha, *check.NOT_NEGATIVE)
        l1_ratio = check.number("l1_ratio", l1_ratio, *check.PART)
        found, schedule = check_optimizer(optimizer, lr, l1_ratio if alpha > 0.0 else 0.0)
        width, hash_bits = check_features(n_features, hash_features)
        super().__init__(
            self._loss.name,
            self._loss_params,
            1 if labels is None else labels.n_outputs,
            found._core_name,
            {name: np.array([value]) for name, value in found._core_params().items()},
            stacked([schedule._spec()]),
            alpha,
            l1_ratio,
            check.boolean("fit_intercept", fit_intercept),
            width,
            hash_bits,
            None if labels is None else labels.target,
            self._loss.name not in LOG_LINK,
        )

    def predict_proba(self, x: Any) -> NDArray[np.floating[Any]]:
        """Return the probability of each class; for log_loss, modified_huber and multinomial.

        Parameters
        ----------
        x : row or block of rows
            As in `update`.

        Returns
        -------
        array of shape (n_classes,), or (n_rows, n_classes)
            Probabilities, in the order of `classes`.

        Raises
        ------
        AttributeError
            The loss has no probabilities.
        ValueError, TypeError
            `x` is not allowed.
        """
        if self._loss.name not in PROBABILITIES:
            raise AttributeError(
                f"loss {self._loss.name!r} is not compatible with predict_proba; it needs {', '.join(PROBABILITIES)}"
            )
        raw = np.asarray(self.decision_function(x))
        n_outputs = len(self._intercept())
        shares = probabilities(self._loss.name, raw.reshape(-1, n_outputs))
        return shares[0] if raw.ndim == (0 if n_outputs == 1 else 1) else shares

    @property
    def coef(self) -> Floats:
        """The coefficients, of shape (n_outputs, n_features); a copy."""
        return self._coef()

    @property
    def intercept(self) -> Floats:
        """The intercepts, of shape (n_outputs,); a copy."""
        return self._intercept()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments that this learner was made with."""
        return dict(self._params)

    def __repr__(self) -> str:
        shown = {name: value for name, value in self._params.items() if repr(value) != repr(_DEFAULTS[name])}
        return f"Learner({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __getstate__(self) -> dict[str, Any]:
        return {"params": self._params, "state": self._state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["params"])  # type: ignore[misc]
        self._set_state(state["state"])

    # What the core calls for rows other than dicts and arrays of float64, and for losses with a log link.

    def _update(self, x: Any, y: Any, sample_weight: Any) -> Any:
        if self._loss.name in LOG_LINK:
            check_domain(self._loss, self._loss_params, np.atleast_1d(check.real_array("y", y)).astype(np.float64))
        row = as_row(x, self.n_features)
        if is_block(row):
            return self._update_rows(*_block(row, y, sample_weight))
        return self._update_row(row, y, sample_weight)

    def _decision_function(self, x: Any) -> Any:
        row = as_row(x, self.n_features)
        if not is_block(row):
            return self._scores(row)
        scores = raw_scores(row, self.coef, self.intercept)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _predict(self, x: Any) -> Any:
        raw = self.decision_function(x)
        if self.classes is None:
            return np.exp(raw) if self._loss.name in LOG_LINK else raw
        if len(self._intercept()) == 1:
            best = np.asarray(raw > 0.0, np.intp)
        else:
            best = np.asarray(raw).argmax(axis=-1)
        return [self.classes[i] for i in best] if best.ndim else self.classes[int(best)]


def _block(X: Floats, y: Any, sample_weight: ArrayLike) -> tuple[Floats, list[Any], Floats]:
    if np.ndim(y) != 1 or len(y) != len(X):
        raise ValueError(f"y must have one entry for each of the {len(X)} rows of x, got shape {np.shape(y)}")
    given = check.real_array("sample_weight", sample_weight)
    if given.shape not in ((), (len(X),)) or (given < 0.0).any():
        raise check.refuse("sample_weight", f"a number >= 0, or {len(X)} of them", sample_weight)
    weights = check.finite("sample_weight", np.broadcast_to(given, len(X)), np.float64)
    return X, y.tolist() if hasattr(y, "tolist") else list(y), weights


_DEFAULTS = {
    name: parameter.default for name, parameter in signature(Learner.__init__).parameters.items() if name != "self"
}
