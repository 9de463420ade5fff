"""A fitted model as a sequence of PyTorch's modules, and weights from one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _validation as check
from .extras import need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from .network import Network

# PyTorch's softplus is its argument above a threshold; above this one the two are the same float64.
_SOFTPLUS_THRESHOLD = 40.0

_MAKE: dict[str, Callable[[Any], Any]] = {
    "identity": lambda nn: nn.Identity(),
    "relu": lambda nn: nn.ReLU(),
    "leaky_relu": lambda nn: nn.LeakyReLU(0.01),
    "tanh": lambda nn: nn.Tanh(),
    "logistic": lambda nn: nn.Sigmoid(),
    "gelu": lambda nn: nn.GELU(),
    "silu": lambda nn: nn.SiLU(),
    "softplus": lambda nn: nn.Softplus(threshold=_SOFTPLUS_THRESHOLD),
}
# Where PyTorch's own threshold is, its argument and softplus are the same float32.
_LEAST_THRESHOLD = 20.0
# What of a module makes another function of it.
_SETTINGS = {"leaky_relu": ("negative_slope",), "gelu": ("approximate",), "softplus": ("beta",)}
_ALLOWED = (
    "an nn.Sequential of nn.Linear, each but the last one followed by one activation (none or nn.Identity, nn.ReLU, "
    "nn.LeakyReLU(0.01), nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.Softplus) and then, if at all, by nn.Dropout"
)


class Layers(NamedTuple):
    """What a module holds; `activation` is None where there is no hidden layer to tell."""

    coefs: list[NDArray[Any]]
    intercepts: list[NDArray[Any]]
    activation: str | None
    dropout: float


def to_sequential(network: Network) -> Any:
    """The module, in evaluation mode; PyTorch's random state stays as it is."""
    torch = need("torch", "to_torch")
    nn = torch.nn
    modules: list[Any] = []
    for coef, intercept in network.layers():
        if modules:
            modules.append(_MAKE[network.activation](nn))
            if network.dropout > 0.0:
                modules.append(nn.Dropout(network.dropout))
        weight = torch.from_numpy(np.ascontiguousarray(coef.T))
        linear = nn.utils.skip_init(nn.Linear, *coef.shape, dtype=weight.dtype)
        with torch.no_grad():
            linear.weight.copy_(weight)
            linear.bias.copy_(torch.from_numpy(intercept))
        modules.append(linear)
    return nn.Sequential(*modules).eval()


def from_sequential(module: Any) -> Layers:
    """The weights of a module as arrays of their own, float64 where a layer is, else float32."""
    torch = need("torch", "from_torch")
    blocks = _blocks(torch.nn, module)
    dtype = torch.float64 if any(block.linear.weight.dtype == torch.float64 for block in blocks) else torch.float32
    coefs, intercepts = [], []
    for block in blocks:
        weight, bias = block.linear.weight, block.linear.bias
        coefs.append(_array(weight, dtype).T.copy())
        intercepts.append(np.zeros(len(weight), coefs[0].dtype) if bias is None else _array(bias, dtype).copy())
    hidden = blocks[:-1]
    activation = _common("activation", [block.activation or "identity" for block in hidden])
    dropout = _common("dropout", [block.dropout or 0.0 for block in hidden])
    return Layers(coefs, intercepts, activation, dropout or 0.0)


@dataclass
class _Block:
    """A linear layer and what follows it."""

    linear: Any
    activation: str | None = None
    dropout: float | None = None


def _blocks(nn: Any, module: Any) -> list[_Block]:
    # A class derived from one of PyTorch's may compute something else.
    if type(module) is not nn.Sequential:
        raise check.refuse("module", _ALLOWED, module, TypeError)
    blocks: list[_Block] = []
    for place, part in _parts(nn, module):
        if type(part) is nn.Linear:
            if not part.weight.is_floating_point():
                raise ValueError(f"module[{place}] must have real weights, got {part.weight.dtype}")
            if blocks and part.in_features != blocks[-1].linear.out_features:
                before = blocks[-1].linear.out_features
                raise ValueError(f"module[{place}] must take the {before} outputs of the layer before, got {part}")
            blocks.append(_Block(part))
        elif not blocks or not _follows(nn, blocks[-1], part):
            raise ValueError(f"module must be {_ALLOWED}, got {part} as module[{place}]")
    if not blocks or blocks[-1].activation or blocks[-1].dropout is not None:
        raise ValueError(
            f"module must end with nn.Linear, whose outputs are the scores without softmax or sigmoid, got {module}"
        )
    return blocks


def _follows(nn: Any, block: _Block, part: Any) -> bool:
    """Take in what follows a linear layer, if it may: an activation, then dropout, each once at most."""
    if block.dropout is not None:
        return False
    if type(part) is nn.Dropout and part.p < 1.0:
        block.dropout = part.p
        return True
    if block.activation is None:
        block.activation = _activation(nn, part)
        return block.activation is not None
    return False


def _activation(nn: Any, part: Any) -> str | None:
    for name, make in _MAKE.items():
        made = make(nn)
        if type(part) is type(made):
            if name == "softplus" and part.threshold < _LEAST_THRESHOLD:
                return None
            return name if all(getattr(part, a) == getattr(made, a) for a in _SETTINGS.get(name, ())) else None
    return None


def _parts(nn: Any, module: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The modules with their places, sequences in the sequence taken apart; one that stands there twice comes twice."""
    for name, part in module._modules.items():
        place = f"{prefix}{name}"
        if type(part) is nn.Sequential:
            yield from _parts(nn, part, f"{place}.")
        else:
            yield place, part


def _common(name: str, values: list[Any]) -> Any:
    """The value that all hidden layers have; None where there are none."""
    if len(set(values)) > 1:
        raise ValueError(f"module must have the same {name} after each hidden layer, got {values}")
    return values[0] if values else None


def _array(tensor: Any, dtype: Any) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().to("cpu", dtype).numpy()
    return array
