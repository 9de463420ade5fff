"""The compiled core. Its callers are the modules of this package, which check every argument first."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypedDict, final

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

class _OptimizerInfo(TypedDict):
    name: str
    params: dict[str, float]
    l1: bool
    whole: bool
    finite_sums: bool
    line_search: bool
    full_batch: bool
    averages: bool

class _ActivationInfo(TypedDict):
    he: bool

class _ScheduleInfo(TypedDict):
    name: str
    params: dict[str, float]

# (name, params, by_epoch, inner, calls)
_ScheduleSpec: TypeAlias = tuple[str, dict[str, _Floats], bool, Any, list[Callable[[int], float]]]

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
    held_out: _Floats
    lr: _Floats
    converged_by: list[str]
    n_restarts: list[int]
    n_epochs: int
    n_steps: list[int]
    status: list[str]
    nonfinite: tuple[int, int] | None
    history: _History
    state: DescentState

def losses() -> list[_LossInfo]: ...
def optimizers() -> list[_OptimizerInfo]: ...
def storages() -> list[str]: ...
def simd_level() -> str: ...
def simd_levels() -> list[str]: ...
def build_info() -> dict[str, str]: ...
def max_threads() -> int: ...
def set_num_threads(n: int) -> None: ...
def openmp_runtime() -> str: ...
def interleave(columns: Sequence[NDArray[Any]], X: NDArray[Any]) -> None: ...
def place_rows(X: NDArray[Any], first: int, out: NDArray[Any], seed: int, epoch: int) -> None: ...
def permutation(n: int, seed: int, epoch: int) -> _Ints: ...
def philox(seed: int, stream: int, epoch: int, block: int) -> NDArray[np.uint64]: ...
def schedules() -> list[_ScheduleInfo]: ...
def schedule_rates(
    schedule: _ScheduleSpec, n_models: int, steps: _Ints, epochs: _Ints, losses: _Floats | None
) -> _Floats: ...
def linear_scores(
    X: NDArray[Any] | CsrMatrix, storage: str, coef: NDArray[Any], intercept: NDArray[Any], n_threads: int
) -> NDArray[Any]: ...
def activations() -> dict[str, _ActivationInfo]: ...
def mlp_initial(sizes: list[int], activation: str, seed: int, method: str) -> _Floats: ...
def mlp_scores(
    X: NDArray[Any] | CsrMatrix, storage: str, sizes: list[int], activation: str, params: _Floats, n_threads: int
) -> NDArray[Any]: ...
def dropout_mask(seed: int, step: int, layer: int, n_rows: int, n_units: int, dropout: float) -> NDArray[np.bool_]: ...
def vector_math(name: str, x: NDArray[Any]) -> NDArray[Any]: ...

class _PybindType(type): ...

@final
class DescentState(metaclass=_PybindType):
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def parts(self) -> tuple[int, int, _Floats, _Floats, _Floats, _Floats]: ...
    def select(self, models: _Ints) -> DescentState: ...

class Objective(metaclass=_PybindType):
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

@final
class FunctionObjective(Objective):
    def __init__(
        self,
        function: Callable[[_Floats, _Ints | None], tuple[_Floats, _Floats]],
        n_params: int,
        n_samples: int,
    ) -> None: ...

@final
class UserLoss(metaclass=_PybindType):
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @staticmethod
    def of_function(
        function: Callable[[_Floats, _Floats], tuple[_Floats, _Floats]], class_targets: bool
    ) -> UserLoss: ...
    @staticmethod
    def of_address(address: int, class_targets: bool) -> UserLoss: ...

@final
class CsrMatrix(metaclass=_PybindType):
    def __init__(self, values: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], n_cols: int) -> None: ...

@final
class LinearObjective(Objective):
    def __init__(
        self,
        X: NDArray[Any] | CsrMatrix,
        storage: str,
        y: NDArray[Any],
        loss: str | UserLoss,
        loss_params: dict[str, float],
        n_outputs: int,
        alpha: float,
        l1_ratio: float,
        fit_intercept: bool,
        standardize: bool,
        sample_weight: NDArray[Any] | None,
        offset: NDArray[Any] | None,
        intercept_slope: float,
    ) -> None: ...
    def value(self, w: _Floats, rows: _Ints | None, n_threads: int) -> float: ...
    def values(self, w: _Floats, n_threads: int) -> _Floats: ...
    def value_and_grad(self, w: _Floats, rows: _Ints | None, grad: _Floats, n_threads: int) -> float: ...
    def decision_function(self, w: _Floats, rows: _Ints | None, n_threads: int) -> NDArray[Any]: ...
    def find_nonfinite(self) -> tuple[int, int] | None: ...
    def hvp(self, w: _Floats, v: _Floats, rows: _Ints | None, product: _Floats, n_threads: int) -> None: ...
    def plane(self, w: _Floats, directions: _Floats, coordinates: _Floats, n_threads: int) -> _Floats: ...
    def duality_gap(self, w: _Floats, n_threads: int) -> float: ...
    def row_moments(self) -> _RowMoments: ...
    def max_square_norm(self) -> float: ...
    def raw_params(self, w: _Floats) -> _Floats: ...
    def feature_means(self) -> _Floats: ...
    def feature_scales(self) -> _Floats: ...
    @property
    def n_samples(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    @property
    def n_params(self) -> int: ...

@final
class MLPObjective(Objective):
    def __init__(
        self,
        X: NDArray[Any] | CsrMatrix,
        storage: str,
        y: NDArray[Any],
        loss: str | UserLoss,
        loss_params: dict[str, float],
        n_outputs: int,
        hidden_layer_sizes: list[int],
        activation: str,
        alpha: float,
        l1_ratio: float,
        dropout: float,
        sample_weight: NDArray[Any] | None,
    ) -> None: ...
    def value(self, w: _Floats, rows: _Ints | None, n_threads: int) -> float: ...
    def values(self, w: _Floats, n_threads: int) -> _Floats: ...
    def value_and_grad(
        self,
        w: _Floats,
        rows: _Ints | None,
        grad: _Floats,
        n_threads: int,
        dropout_seed: int,
        dropout_step: int,
    ) -> float: ...
    def decision_function(self, w: _Floats, rows: _Ints | None, n_threads: int) -> NDArray[Any]: ...
    def find_nonfinite(self) -> tuple[int, int] | None: ...
    @property
    def n_samples(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    @property
    def n_params(self) -> int: ...

@final
class DensityObjective(Objective):
    def __init__(
        self,
        Z: NDArray[Any] | CsrMatrix,
        storage: str,
        n_components: int,
        diagonal: bool,
        reg_covar: float,
        standardize: bool,
        standard: tuple[_Floats, _Floats] | None,
    ) -> None: ...
    def values(self, w: _Floats, rows: _Ints | None, n_threads: int) -> _Floats: ...
    def value_and_grad(self, w: _Floats, rows: _Ints | None, grad: _Floats, n_threads: int) -> float: ...
    def score_samples(
        self, w: _Floats, rows: _Ints | None, with_shares: bool, n_threads: int
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...
    def initial(self, seed: int) -> _Floats: ...
    def find_nonfinite(self) -> tuple[int, int] | None: ...
    def feature_means(self) -> _Floats: ...
    def feature_scales(self) -> _Floats: ...
    @property
    def n_samples(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def n_params(self) -> int: ...

class OnlineLearner(metaclass=_PybindType):
    def __init__(
        self,
        loss: str,
        loss_params: dict[str, float],
        n_outputs: int,
        optimizer: str,
        optimizer_params: dict[str, _Floats],
        schedule: _ScheduleSpec,
        alpha: float,
        l1_ratio: float,
        fit_intercept: bool,
        n_features: int,
        hash_bits: int,
        labels: dict[Any, float] | None,
        is_identity: bool,
    ) -> None: ...
    def update(self, x: Any, y: Any, sample_weight: Any = 1.0) -> Any: ...
    def decision_function(self, x: Any) -> Any: ...
    def predict(self, x: Any) -> Any: ...
    def _update_row(self, x: Any, y: Any, sample_weight: Any, /) -> float: ...
    def _update_rows(self, x: _Floats, y: Sequence[Any], sample_weight: _Floats) -> _Floats: ...
    def _scores(self, x: Any, /) -> Any: ...
    def _coef(self) -> _Floats: ...
    def _intercept(self) -> _Floats: ...
    def _state(self) -> tuple[Any, ...]: ...
    def _set_state(self, state: tuple[Any, ...], /) -> None: ...
    @property
    def n_features(self) -> int | None: ...
    @property
    def n_steps(self) -> int: ...
    @property
    def feature_names(self) -> list[Any] | None: ...

@final
class NearestRows(metaclass=_PybindType):
    def __init__(self, X: NDArray[Any] | CsrMatrix, storage: str, n_threads: int) -> None: ...
    def query(
        self, Z: NDArray[Any] | CsrMatrix, storage: str, k: int, without_self: bool, n_threads: int
    ) -> tuple[_Floats, _Ints]: ...

@final
class Lbfgs(metaclass=_PybindType):
    def __init__(
        self,
        start: _Floats,
        memory: int = 10,
        armijo: float = 1e-3,
        curvature: float = 0.9,
        noise: float = 1e-14,
        max_search: int = 20,
    ) -> None: ...
    def ask(self) -> _Floats: ...
    def tell(self, value: float, grad: _Floats) -> str: ...
    def point(self) -> _Floats: ...
    def value(self) -> float: ...
    def gradient(self) -> _Floats: ...
    def grad_norm(self) -> float: ...

@final
class Owlqn(metaclass=_PybindType):
    def __init__(
        self,
        start: _Floats,
        l1: _Floats,
        memory: int = 10,
        armijo: float = 1e-3,
        noise: float = 1e-14,
        max_search: int = 20,
        diagonal: _Floats = ...,
    ) -> None: ...
    def ask(self) -> _Floats: ...
    def tell(self, value: float, grad: _Floats) -> str: ...
    def point(self) -> _Floats: ...
    def value(self) -> float: ...
    def gradient(self) -> _Floats: ...
    def grad_norm(self) -> float: ...

def minimize(
    objective: Objective,
    params: _Floats,
    *,
    optimizer: str,
    optimizer_params: dict[str, _Floats],
    schedule: _ScheduleSpec,
    alpha: _Floats,
    l1_ratio: _Floats,
    batch_size: int,
    max_epochs: int,
    tol: float | None,
    n_iter_no_change: int,
    shuffle: bool,
    order: _Ints | Callable[[int], _Ints] | None,
    seed: int,
    init_seed: list[int] = ...,
    gtol: float | None,
    gap_tol: float | None,
    clip_value: float,
    clip_norm: float,
    lazy: bool,
    fold_of_row: NDArray[np.int32],
    fold_of_model: Sequence[int],
    stream: bool,
    evaluate: bool,
    grad_norm: bool,
    resume: DescentState | None,
    checkpoint: NDArray[np.uint8] | None = ...,
    checkpoint_epochs: int = ...,
    checkpoint_seconds: float = ...,
    save: Callable[[int, NDArray[np.uint8]], object] | None = ...,
    time_limit: float,
    observer: Callable[[int, int, _Floats, _Floats, float, Callable[[], _Floats]], float] | None,
    n_threads: int,
) -> _Outcome: ...
