"""A problem for sweeps, and what every model of one has to be: the result of its run alone."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastgd

N, D = 700, 21


def objective_of(loss: str, dtype: Any = np.float64, shape: tuple[int, int] = (N, D), **options: Any) -> Any:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 200, shape, np.uint8) if dtype is np.uint8 else rng.normal(size=shape).astype(dtype)
    score = X[:, :3].astype(float) @ [1.0, -1.0, 0.5]
    score = score / score.std() + np.random.default_rng(1).normal(size=shape[0])
    y = {"squared_error": score, "log_loss": score > 0.0}.get(loss, np.digitize(score, [-1.0, 1.0]))
    return fastgd.LinearObjective(X, y, loss=loss, **options)


def settings_of(found: fastgd.SweepResult) -> list[dict[str, Any]]:
    """The values of each configuration, as the table tells them."""
    rows = found.table if found.scores is None else found.scores
    keys = list(rows)[: list(rows).index("fun" if found.scores is None else "mean")]
    return [dict(zip(keys, row, strict=True)) for row in zip(*(rows[key].tolist() for key in keys), strict=True)]


def optimizer_of(optimizer: Any, setting: dict[str, Any]) -> Any:
    own = {key: value for key, value in setting.items() if key not in ("alpha", "l1_ratio", "w0", "init_seed")}
    return type(optimizer)(**optimizer.get_params(deep=False)).set_params(**own)


def assert_same_bits(found: fastgd.Result, expected: fastgd.Result) -> None:
    np.testing.assert_array_equal(found.x, expected.x)
    np.testing.assert_array_equal(
        [found.fun, found.grad_norm, found.lr], [expected.fun, expected.grad_norm, expected.lr]
    )
    for name in ("status", "success", "n_epochs", "n_steps", "lr_reason"):
        assert getattr(found, name) == getattr(expected, name)
    for name in ("epoch", "step", "loss", "lr", "grad_norm"):
        np.testing.assert_array_equal(getattr(found.history, name), getattr(expected.history, name))
