"""The perceptron."""

from __future__ import annotations

from typing import Any

from .sgd_classifier import BaseSGDClassifier


class Perceptron(BaseSGDClassifier):
    """Linear perceptron classifier."""

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        name: rule
        for name, rule in BaseSGDClassifier._parameter_constraints.items()
        if name not in ("loss", "loss_params", "epsilon", "learning_rate", "power_t", "average")
    }

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        batch_size: int | str = 1,
        optimizer: Any = None,
        standardize: bool = False,
        scoring: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.standardize = standardize
        self.scoring = scoring
        self.n_threads = n_threads
