"""Perceptrons have the gradients of PyTorch's autograd, and train as PyTorch does, step for step, in float64.

The networks, losses and penalties are written here once more, on PyTorch's functions; dropout masks and batches are
given to both.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from _peers import load
from _twins import as_class

import fastgd
from fastgd import reference
from fastgd.reference import ACTIVATIONS, KINDS, LOSSES

N_ROWS, N_FEATURES, HIDDEN = 24, 5, (7, 4)
ALPHA = 0.05
DROPOUT = 0.375
# What this project promises of gradients, and of whole runs after 200 steps.
GRADIENTS_AGREE, RUNS_AGREE = 1e-12, 1e-9
N_STEPS, CHECKED = 200, (1, 10, 200)
PARAMETERS: dict[str, list[dict[str, float]]] = {
    "huber": [{"epsilon": 0.5}],
    "quantile": [{"quantile": 0.875}],
    "tweedie": [{}, {"power": 0.0}, {"power": 1.0}, {"power": 2.0}, {"power": 3.0}],
}
LOSS_CASES = [(loss, params) for loss in LOSSES for params in PARAMETERS.get(loss, [{}])]
OBJECTIVES: dict[str, Callable[..., Any]] = {
    "twin": reference.MLPObjective,
    "core": lambda *data, **options: fastgd.MLPObjective(*data, **options),
}
OPTIMIZERS: dict[str, tuple[float, dict[str, float]]] = {"sgd": (0.02, {"momentum": 0.9}), "adamw": (0.01, {})}


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    return load("torch")


# ------------------------------------------------------------------------------------------------ formulas on PyTorch


def activation_of(torch: ModuleType, name: str) -> Callable[[Any], Any]:
    functional = torch.nn.functional
    found: dict[str, Callable[[Any], Any]] = {
        "identity": lambda z: z,
        "relu": functional.relu,
        "leaky_relu": functional.leaky_relu,
        "tanh": torch.tanh,
        "logistic": torch.sigmoid,
        "gelu": functional.gelu,
        "silu": functional.silu,
        # Without the threshold from which on it is the identity.
        "softplus": lambda z: functional.softplus(z, threshold=1e3),
    }
    return found[name]


def tweedie(torch: ModuleType, y: Any, raw: Any, power: float) -> Any:
    if power == 1.0:
        return torch.exp(raw) - y * raw
    if power == 2.0:
        return raw + y * torch.exp(-raw)
    return -y * torch.exp((1.0 - power) * raw) / (1.0 - power) + torch.exp((2.0 - power) * raw) / (2.0 - power)


def elementwise_loss(torch: ModuleType, name: str, y: Any, raw: Any, params: dict[str, float]) -> Any:
    functional = torch.nn.functional
    relu = functional.relu
    epsilon, q = params.get("epsilon", 0.1), params.get("quantile", 0.5)
    found: dict[str, Callable[[], Any]] = {
        "squared_error": lambda: functional.mse_loss(raw, y, reduction="none") / 2.0,
        "absolute_error": lambda: functional.l1_loss(raw, y, reduction="none"),
        "huber": lambda: functional.huber_loss(raw, y, delta=epsilon, reduction="none"),
        "epsilon_insensitive": lambda: relu((raw - y).abs() - epsilon),
        "squared_epsilon_insensitive": lambda: relu((raw - y).abs() - epsilon) ** 2,
        "quantile": lambda: torch.maximum(q * (y - raw), (q - 1.0) * (y - raw)),
        "log_cosh": lambda: torch.log(torch.cosh(raw - y)),
        "poisson": lambda: functional.poisson_nll_loss(raw, y, log_input=True, reduction="none"),
        "gamma": lambda: tweedie(torch, y, raw, 2.0),
        "tweedie": lambda: tweedie(torch, y, raw, params.get("power", 1.5)),
        "log_loss": lambda: functional.binary_cross_entropy_with_logits(raw, (y + 1.0) / 2.0, reduction="none"),
        "hinge": lambda: relu(1.0 - y * raw),
        "squared_hinge": lambda: relu(1.0 - y * raw) ** 2,
        "modified_huber": lambda: torch.where(y * raw >= -1.0, relu(1.0 - y * raw) ** 2, -4.0 * y * raw),
        "perceptron": lambda: relu(-y * raw),
        "exponential": lambda: torch.exp(-y * raw),
    }
    return found[name]()


def multiclass_loss(torch: ModuleType, name: str, y: Any, raw: Any) -> Any:
    if name == "multinomial":
        return torch.nn.functional.cross_entropy(raw, y, reduction="none")
    others = torch.nn.functional.one_hot(y, raw.shape[1]) == 0
    margins = (1.0 + raw - raw.gather(1, y[:, None]))[others].reshape(len(y), -1)
    if name == "multiclass_hinge":
        return torch.nn.functional.relu(margins).sum(dim=1)
    assert name == "crammer_singer"
    return torch.nn.functional.relu(margins.max(dim=1).values)


class Network:
    """PyTorch's side of an objective: parameters with gradients, and the loss of a batch."""

    def __init__(self, torch: ModuleType, problem: dict[str, Any], w: np.ndarray) -> None:
        self.torch, self.problem = torch, problem
        self.sizes = (N_FEATURES, *problem["hidden_layer_sizes"], problem["n_outputs"])
        self.weights, self.biases = [], []
        for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            coef, intercept, w = np.split(w, [n_in * n_out, (n_in + 1) * n_out])
            self.weights.append(torch.nn.Parameter(torch.tensor(coef.reshape(n_in, n_out))))
            self.biases.append(torch.nn.Parameter(torch.tensor(intercept)))

    def flat(self, of: Callable[[Any], Any]) -> np.ndarray:
        pairs = zip(self.weights, self.biases, strict=True)
        return np.concatenate([of(part).detach().numpy().ravel() for pair in pairs for part in pair])

    def loss(self, rows: np.ndarray, masks: list[np.ndarray] | None) -> Any:
        torch, problem = self.torch, self.problem
        name = problem["loss"]
        activation = activation_of(torch, problem["activation"])
        a = torch.tensor(problem["X"][rows])
        for layer in range(len(self.weights) - 1):
            a = activation(a @ self.weights[layer] + self.biases[layer])
            if masks is not None:
                a = a * torch.tensor(masks[layer] / (1.0 - DROPOUT))
        raw = a @ self.weights[-1] + self.biases[-1]
        y = torch.tensor(problem["y"][rows])
        if KINDS[name] == "multiclass":
            losses = multiclass_loss(torch, name, y, raw)
        else:
            if KINDS[name] == "binary":
                y = 2.0 * torch.nn.functional.one_hot(y, self.sizes[-1]).to(torch.float64) - 1.0
            losses = elementwise_loss(torch, name, y, raw, problem["loss_params"]).sum(dim=1)
        weight = np.ones(N_ROWS) if problem["sample_weight"] is None else problem["sample_weight"]
        n_present = np.count_nonzero(weight[rows])
        risk = (torch.tensor(weight[rows]) * losses).sum() / (weight[weight > 0.0].mean() * n_present)
        return risk + ALPHA / 2.0 * sum((weight**2).sum() for weight in self.weights)


