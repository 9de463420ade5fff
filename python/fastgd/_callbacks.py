"""What happens at the end of an epoch: callbacks and the progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validation as check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["EpochInfo"]


class EpochInfo:
    """What a callback of `fastgd.minimize` is told at the end of an epoch.

    Attributes
    ----------
    epoch : int
        Number of the epoch that has ended, counted from 0.
    step : int
        Updates made so far.
    loss : float
        Loss of the epoch as in ``Result.history``: before its updates, so not quite that of `x`.
    lr : float
        Learning rate of the last update.
    seconds : float
        Wall-clock time since the run began.
    x : array of shape (n_params,), float64
        The parameters now, copied when they are first asked for, which is possible during the callback only.
    """

    __slots__ = ("_params", "_x", "epoch", "loss", "lr", "seconds", "step")

    def __init__(
        self, epoch: int, step: int, loss: float, lr: float, seconds: float, params: Callable[[], Floats]
    ) -> None:
        self.epoch = epoch
        self.step = step
        self.loss = loss
        self.lr = lr
        self.seconds = seconds
        self._params: Callable[[], Floats] | None = params
        self._x: Floats | None = None

    @property
    def x(self) -> Floats:
        """The parameters now."""
        if self._x is None:
            if self._params is None:
                raise RuntimeError("the parameters of this epoch are gone: keep info.x during the callback")
            self._x = np.array(self._params()[0])
        return self._x

    def _close(self) -> None:
        self._params = None

    def __repr__(self) -> str:
        return (
            f"EpochInfo(epoch={self.epoch}, step={self.step}, loss={self.loss:.6g}, lr={self.lr:.6g}, "
            f"seconds={self.seconds:.3g})"
        )


Callback = Callable[[EpochInfo], object]


def check_callbacks(callbacks: object) -> tuple[Callback, ...]:
    """The callbacks as a tuple: a callable alone stands for itself."""
    if callable(callbacks):
        return (callbacks,)
    allowed = "a callable or an iterable of callables"
    if not isinstance(callbacks, Iterable):
        raise check.refuse("callbacks", allowed, callbacks, TypeError)
    given = tuple(callbacks)
    for one in given:
        if not callable(one):
            raise check.refuse("callbacks", allowed, one, TypeError)
    return given


class Observers:
    """Calls the callbacks and moves the bar; a context that closes the bar."""

    def __init__(self, callbacks: tuple[Callback, ...], bar: Any | None) -> None:
        self._callbacks = callbacks
        self._bar = bar

    def __enter__(self) -> Observers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __bool__(self) -> bool:
        return bool(self._callbacks) or self._bar is not None

    def __call__(
        self, epoch: int, step: int, loss: Floats, lr: Floats, seconds: float, params: Callable[[], Floats]
    ) -> float:
        """1, or 0 where a callback asks the run to end."""
        info = EpochInfo(epoch, step, float(loss[0]), float(lr[0]), seconds, params)
        if self._bar is not None:
            self._bar.set_postfix(**_told(loss, lr), refresh=False)
            self._bar.update(1)
        try:
            # All are called, also after one has asked for the end.
            answers = [_asks_to_stop(callback, info) for callback in self._callbacks]
        finally:
            info._close()
        return 0.0 if any(answers) else 1.0


def _told(loss: Floats, lr: Floats) -> dict[str, str]:
    """What the bar tells beside its length."""
    if len(loss) == 1:
        return {"loss": f"{loss[0]:.6g}", "lr": f"{lr[0]:.3g}"}
    lowest = np.min(loss, where=np.isfinite(loss), initial=np.inf)
    return {"models": str(len(loss)), "lowest_loss": f"{lowest:.6g}"}


def _asks_to_stop(callback: Callback, info: EpochInfo) -> bool:
    try:
        answer = callback(info)
    except StopIteration:
        return True
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


def make_bar(max_epochs: int) -> Any:
    """A progress bar over the epochs."""
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise ImportError("progress=True needs tqdm: pip install 'fastgd[progress]'") from error
    return tqdm(total=max_epochs, unit="epoch")
