"""A fitted model as an ONNX graph, of operators that every runtime has in both float types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .extras import need
from .network import Labels, ManyLabels, Network, Outliers
from .onnx_nodes import Nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike

# The first operator set that has Gelu, and the format of files that came with it.
OPSET = 20
IR_VERSION = 9
LEAK = 0.01

# Q in Phi(-a) = exp(-a^2 / 2) Q((a - 4) / (a + 4)) for a >= 0, from the constant on: the polynomial through the 23
# Chebyshev nodes, within 3e-17. The float64 Gelu that the standard defines rests on Erf, which onnxruntime has in
# float32 only.
_NORMAL_TAIL = (
    *(0.09441064130196894, -0.17039772154845437, 0.12437925533926371, -0.07170740733782996, 0.0308648041062912),
    *(-0.008492095479705676, 0.0005075620757808697, 0.0006388138229651326, -0.00018718427862232952),
    *(-4.5554703668377396e-05, 2.8648405412411718e-05, 4.630787652129803e-06, -4.303796354361621e-06),
    *(-8.274112247863845e-07, 6.620966188723501e-07, 2.0259905246566012e-07, -9.510776135288473e-08),
    *(-4.9027250131047174e-08, 1.0302583659889131e-08, 9.251165864485658e-09, -3.8403679567913895e-10),
    *(-9.527023452785242e-10, -6.1144827175298e-11),
)


def to_onnx(network: Network, dtype: DTypeLike, name: str) -> Any:
    """The model that holds the graph, checked by onnx."""
    onnx = need("onnx", "to_onnx")
    nodes = Nodes(onnx, dtype)
    outputs = _head(nodes, network, _raw(nodes, network))
    graph = onnx.helper.make_graph(
        nodes.nodes,
        name,
        [nodes.declare("X", dtype, network.n_features)],
        outputs,
        initializer=nodes.constants,
    )
    model = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="fastgd",
    )
    onnx.checker.check_model(model)
    return model


def _raw(nodes: Nodes, network: Network) -> str:
    last = "X"
    for number, (coef, intercept) in enumerate(network.layers(nodes.dtype)):
        if number > 0:
            last = _ACTIVATIONS[network.activation](nodes, last)
        last = nodes.add("Gemm", last, nodes.keep(f"coef_{number}", coef), nodes.keep(f"intercept_{number}", intercept))
    return last


def _head(nodes: Nodes, network: Network, raw: str) -> list[Any]:
    """The outputs, declared."""
    head = network.head
    if isinstance(head, Labels):
        labels = _kept_labels(head.classes)
        nodes.add("Gather", nodes.keep("classes", labels), _chosen(nodes, len(labels), raw), output="label")
        outputs = [nodes.declare("label", labels.dtype)]
        if head.probabilities is None:
            return [*outputs, _scores(nodes, network, raw)]
        _probabilities(nodes, head.probabilities, network.n_outputs, raw)
        return [*outputs, nodes.declare("probabilities", nodes.dtype, max(2, network.n_outputs))]
    if isinstance(head, ManyLabels):
        nodes.cast(nodes.add("Greater", raw, nodes.number(0.0)), np.int64, output="label")
        nodes.add("Identity", _share(nodes, "log_loss", raw), output="probabilities")
        labels = nodes.declare("label", np.int64, network.n_outputs)
        return [labels, nodes.declare("probabilities", nodes.dtype, network.n_outputs)]
    if isinstance(head, Outliers):
        inside = nodes.add("GreaterOrEqual", nodes.column(raw), nodes.number(0.0))
        one, minus_one = (nodes.keep(f"label_{side}", np.int64(side)) for side in (1, -1))
        nodes.add("Where", inside, one, minus_one, output="label")
        return [nodes.declare("label", np.int64), _scores(nodes, network, raw)]
    nodes.add("Exp" if head.log_link else "Identity", raw, output="variable")
    return [nodes.declare("variable", nodes.dtype, network.n_outputs)]


def _scores(nodes: Nodes, network: Network, raw: str) -> Any:
    nodes.add("Identity", raw, output="scores")
    return nodes.declare("scores", nodes.dtype, network.n_outputs)


def _kept_labels(classes: Any) -> Any:
    """Labels as ONNX has them: strings, 64-bit integers, other numbers and bool as they are."""
    if classes.dtype.kind in "iu" and np.can_cast(classes.dtype, np.int64):
        return classes.astype(np.int64)
    if classes.dtype.kind in "biuf":
        return classes
    strange = [label for label in classes.tolist() if not isinstance(label, str)]
    if strange:
        raise TypeError(
            f"classes_ must be numbers, bool or strings for to_onnx, got {strange[0]!r} of type "
            f"{type(strange[0]).__name__}"
        )
    return classes.astype(str).astype(object)


def _chosen(nodes: Nodes, n_classes: int, raw: str) -> str:
    """The index of the predicted class: the greatest score's; the one score of two classes is the second one's."""
    if n_classes != 2:
        return nodes.add("ArgMax", raw, axis=1, keepdims=0)
    return nodes.cast(nodes.add("Greater", nodes.column(raw), nodes.number(0.0)), np.int64)


def _probabilities(nodes: Nodes, loss: str, n_outputs: int, raw: str) -> None:
    """What `fastgd._probabilities` computes."""
    if n_outputs == 1:
        of_score, rest = (_share(nodes, loss, raw, is_rest) for is_rest in (False, True))
        nodes.add("Concat", rest, of_score, axis=1, output="probabilities")
    elif loss == "multinomial":
        nodes.add("Softmax", raw, axis=1, output="probabilities")
    else:
        shares = _share(nodes, loss, raw)
        sums = nodes.add("ReduceSum", shares, nodes.keep("over_classes", np.array([1])), keepdims=1)
        none = nodes.add("Equal", sums, nodes.number(0.0))
        normalized = nodes.add("Div", shares, sums)
        nodes.add("Where", none, nodes.number(1.0 / n_outputs), normalized, output="probabilities")


def _share(nodes: Nodes, loss: str, raw: str, is_rest: bool = False) -> str:
    if loss == "modified_huber":
        half = nodes.add("Mul", nodes.add("Add", raw, nodes.number(1.0)), nodes.number(0.5))
        share = nodes.add("Clip", half, nodes.number(0.0), nodes.number(1.0))
        return nodes.add("Sub", nodes.number(1.0), share) if is_rest else share
    # Sigmoid may round small shares to 0, and one-vs-rest divides by their sum.
    power = nodes.add("Exp", raw if is_rest else nodes.add("Neg", raw))
    return nodes.add("Reciprocal", nodes.add("Add", nodes.number(1.0), power))


def _leaky_relu(nodes: Nodes, z: str) -> str:
    return nodes.add("Max", z, nodes.add("Mul", z, nodes.number(LEAK)))


def _silu(nodes: Nodes, z: str) -> str:
    # Sigmoid's error where it is small would be multiplied by a large z.
    return nodes.add("Div", z, nodes.add("Add", nodes.number(1.0), nodes.add("Exp", nodes.add("Neg", z))))


def _softplus(nodes: Nodes, z: str) -> str:
    power = nodes.add("Exp", nodes.add("Neg", nodes.add("Abs", z)))
    return nodes.add("Add", nodes.add("Relu", z), nodes.add("Log", nodes.add("Add", nodes.number(1.0), power)))


def _gelu(nodes: Nodes, z: str) -> str:
    if nodes.dtype == np.float32:
        return nodes.add("Gelu", z)
    a, four = nodes.add("Abs", z), nodes.number(4.0)
    t = nodes.add("Div", nodes.add("Sub", a, four), nodes.add("Add", a, four))
    tail = nodes.number(_NORMAL_TAIL[-1])
    for coefficient in reversed(_NORMAL_TAIL[:-1]):
        tail = nodes.add("Add", nodes.add("Mul", tail, t), nodes.number(coefficient))
    tail = nodes.add("Mul", tail, nodes.add("Exp", nodes.add("Mul", nodes.number(-0.5), nodes.add("Mul", a, a))))
    is_positive = nodes.add("Greater", z, nodes.number(0.0))
    return nodes.add("Mul", z, nodes.add("Where", is_positive, nodes.add("Sub", nodes.number(1.0), tail), tail))


_ACTIVATIONS: dict[str, Callable[[Nodes, str], str]] = {
    "identity": lambda nodes, z: z,
    "relu": lambda nodes, z: nodes.add("Relu", z),
    "leaky_relu": _leaky_relu,
    "tanh": lambda nodes, z: nodes.add("Tanh", z),
    "logistic": lambda nodes, z: nodes.add("Sigmoid", z),
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
}
