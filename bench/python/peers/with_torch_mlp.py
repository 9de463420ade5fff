"""PyTorch: a network as its users write it, with every kind of optimiser; compiled; and its formulas written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from data import Floats, Ints
from network import BETAS, EPS, Network
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from peers.with_torch import limit_threads

__all__ = ["limit_threads", "mlp_epoch"]

_OPTIONS = {
    "PyTorch, a loop": {"foreach": False, "fused": False},
    "PyTorch, foreach": {"foreach": True},
    "PyTorch, fused": {"fused": True},
}


def mlp_epoch(X: Floats, y: Ints, order: Ints, batch_size: int, network: Network) -> dict[str, Callable[[], Floats]]:
    table, target = torch.from_numpy(X), torch.from_numpy(y)
    batches = torch.from_numpy(order).split(batch_size)
    room = torch.empty((batch_size, X.shape[1]), dtype=table.dtype)

    def batch_of() -> Iterator[tuple[Tensor, Tensor]]:
        for rows in batches:
            yield torch.index_select(table, 0, rows, out=room), target[rows]

    def autograd(options: dict[str, bool], wrap: Callable[[Any], Any]) -> Callable[[], Floats]:
        model = _model(network).to(table.dtype)

        def loss(batch: Tensor, labels: Tensor) -> Tensor:
            raw = model(batch)
            if raw.shape[1] == 1:
                return binary_cross_entropy_with_logits(raw[:, 0], labels.to(raw.dtype))
            return cross_entropy(raw, labels)

        loss = wrap(loss)

        def epoch() -> Floats:
            _start(model, network)
            optimizer = _optimizer(network, list(model.parameters()), options)
            for batch, labels in batch_of():
                optimizer.zero_grad()
                loss(batch, labels).backward()
                optimizer.step()
            return _flat(model)

        return epoch

    def written_out() -> Floats:
        params = torch.from_numpy(network.start).to(table.dtype)
        layers = [(torch.from_numpy(w), torch.from_numpy(b)) for w, b in network.layers(params.numpy())]
        params.grad = torch.empty_like(params)
        slopes = [(torch.from_numpy(w), torch.from_numpy(b)) for w, b in network.layers(params.grad.numpy())]
        optimizer = _optimizer(network, [params], {"fused": True})
        for batch, labels in batch_of():
            _backpropagate(layers, slopes, batch, labels)
            optimizer.step()
        return params.numpy()

    variants = {name: autograd(options, lambda loss: loss) for name, options in _OPTIONS.items()}
    if _compiles():
        # Without it the eighth program of the same source would silently be no compiled one.
        torch.compiler.reset()
        variants["PyTorch, compiled"] = autograd({"fused": True}, torch.compile)
    variants["PyTorch, written out"] = torch.inference_mode()(written_out)
    return variants


@cache
def _compiles() -> bool:
    """Whether there is what torch.compile needs, such as a C++ compiler."""
    try:
        torch.compile(lambda x: x + 1.0)(torch.zeros(8))
    except (ImportError, OSError, RuntimeError):
        return False
    return True


def _model(network: Network) -> nn.Sequential:
    modules: list[nn.Module] = []
    for n_in, n_out in pairwise(network.sizes):
        modules += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def _linears(model: nn.Sequential) -> list[nn.Linear]:
    return [module for module in model if isinstance(module, nn.Linear)]


@torch.no_grad()
def _start(model: nn.Sequential, network: Network) -> None:
    for linear, (weight, bias) in zip(_linears(model), network.layers(network.start), strict=True):
        linear.weight.copy_(torch.from_numpy(weight.T))
        linear.bias.copy_(torch.from_numpy(bias))


@torch.no_grad()
def _flat(model: nn.Sequential) -> Floats:
    flat: Floats = torch.cat([p.ravel() for linear in _linears(model) for p in (linear.weight.T, linear.bias)]).numpy()
    return flat


def _optimizer(network: Network, params: list[Any], options: dict[str, bool]) -> torch.optim.Optimizer:
    if network.optimizer == "sgd":
        return torch.optim.SGD(params, network.lr, **options)
    return torch.optim.Adam(params, network.lr, BETAS, EPS, **options)


def _backpropagate(layers: list[Any], slopes: list[Any], batch: Tensor, labels: Tensor) -> None:
    units = [batch]
    for weight, bias in layers[:-1]:
        units.append(torch.addmm(bias, units[-1], weight).relu_())
    raw = torch.addmm(layers[-1][1], units[-1], layers[-1][0])
    if raw.shape[1] == 1:
        delta = raw.sigmoid_().sub_(labels[:, None])
    else:
        delta = torch.softmax(raw, 1)
        delta[torch.arange(len(labels)), labels] -= 1
    delta /= len(labels)
    for place in reversed(range(len(layers))):
        torch.mm(units[place].T, delta, out=slopes[place][0])
        torch.sum(delta, 0, out=slopes[place][1])
        if place > 0:
            delta = (delta @ layers[place][0].T).mul_(units[place] > 0)
