"""PyTorch: the formulas written out, which is faster than recording them for automatic differentiation."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import softplus

Floats = npt.NDArray[np.floating]


def limit_threads(n: int) -> None:
    torch.set_num_threads(n)


def log_loss(X: Floats, y: Floats, n_threads: int) -> Callable[[Floats], tuple[float, Floats]]:
    table, target = torch.from_numpy(X), torch.from_numpy(y)

    @torch.inference_mode()
    def value_and_grad(w: Floats) -> tuple[float, Floats]:
        params = torch.from_numpy(w)
        raw = table @ params[:-1]
        raw += params[-1]
        loss = (softplus(raw) - target * raw).mean()
        residual = torch.sigmoid_(raw).sub_(target).div_(len(y))
        return loss.item(), torch.cat([table.T @ residual, residual.sum(0, keepdim=True)]).numpy()

    return value_and_grad


def sparse_log_loss(X: Any, y: Floats, n_threads: int) -> Callable[[Floats], tuple[float, Floats]]:
    """With the transpose stored beside the table: its product by a transposed view is many times slower."""

    def as_tensor(csr: Any) -> torch.Tensor:
        parts = (torch.from_numpy(part.astype(np.int64)) for part in (csr.indptr, csr.indices))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            return torch.sparse_csr_tensor(*parts, torch.from_numpy(csr.data), csr.shape)

    table, transposed, target = as_tensor(X), as_tensor(X.T.tocsr()), torch.from_numpy(y)

    @torch.inference_mode()
    def value_and_grad(w: Floats) -> tuple[float, Floats]:
        params = torch.from_numpy(w)
        raw = table @ params[:-1]
        raw += params[-1]
        loss = (softplus(raw) - target * raw).mean()
        residual = torch.sigmoid_(raw).sub_(target).div_(len(y))
        return loss.item(), torch.cat([transposed @ residual, residual.sum(0, keepdim=True)]).numpy()

    return value_and_grad


def softmax_epoch(
    X: Floats, y: npt.NDArray[np.int64], order: npt.NDArray[np.int64], batch_size: int, lr: float
) -> Callable[[], Floats]:
    table, target = torch.from_numpy(X), torch.from_numpy(y)
    batches = torch.from_numpy(order).split(batch_size)
    n_classes = int(y.max()) + 1

    @torch.inference_mode()
    def epoch() -> Floats:
        coef = torch.zeros((n_classes, X.shape[1]), dtype=table.dtype)
        intercept = torch.zeros(n_classes, dtype=table.dtype)
        room = torch.empty((batch_size, X.shape[1]), dtype=table.dtype)
        for rows in batches:
            batch = torch.index_select(table, 0, rows, out=room[: len(rows)])
            p = torch.softmax(torch.addmm(intercept, batch, coef.T), 1)
            p[torch.arange(len(rows)), target[rows]] -= 1
            coef.addmm_(p.T, batch, alpha=-lr / len(rows))
            intercept.sub_(p.sum(0), alpha=lr / len(rows))
        return torch.cat([coef.ravel(), intercept]).numpy()

    return epoch


def logistic(X: Floats, y: Floats, alpha: float) -> dict[str, Callable[[int], Floats]]:
    table, target = torch.from_numpy(X), torch.from_numpy(y)

    def solve(n_iterations: int) -> Floats:
        params = torch.zeros(X.shape[1] + 1, dtype=table.dtype, requires_grad=True)
        optimizer = torch.optim.LBFGS(
            [params], max_iter=n_iterations, tolerance_grad=0.0, tolerance_change=0.0, line_search_fn="strong_wolfe"
        )

        @torch.no_grad()
        def closure() -> torch.Tensor:
            raw = table @ params[:-1]
            raw += params[-1]
            loss = (softplus(raw) - target * raw).mean() + 0.5 * alpha * (params[:-1] @ params[:-1])
            residual = torch.sigmoid_(raw).sub_(target).div_(len(y))
            gradient = torch.cat([table.T @ residual, residual.sum(0, keepdim=True)])
            gradient[:-1] += alpha * params[:-1]
            params.grad = gradient
            return loss

        optimizer.step(closure)
        return params.detach().numpy()

    return {"PyTorch's LBFGS": solve}
