"""The compiled core. Its callers are the modules of this package, which check every argument first."""

from collections.abc import Callable
from typing import Any, TypedDict, final

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

class _LossInfo(TypedDict):
    name: str
    kind: str
    params: dict[str, float]
    trainable: bool
    curvature: float

class _RowMoments(TypedDict):
    mean_square_norm: float
    eigenvalue_bound: float

class _History(TypedDict):
    epoch: _Ints
    step: _Ints
    loss: _Floats
    lr: _Floats
    grad_norm: _Floats
    seconds: _Floats

class _Outcome(TypedDict):
    x: _Floats
    fun: _Floats
    grad_norm: _Floats
    lr: _Floats
    n_epochs: int
    n_steps: int
    status: list[str]
    nonfinite: tuple[int, int] | None
    history: _History

def losses() -> list[_LossInfo]: ...
def storages() -> list[str]: ...
def simd_level() -> str: ...
def simd_levels() -> list[str]: ...
def build_info() -> dict[str, str]: ...
def max_threads() -> int: ...
def set_num_threads(n: int) -> None: ...
def openmp_runtime() -> str: ...
def permutation(n: int, seed: int, epoch: int) -> _Ints: ...
def philox(seed: int, stream: int, epoch: int, block: int) -> NDArray[np.uint64]: ...
def vector_math(name: str, x: NDArray[Any]) -> NDArray[Any]: ...

class _PybindType(type): ...

@final
class LinearObjective(metaclass=_PybindType):
    def __init__(
        self,
        X: NDArray[Any],
        storage: str,
        y: NDArray[Any],
        loss: str,
        loss_params: dict[str, float],
        n_outputs: int,
        alpha: float,
        l1_ratio: float,
        fit_intercept: bool,
        sample_weight: NDArray[Any] | None,
        offset: NDArray[Any] | None,
    ) -> None: ...
    def value(self, w: _Floats, rows: _Ints | None, n_threads: int) -> float: ...
    def value_and_grad(self, w: _Floats, rows: _Ints | None, grad: _Floats, n_threads: int) -> float: ...
    def decision_function(self, w: _Floats, rows: _Ints | None, n_threads: int) -> NDArray[Any]: ...
    def find_nonfinite(self) -> tuple[int, int] | None: ...
    def hvp(self, w: _Floats, v: _Floats, rows: _Ints | None, product: _Floats, n_threads: int) -> None: ...
    def duality_gap(self, w: _Floats, n_threads: int) -> float: ...
    def row_moments(self) -> _RowMoments: ...
    def max_square_norm(self) -> float: ...
    @property
    def n_samples(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    @property
    def n_params(self) -> int: ...

def minimize(
    objective: LinearObjective,
    params: _Floats,
    *,
    optimizer: str,
    optimizer_params: dict[str, _Floats],
    schedule: str,
    schedule_params: dict[str, _Floats],
    alpha: _Floats,
    l1_ratio: _Floats,
    batch_size: int,
    max_epochs: int,
    tol: float,
    n_iter_no_change: int,
    shuffle: bool,
    order: _Ints | Callable[[int], _Ints] | None,
    seed: int,
    time_limit: float,
    observer: Callable[[int, int, _Floats, _Floats, float, Callable[[], _Floats]], bool] | None,
    n_threads: int,
) -> _Outcome: ...
