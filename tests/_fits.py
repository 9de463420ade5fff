"""Whole fits whose bits the repository holds, and the program that runs them at one SIMD level.

    python tests/_fits.py            prints the lines of tests/golden/fit_hashes.txt that are theirs
    python tests/_fits.py --write    puts them there, after a change of the arithmetic that was meant
    python tests/_fits.py --report   what each number of threads gave, as JSON, for test_reproducibility.py

``FASTGD_SIMD`` chooses the level. The data come from the core's Philox through operations that are exact (integers,
shifts, scaling by powers of two), so neither NumPy nor the C library has a share in the bits.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _csr
import ml_dtypes
import numpy as np

import fastgd
from fastgd import _core, optimizers
from fastgd.optimizers import SGD, Optimizer
from fastgd.schedules import InverseScaling, Warmup

GOLDEN = Path(__file__).resolve().parent / "golden" / "fit_hashes.txt"
LEVELS = fastgd.simd_levels()
THREADS = (1, 2, 3, 7)
# Wide enough for seven threads to have panels of their own, long enough for seven blocks of 1024 rows.
WIDE = (600, 1400)
LONG = (7300, 70)
# For optimisers, one fit each: few rows, as wide.
FEW = (128, 1400)
KEY = 2024


@functools.cache
def random_bytes(count: int, stream: int) -> np.ndarray:
    """Bytes of Philox4x64-10; the first is the lowest of its word."""
    blocks = [_core.philox(KEY, stream, 0, block) for block in range(-(-count // 32))]
    return np.concatenate(blocks).astype("<u8").view(np.uint8)[:count]


def pixels(shape: tuple[int, int]) -> np.ndarray:
    return random_bytes(shape[0] * shape[1], shape[1]).reshape(shape)


def floats(shape: tuple[int, int], dtype: Any) -> np.ndarray:
    """The same in [-1, 1), in steps of 1/128: exact in every type."""
    return ((pixels(shape).astype(np.float64) - 128.0) / 128.0).astype(dtype)


def classes(shape: tuple[int, int], n_classes: int) -> np.ndarray:
    """Of two classes, the one of a large or a small sum of two columns; of more, any that depends on them."""
    total = pixels(shape)[:, :2].astype(np.int64).sum(axis=1)
    return (total > 255).astype(np.int64) if n_classes == 2 else total // 16 % n_classes


def targets(shape: tuple[int, int]) -> np.ndarray:
    return pixels(shape)[:, :3].astype(np.float64).sum(axis=1) / 256.0


def weights(shape: tuple[int, int]) -> np.ndarray:
    """0, 1, 2 or 3 halves."""
    return (random_bytes(shape[0], 7) & 3) / 2.0


# ---- the fits


def log_loss_full() -> Any:
    objective = fastgd.LinearObjective(floats(LONG, np.float64), classes(LONG, 2), loss="log_loss", alpha=2.0**-6)
    return objective, {"optimizer": SGD(0.25), "batch_size": "full"}


def softmax_full_auto() -> Any:
    objective = fastgd.LinearObjective(floats(LONG, np.float16), classes(LONG, 4), loss="multinomial")
    return objective, {"optimizer": SGD("auto", momentum=0.5), "batch_size": "full"}


def nesterov_32() -> Any:
    objective = fastgd.LinearObjective(floats(WIDE, np.float32), classes(WIDE, 10), loss="log_loss", alpha=2.0**-8)
    return objective, {"optimizer": SGD(2.0**-9, momentum=0.9, nesterov=True), "batch_size": 32}


def momentum_dampened_64() -> Any:
    objective = fastgd.LinearObjective(floats(WIDE, ml_dtypes.bfloat16), classes(WIDE, 6), loss="multiclass_hinge")
    return objective, {"optimizer": SGD(2.0**-10, momentum=0.75, dampening=0.5), "batch_size": 64}


def rows_one_by_one() -> Any:
    objective = fastgd.LinearObjective(floats(WIDE, np.float32), classes(WIDE, 2), loss="log_loss", alpha=2.0**-7)
    return objective, {"optimizer": SGD(InverseScaling(2.0**-6, power_t=0.25)), "batch_size": 1}


def rows_of_few_columns() -> Any:
    shape = (900, 37)
    objective = fastgd.LinearObjective(
        floats(shape, np.float64),
        classes(shape, 3),
        loss="crammer_singer",
        alpha=2.0**-5,
        l1_ratio=0.5,
        sample_weight=weights(shape),
    )
    return objective, {"optimizer": SGD(2.0**-4), "batch_size": 1}


def lasso_32_weighted() -> Any:
    objective = fastgd.LinearObjective(
        floats(WIDE, np.float32),
        np.stack([targets(WIDE) * (k + 1.0) for k in range(6)], axis=1),
        loss="huber",
        alpha=2.0**-5,
        l1_ratio=0.75,
        sample_weight=weights(WIDE),
        loss_params={"epsilon": 0.5},
    )
    return objective, {"optimizer": SGD(2.0**-10), "batch_size": 32}


def softmax_of_bytes_128() -> Any:
    objective = fastgd.LinearObjective(pixels(WIDE), classes(WIDE, 10), loss="multinomial")
    return objective, {"optimizer": SGD(2.0**-22, momentum=0.5), "batch_size": 128}


def counts_4500() -> Any:
    """A mini-batch of more than 4096 rows, summed as full batches are; small integers, an offset, no intercept."""
    signed = (pixels(LONG) >> 6).view(np.int8) - np.int8(2)
    offset = targets(LONG) - 1.0
    objective = fastgd.LinearObjective(
        signed, targets(LONG), loss="poisson", alpha=2.0**-8, offset=offset, fit_intercept=False
    )
    return objective, {"optimizer": SGD(2.0**-9), "batch_size": 4500}


def exponentials_100() -> Any:
    """Exponentials and a falling rate, in float64."""
    objective = fastgd.LinearObjective(
        floats(LONG, np.float64), targets(LONG) + 0.25, loss="tweedie", loss_params={"power": 1.25}
    )
    return objective, {"optimizer": SGD(InverseScaling(2.0**-7)), "batch_size": 100}


def standardized_bytes_32() -> Any:
    """Means, deviations and the rate from the data, by weight."""
    objective = fastgd.LinearObjective(
        pixels(WIDE), classes(WIDE, 3), loss="multinomial", alpha=2.0**-6, sample_weight=weights(WIDE), standardize=True
    )
    return objective, {"optimizer": SGD("auto", momentum=0.5), "batch_size": 32}


def standardized_full() -> Any:
    X = floats(LONG, np.float64) * 2.0 ** (np.arange(LONG[1]) % 7) + 16.0
    objective = fastgd.LinearObjective(X, classes(LONG, 2), alpha=2.0**-6, fit_intercept=False, standardize=True)
    return objective, {"optimizer": SGD("auto"), "batch_size": "full"}


def sparse(
    storage: str, optimizer: Optimizer, batch_size: Any, alpha: float, l1_ratio: float = 0.0, **options: Any
) -> Callable[[], Any]:
    """A fit of three classes on rows of which a sixth is there, in no order."""

    def chosen() -> Any:
        X = floats(LONG if batch_size == "full" else FEW, np.float64)
        X[np.abs(X) < 0.84] = 0.0
        rows = _csr.as_csr(X, storage, "shuffled")
        objective = fastgd.LinearObjective(
            rows, classes(X.shape, 3), loss="multinomial", alpha=alpha, l1_ratio=l1_ratio
        )
        return objective, {"optimizer": optimizer, "batch_size": batch_size, **options}

    return chosen


def optimized(
    optimizer: Optimizer, shape: tuple[int, int], dtype: Any, batch_size: Any, l1_ratio: float = 0.0, **options: float
) -> Callable[[], Any]:
    """A fit of three classes, whose optimiser has no parameter at its default."""

    def chosen() -> Any:
        X, y = floats(shape, dtype), classes(shape, 3)
        objective = fastgd.LinearObjective(X, y, loss="multinomial", alpha=2.0**-6, l1_ratio=l1_ratio)
        return objective, {"optimizer": optimizer, "batch_size": batch_size, **options}

    return chosen


def network(
    X: Any, optimizer: Optimizer, batch_size: Any, activation: str, hidden: tuple[int, ...], **options: Any
) -> Callable[[], Any]:
    """A fit of a perceptron, of three classes unless `options` say otherwise, from initial parameters of a seed."""

    def chosen() -> Any:
        table = X()
        about = {"loss": "multinomial", "alpha": 2.0**-6, **options}
        y = targets(table.shape) if about["loss"] == "huber" else classes(table.shape, 3)
        objective = fastgd.MLPObjective(table, y, hidden_layer_sizes=hidden, activation=activation, **about)
        return objective, {"optimizer": optimizer, "batch_size": batch_size, "init_seed": 9}

    return chosen


def sparse_rows() -> Any:
    X = floats(FEW, np.float64)
    X[np.abs(X) < 0.84] = 0.0
    return _csr.as_csr(X, "csr_float32_int64", "shuffled")


def mixture(Z: Any, n_components: int, optimizer: Optimizer, batch_size: Any, **options: Any) -> Callable[[], Any]:
    """A fit of a mixture of Gaussians from k-means++ seeds."""

    def chosen() -> Any:
        objective = fastgd.GaussianMixtureObjective(Z(), n_components, **options)
        return objective, {"optimizer": optimizer, "batch_size": batch_size, "init_seed": 9}

    return chosen


BETAS = (0.875, 0.96875)
FITS: dict[str, Callable[[], Any]] = {
    "py-f64-log_loss-full": log_loss_full,
    "py-f16-multinomial-full-auto-momentum": softmax_full_auto,
    "py-f32-log_loss-ovr-32-nesterov": nesterov_32,
    "py-bf16-multiclass_hinge-64-dampened": momentum_dampened_64,
    "py-f32-log_loss-rows": rows_one_by_one,
    "py-f64-crammer_singer-l1-weights-rows": rows_of_few_columns,
    "py-f32-huber-l1-weights-32": lasso_32_weighted,
    "py-u8-multinomial-128-momentum": softmax_of_bytes_128,
    "py-i8-poisson-offset-4500": counts_4500,
    "py-f64-tweedie-100": exponentials_100,
    "py-u8-multinomial-standardized-weights-32-auto": standardized_bytes_32,
    "py-f64-log_loss-standardized-full-auto": standardized_full,
    "py-asgd-f32-l1-8": optimized(optimizers.ASGD(2.0**-6, average_from=3), FEW, np.float32, 8, l1_ratio=0.5),
    "py-schedule_free_sgd-f64-32": optimized(
        optimizers.ScheduleFreeSGD(Warmup(0.01, 8), beta=0.75, weight_lr_power=1.5), FEW, np.float64, 32
    ),
    "py-adagrad-f32-l1-rows": optimized(
        optimizers.Adagrad(0.01, lr_decay=0.125, initial_accumulator_value=0.25, eps=1e-8),
        FEW,
        np.float32,
        1,
        l1_ratio=0.5,
    ),
    "py-adadelta-f32-32": optimized(optimizers.Adadelta(0.5, rho=0.875, eps=1e-5), FEW, np.float32, 32),
    "py-rmsprop-bf16-32": optimized(
        optimizers.RMSprop(0.001, rho=0.875, eps=1e-6, momentum=0.5, centered=True), FEW, ml_dtypes.bfloat16, 32
    ),
    "py-adam-f32-rows": optimized(optimizers.Adam(0.001, BETAS, 1e-6, amsgrad=True), FEW, np.float32, 1),
    "py-adam-f16-clipped-32": optimized(
        optimizers.Adam(0.01, BETAS), FEW, np.float16, 32, clip_value=2.0**-5, clip_norm=0.25
    ),
    "py-adamw-f64-32": optimized(optimizers.AdamW(0.01, BETAS, 1e-6, 0.125, amsgrad=True), FEW, np.float64, 32),
    "py-nadam-f32-32": optimized(optimizers.NAdam(0.01, BETAS, 1e-6, momentum_decay=0.03), FEW, np.float32, 32),
    "py-schedule_free_adamw-f32-rows": optimized(
        optimizers.ScheduleFreeAdamW(Warmup(0.001, 8), BETAS, 1e-6, 0.125, weight_lr_power=1.5), FEW, np.float32, 1
    ),
    "py-lion-f32-32": optimized(optimizers.Lion(0.001, BETAS, weight_decay=0.125), FEW, np.float32, 32),
    "py-ftrl-f32-l1-rows": optimized(optimizers.FTRL(InverseScaling(0.1), beta=0.5), FEW, np.float32, 1, l1_ratio=0.5),
    "py-prodigy-f32-full": optimized(
        optimizers.Prodigy(0.5, BETAS, 0.75, 1e-6, 0.125, d0=0.001, d_coef=2.0, safeguard_warmup=True),
        LONG,
        np.float32,
        "full",
    ),
    "py-prodigy-f32-32": optimized(optimizers.Prodigy(d0=0.001), FEW, np.float32, 32),
    "py-dog-f32-l1-32": optimized(optimizers.DoG(0.5, reps_rel=1e-3, eps=1e-6), FEW, np.float32, 32, l1_ratio=0.5),
    "py-polyak_sgd-f64-l1-32": optimized(
        optimizers.PolyakSGD(0.5, f_min=0.125, eps=1e-3), FEW, np.float64, 32, l1_ratio=0.5
    ),
    "py-barzilai_borwein-f32-l1-full": optimized(
        optimizers.BarzilaiBorwein(0.5), LONG, np.float32, "full", l1_ratio=0.5
    ),
    "py-saga-f32-l1-8": optimized(optimizers.SAGA(2.0**-8), FEW, np.float32, 8, l1_ratio=0.5),
    "py-svrg-f32-l1-8": optimized(optimizers.SVRG(2.0**-8, update_every=2), FEW, np.float32, 8, l1_ratio=0.5),
    "py-csr-f32-elastic-rows": sparse("csr_float32_int32", SGD(InverseScaling(0.5)), 1, 2.0**-6, 0.5),
    "py-csr-f64-elastic-8": sparse("csr_float64_int64", SGD(0.25), 8, 2.0**-6, 0.5),
    "py-csr-f32-adagrad-l1-8": sparse("csr_float32_int64", optimizers.Adagrad(0.125), 8, 2.0**-6, 1.0),
    "py-csr-f32-ftrl-l1-rows": sparse("csr_float32_int32", optimizers.FTRL(0.125), 1, 2.0**-6, 1.0),
    "py-csr-f32-asgd-rows": sparse("csr_float32_int32", optimizers.ASGD(0.25), 1, 2.0**-6),
    "py-csr-f32-adam-lazy-8": sparse("csr_float32_int32", optimizers.Adam(0.01, BETAS), 8, 2.0**-6, lazy=True),
    "py-csr-f64-full": sparse("csr_float64_int32", SGD(0.25, momentum=0.5), "full", 2.0**-6),
    "py-lbfgs-f32-full": optimized(optimizers.LBFGS(memory=2), LONG, np.float32, "full"),
    "py-mlp-f32-relu-32-momentum": network(
        lambda: floats(FEW, np.float32), SGD(2.0**-6, momentum=0.5), 32, "relu", (100, 17)
    ),
    "py-mlp-u8-leaky_relu-dropout-weights-32": network(
        lambda: pixels(FEW), SGD(2.0**-16), 32, "leaky_relu", (70,), dropout=0.25, sample_weight=weights(FEW)
    ),
    "py-mlp-f64-tanh-full": network(lambda: floats(LONG, np.float64), SGD(0.25), "full", "tanh", (33,)),
    "py-mlp-f16-logistic-4500": network(
        lambda: floats(LONG, np.float16), SGD(0.25, momentum=0.5), 4500, "logistic", (33, 5), dropout=0.5
    ),
    "py-mlp-bf16-gelu-adam-rows": network(
        lambda: floats(FEW, ml_dtypes.bfloat16), optimizers.Adam(2.0**-9, BETAS), 1, "gelu", (20,), loss="log_loss"
    ),
    "py-mlp-csr-silu-adamw-32": network(
        sparse_rows, optimizers.AdamW(2.0**-9, BETAS, weight_decay=0.125), 32, "silu", (40, 20)
    ),
    "py-mlp-f64-softplus-huber-lbfgs": network(
        lambda: floats(LONG, np.float64), optimizers.LBFGS(memory=2), "full", "softplus", (9,), loss="huber"
    ),
    "py-mlp-f32-identity-16": network(
        lambda: floats(WIDE, np.float32), SGD(2.0**-8, nesterov=True, momentum=0.5), 16, "identity", (301, 130, 17)
    ),
    "py-mixture-f64-lbfgs-full": mixture(
        lambda: floats((7300, 13), np.float64), 3, optimizers.LBFGS(memory=2), "full", reg_covar=2.0**-6
    ),
    "py-mixture-f32-4500": mixture(lambda: floats((7300, 13), np.float32), 2, SGD(2.0**-6), 4500),
    "py-mixture-u8-diag-standardized-adam-32": mixture(
        lambda: pixels((600, 37)), 4, optimizers.Adam(2.0**-6, BETAS), 32, covariance_type="diag", standardize=True
    ),
}


@functools.cache
def fit(name: str, n_threads: int) -> fastgd.Result:
    objective, options = FITS[name]()
    return fastgd.minimize(objective, max_epochs=3, tol=None, random_state=5, n_threads=n_threads, **options)


def hash_of(values: np.ndarray) -> str:
    return hashlib.sha256(values.astype("<f8").tobytes()).hexdigest()[:16]


def hashes(name: str, n_threads: int) -> dict[str, str]:
    """The lines of a fit: its parameters, and the losses on the way to them."""
    result = fit(name, n_threads)
    return {name: hash_of(result.x), f"{name}-history": hash_of(result.history.loss)}


def golden_lines() -> dict[str, str]:
    """What the repository holds."""
    pairs = (line.split() for line in GOLDEN.read_text(encoding="ascii").splitlines())
    return {name: value for name, value in pairs if name.startswith("py-")}


def n_tasks() -> int:
    """Threads that this process has, where the system tells; they stay after a team has done its work."""
    tasks = Path("/proc/self/task")
    return len(os.listdir(tasks)) if tasks.exists() else 0


def threads_on(level: str) -> tuple[int, ...]:
    """All on the machine's best level; on the others, whose division of labour is the same, the most."""
    return THREADS if level == LEVELS[0] else THREADS[-1:]


def report() -> dict[str, Any]:
    threads = threads_on(fastgd.simd_level())
    by_threads: dict[str, dict[str, str]] = {str(n): {} for n in threads}
    most_tasks = 0
    moved = {}
    for name in FITS:
        for n in threads:
            by_threads[str(n)] |= hashes(name, n)
            most_tasks = max(most_tasks, n_tasks())
        moved[name] = bool(np.any(fit(name, threads[-1]).x != 0.0))
    return {"level": fastgd.simd_level(), "hashes": by_threads, "moved": moved, "most_tasks": most_tasks}


def main() -> None:
    if "--report" in sys.argv:
        json.dump(report(), sys.stdout)
        return
    lines = {k: v for name in FITS for k, v in hashes(name, 1).items()}
    if "--write" in sys.argv:
        kept = [line for line in GOLDEN.read_text(encoding="ascii").splitlines() if not line.startswith("py-")]
        GOLDEN.write_text("\n".join([*kept, *(f"{k} {v}" for k, v in lines.items())]) + "\n", encoding="ascii")
    else:
        sys.stdout.writelines(f"{k} {v}\n" for k, v in lines.items())


if __name__ == "__main__":
    main()
