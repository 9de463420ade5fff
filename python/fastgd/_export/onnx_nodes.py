"""Nodes of a graph that is being made: each addition returns the name of its output."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike


class Nodes:
    """Nodes and constants, in the order in which they were added."""

    def __init__(self, onnx: Any, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._onnx = onnx
        self._names: set[str] = set()

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """A node with one output."""
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operator, inputs, [output], **attributes))
        return output

    def keep(self, name: str, value: Any) -> str:
        """A constant, kept once under its name."""
        if name not in self._names:
            self._names.add(name)
            self.constants.append(self._onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def number(self, value: float) -> str:
        """A constant number of the graph's float type."""
        return self.keep(f"number_{value!r}", np.array(value, self.dtype))

    def column(self, matrix: str) -> str:
        """The only column of a matrix, as a vector."""
        return self.add("Squeeze", matrix, self.keep("columns", np.array([1])))

    def cast(self, values: str, dtype: DTypeLike, output: str = "") -> str:
        """Values of another type."""
        return self.add("Cast", values, to=self._type(dtype), output=output)

    def declare(self, name: str, dtype: DTypeLike, n_columns: int | None = None) -> Any:
        """An input or output of the graph: a matrix of any number of rows, or a vector."""
        shape = ["n_rows"] if n_columns is None else ["n_rows", n_columns]
        return self._onnx.helper.make_tensor_value_info(name, self._type(dtype), shape)

    def _type(self, dtype: DTypeLike) -> int:
        dtype = np.dtype(dtype)
        if dtype == np.object_:
            return int(self._onnx.TensorProto.STRING)
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(dtype))
