"""A thread that makes the next thing while the present one is used."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

# A read that hangs must not make Ctrl-C hang: its thread then ends by itself, should it ever return.
_LONGEST_WAIT = 2.0
# On Windows a wait without end hears no Ctrl-C.
_WAIT = 0.5


class Ahead(Generic[T]):
    """What an iterator yields, made one ahead in a thread that ends with the ``with`` block.

    The iterator may use again what it yielded two before: that is not asked for any more when it goes on. None is a
    mark, after which it goes on as if it had yielded nothing. It is made with a function that tells whether all that it
    could still yield is in vain.
    """

    def __init__(self, make: Callable[[Callable[[], bool]], Iterator[T | None]]) -> None:
        self._make = make
        self._changed = threading.Condition()
        self._ready: deque[T | None] = deque()
        self._n_wanted = 1
        self._is_over = self._is_left = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="fastgd-reader", daemon=True)

    def __enter__(self) -> Iterator[T | None]:
        self._thread.start()
        return self._taken()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_left = True
            self._ready.clear()
            self._changed.notify_all()
        self._thread.join(_LONGEST_WAIT)

    def _taken(self) -> Iterator[T | None]:
        while True:
            with self._changed:
                while not self._ready and not self._is_over:
                    self._changed.wait(_WAIT)
                if not self._ready:
                    error, self._error = self._error, None
                    if error is not None:
                        raise error
                    return
                made = self._ready.popleft()
                if made is not None:
                    # One more, while this one is used.
                    self._n_wanted += 1
                    self._changed.notify_all()
            yield made
            del made

    def _run(self) -> None:
        try:
            self._fill(self._make(lambda: self._is_left))
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _fill(self, items: Iterator[T | None]) -> None:
        for item in items:
            with self._changed:
                if self._is_left:
                    return
                self._ready.append(item)
                if item is not None:
                    self._n_wanted -= 1
                self._changed.notify_all()
                while self._n_wanted <= 0 and not self._is_left:
                    self._changed.wait(_WAIT)
                if self._is_left:
                    return
