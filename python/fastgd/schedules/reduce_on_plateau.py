"""A learning rate that falls when the loss no longer does."""

from __future__ import annotations

from typing import ClassVar

from .. import _validation as check
from ._base import Schedule, check_least_lr, check_lr


class ReduceOnPlateau(Schedule):
    """A learning rate that falls by a factor when the loss has not fallen for more than `patience` epochs.

    It is PyTorch's ``ReduceLROnPlateau`` in the mode ``"min"``, as people have long done it by hand [1]_. It reads the
    loss of each epoch as the run's history has it, and compares it with the best one before::

        loss < best * (1 - threshold)     threshold_mode="rel"
        loss < best - threshold           threshold_mode="abs"

    Where that holds the loss is the new best, elsewhere the epoch is a bad one. After more than `patience` bad epochs
    in a row the rate becomes ``max(lr * factor, min_lr)``, unless that is less by no more than `eps`; the next
    `cooldown` epochs are then never bad ones. Called with a step, it returns the rate before any loss was seen.

    Parameters
    ----------
    lr : float
        First learning rate, above 0.
    factor : float, default=0.1
        Factor, above 0 and below 1.
    patience : int, default=10
        Bad epochs in a row that change nothing, at least 0.
    threshold : float, default=1e-4
        What counts as a fall: a share of the best loss, below 1, or a difference from it; at least 0.
    threshold_mode : {"rel", "abs"}, default="rel"
        Whether `threshold` is a share or a difference. The loss of some objectives may be negative; a share of such a
        one means nothing.
    cooldown : int, default=0
        Epochs after a fall of the rate that are not judged, at least 0.
    min_lr : float, default=0.0
        Smallest learning rate, from 0 to `lr`.
    eps : float, default=1e-8
        Falls of the rate by at most this are left out, at least 0.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", IEEE Conference on
       Computer Vision and Pattern Recognition, 2016, section 3.4.

    Examples
    --------
    >>> from fastgd.schedules import ReduceOnPlateau
    >>> ReduceOnPlateau(0.1, factor=0.5, patience=3)(step=0)
    0.1
    """

    _names = ("lr", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr", "eps")
    _core_name = "reduce_on_plateau"
    _choices: ClassVar[dict[str, tuple[str, ...]]] = {"threshold_mode": ("rel", "abs")}

    def __init__(
        self,
        lr: float,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        self.lr = lr
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.eps = eps
        self._check()

    def _check(self) -> None:
        lr = check_lr(self.lr)
        check.number("factor", self.factor, "a number > 0 and < 1", lambda v: 0.0 < v < 1.0)
        check.integer("patience", self.patience, 0, check.MAX_COUNT)
        self._check_choices()
        if self.threshold_mode == "rel":
            check.number(
                "threshold", self.threshold, "a number >= 0 and < 1 with threshold_mode='rel'", lambda v: 0.0 <= v < 1.0
            )
        else:
            check.number("threshold", self.threshold, *check.NOT_NEGATIVE)
        check.integer("cooldown", self.cooldown, 0, check.MAX_COUNT)
        check_least_lr("min_lr", self.min_lr, lr)
        check.number("eps", self.eps, *check.NOT_NEGATIVE)