# ------------------------------------------------------------------------------------------------------- the comparison


def make_problem(loss: str, params: dict[str, float], activation: str, weighted: bool) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    if KINDS[loss] == "regression":
        y = rng.uniform(0.1, 2.0, (N_ROWS, 3))
    else:
        y = rng.integers(0, 3, N_ROWS)
    return {
        "X": rng.normal(size=(N_ROWS, N_FEATURES)),
        "y": y,
        "loss": loss,
        "loss_params": params,
        "activation": activation,
        "hidden_layer_sizes": HIDDEN,
        "n_outputs": 3,
        "sample_weight": np.resize([1.0, 0.0, 0.5, 2.5, 1.0], N_ROWS) if weighted else None,
    }


def make_objective(implementation: str, problem: dict[str, Any], **options: Any) -> Any:
    given = {name: value for name, value in problem.items() if name not in ("X", "y", "n_outputs")}
    n_classes = None if KINDS[problem["loss"]] == "regression" else 3
    return OBJECTIVES[implementation](problem["X"], problem["y"], alpha=ALPHA, n_classes=n_classes, **given, **options)


def relative(found: Any, expected: Any) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("implementation", OBJECTIVES)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.parametrize("loss, params", LOSS_CASES, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_those_of_autograd(
    torch: ModuleType, activation: str, loss: str, params: dict[str, float], weighted: bool, implementation: str
) -> None:
    problem = make_problem(loss, params, activation, weighted)
    objective = make_objective(implementation, problem, dropout=DROPOUT)
    w = np.random.default_rng(5).normal(0.0, 0.5, objective.n_params)
    some = np.array([4, 3, 0, 7, 3, 20, 11])
    for rows in (np.arange(N_ROWS), some):
        for step in (None, 6):
            network = Network(torch, problem, w)
            masks = None if step is None else objective.dropout_masks(step, len(rows), 3)
            expected = network.loss(rows, masks)
            expected.backward()
            value, gradient = objective.value_and_grad(w, rows, dropout_step=step, init_seed=3)
            assert value == pytest.approx(expected.item(), rel=GRADIENTS_AGREE)
            assert relative(gradient, network.flat(lambda part: part.grad)) <= GRADIENTS_AGREE


def make_optimizer(torch: ModuleType, name: str, network: Network) -> Any:
    """Biases do not decay."""
    lr, params = OPTIMIZERS[name]
    if name == "sgd":
        return torch.optim.SGD([*network.weights, *network.biases], lr=lr, **params)
    groups = [{"params": network.weights, "weight_decay": 0.125}, {"params": network.biases, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, **params)


def batch_of(step: int) -> np.ndarray:
    return np.random.default_rng([9, step]).permutation(N_ROWS)[:8]


def train(implementation: str, objective: Any, w0: np.ndarray, name: str, n_steps: int) -> np.ndarray:
    """One batch an epoch, so that there are as many steps as epochs."""
    lr, params = OPTIMIZERS[name]
    params = params if name == "sgd" else {**params, "weight_decay": 0.125}
    options: dict[str, Any] = {"batch_size": 8, "max_epochs": n_steps, "tol": None, "order": batch_of, "init_seed": 3}
    if implementation == "twin":
        found: Any = reference.minimize(objective, w0, optimizer=name, optimizer_params=params, lr=lr, **options)
    else:
        found = fastgd.minimize(objective, w0, optimizer=as_class(name, params, lr), **options)
    assert found.n_steps == n_steps
    assert isinstance(found.x, np.ndarray)
    return found.x


RUNS = [
    *((activation, "multinomial", 0.0) for activation in ACTIVATIONS),
    *(("silu", loss, 0.0) for loss in ("squared_error", "poisson", "log_loss", "multiclass_hinge")),
    *((activation, "multinomial", DROPOUT) for activation in ("relu", "tanh")),
]


@pytest.mark.parametrize("implementation", OBJECTIVES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation, loss, dropout", RUNS)
def test_training_is_that_of_pytorch(
    torch: ModuleType, activation: str, loss: str, dropout: float, optimizer: str, implementation: str
) -> None:
    problem = make_problem(loss, {}, activation, weighted=True)
    objective = make_objective(implementation, problem, dropout=dropout)
    w0 = objective.initial(seed=1)
    network = Network(torch, problem, w0)
    theirs = make_optimizer(torch, optimizer, network)
    for step in range(N_STEPS):
        theirs.zero_grad()
        network.loss(batch_of(step), objective.dropout_masks(step, 8, 3) if dropout else None).backward()
        theirs.step()
        if step + 1 in CHECKED:
            expected = network.flat(lambda part: part)
            found = train(implementation, objective, w0, optimizer, step + 1)
            assert relative(found, expected) <= RUNS_AGREE, f"after {step + 1} steps"
    assert relative(w0, expected) > 0.1, "steps this small would prove nothing"


def test_every_loss_is_compared() -> None:
    assert {loss for loss, _ in LOSS_CASES} == set(LOSSES)


# ---------------------------------------------------------------------------------------------------------- activations


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_slopes_are_those_of_pytorch(torch: ModuleType, name: str) -> None:
    """At the kinks, too."""
    z = np.concatenate([np.linspace(-6.0, 6.0, 241), [0.0, -0.0, 1e-200, -1e-200]])
    x = torch.tensor(z, requires_grad=True)
    expected = activation_of(torch, name)(x)
    expected.sum().backward()
    a, slope = ACTIVATIONS[name](z)
    # PyTorch's tails are differences from 1: wrong by roundings of 1 where they are small.
    eps = 2.0**-52
    np.testing.assert_allclose(a, expected.detach().numpy(), rtol=8 * eps, atol=8 * eps)
    np.testing.assert_allclose(slope, x.grad.numpy(), rtol=8 * eps, atol=8 * eps)
