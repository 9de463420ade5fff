"""JAX: a network differentiated by itself, the whole epoch one scan that XLA compiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from data import Floats, Ints
from network import BETAS, EPS, Network, pack

from peers.with_jax import limit_threads

__all__ = ["limit_threads", "mlp_epoch"]

Params = list[tuple[jax.Array, jax.Array]]


def mlp_epoch(X: Floats, y: Ints, order: Ints, batch_size: int, network: Network) -> dict[str, Callable[[], Floats]]:
    table, target = jnp.from_dlpack(X), jnp.asarray(y)
    batches = jnp.asarray(order.reshape(-1, batch_size))
    start = [(jnp.asarray(w), jnp.asarray(b)) for w, b in network.layers(network.start.astype(X.dtype))]

    def loss(params: Params, batch: jax.Array, labels: jax.Array) -> jax.Array:
        a = batch
        for weight, bias in params[:-1]:
            a = jax.nn.relu(a @ weight + bias)
        raw = a @ params[-1][0] + params[-1][1]
        if raw.shape[1] == 1:
            return jnp.mean(jax.nn.softplus(raw[:, 0]) - labels * raw[:, 0])
        return jnp.mean(jax.nn.logsumexp(raw, axis=1) - jnp.take_along_axis(raw, labels[:, None], 1)[:, 0])

    # Arrays that are no arguments would be folded into the program as constants.
    @jax.jit
    def compiled(start: Params, table: jax.Array, target: jax.Array, batches: jax.Array) -> Params:
        def step(state: tuple[Params, Any], rows: jax.Array) -> tuple[tuple[Params, Any], None]:
            grad = jax.grad(loss)(state[0], table[rows], target[rows])
            return _UPDATES[network.optimizer](*state, grad, network.lr), None

        zeros = jax.tree.map(jnp.zeros_like, start)
        return jax.lax.scan(step, (start, (zeros, zeros, 0)), batches)[0][0]

    def epoch() -> Floats:
        return pack([(np.asarray(w), np.asarray(b)) for w, b in compiled(start, table, target, batches)])

    return {"JAX": epoch}


def _sgd(params: Params, state: Any, grad: Params, lr: float) -> tuple[Params, Any]:
    return jax.tree.map(lambda w, g: w - lr * g, params, grad), state


def _adam(params: Params, state: Any, grad: Params, lr: float) -> tuple[Params, Any]:
    first, second, step = state
    step = step + 1
    first = jax.tree.map(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, first, grad)
    second = jax.tree.map(lambda v, g: BETAS[1] * v + (1 - BETAS[1]) * g * g, second, grad)
    rate, scale = (1 / (1 - beta**step) for beta in BETAS)

    def moved(w: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        return (w - lr * rate * m / (jnp.sqrt(v * scale) + EPS)).astype(w.dtype)

    return jax.tree.map(moved, params, first, second), (first, second, step)


_UPDATES = {"sgd": _sgd, "adam": _adam}
