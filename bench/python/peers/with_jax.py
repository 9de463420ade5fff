"""JAX: differentiated by itself, compiled by XLA."""

from __future__ import annotations

import os
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.extend import backend

Floats = npt.NDArray[np.floating]

jax.config.update("jax_platforms", "cpu")
# float64 where it is asked for; float32 stays what it is.
jax.config.update("jax_enable_x64", True)


def limit_threads(n: int) -> None:
    # XLA reads this when it starts its threads, so it has to start anew.
    os.environ["NPROC"] = str(n)
    backend.clear_backends()


def log_loss(X: Floats, y: Floats, n_threads: int) -> Callable[[Floats], tuple[float, Floats]]:
    table, target = jnp.from_dlpack(X), jnp.from_dlpack(y)

    @jax.jit
    @jax.value_and_grad
    def compiled(w: jax.Array, table: jax.Array, target: jax.Array) -> jax.Array:
        raw = table @ w[:-1] + w[-1]
        return jnp.mean(jax.nn.softplus(raw) - target * raw)

    def value_and_grad(w: Floats) -> tuple[float, Floats]:
        loss, grad = compiled(w, table, target)
        return float(loss), np.asarray(grad)

    return value_and_grad


def softmax_epoch(
    X: Floats, y: npt.NDArray[np.int64], order: npt.NDArray[np.int64], batch_size: int, lr: float
) -> Callable[[], Floats]:
    table, target = jnp.from_dlpack(X), jnp.asarray(y)
    n_classes = int(y.max()) + 1
    n_whole = len(order) // batch_size
    whole = jnp.asarray(order[: n_whole * batch_size].reshape(n_whole, batch_size))
    rest = jnp.asarray(order[n_whole * batch_size :])
    Params = tuple[jax.Array, jax.Array]

    @jax.jit
    def compiled(table: jax.Array, target: jax.Array, whole: jax.Array, rest: jax.Array) -> Params:
        def loss(params: Params, rows: jax.Array) -> jax.Array:
            raw = table[rows] @ params[0].T + params[1]
            at_target = jnp.take_along_axis(raw, target[rows][:, None], 1)[:, 0]
            return jnp.mean(jax.nn.logsumexp(raw, axis=1) - at_target)

        def step(params: Params, rows: jax.Array) -> tuple[Params, None]:
            grad = jax.grad(loss)(params, rows)
            return (params[0] - lr * grad[0], params[1] - lr * grad[1]), None

        start = (jnp.zeros((n_classes, table.shape[1]), table.dtype), jnp.zeros(n_classes, table.dtype))
        params = jax.lax.scan(step, start, whole)[0]
        return step(params, rest)[0] if len(rest) else params

    def epoch() -> Floats:
        coef, intercept = compiled(table, target, whole, rest)
        return np.concatenate([np.ravel(coef), intercept])

    return epoch
