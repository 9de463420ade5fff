"""Classic test functions with their gradients, usual starts and minima."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Known(NamedTuple):
    """A function w -> (value, gradient), where to start, and the value of the minimum found from there."""

    fun_and_grad: Callable[[Array], tuple[float, Array]]
    start: list[float]
    minimum: float


def rosenbrock(w: Array) -> tuple[float, Array]:
    a, b = w[1:] - w[:-1] ** 2, 1.0 - w[:-1]
    grad = np.zeros_like(w)
    grad[1:] += 200.0 * a
    grad[:-1] += -400.0 * a * w[:-1] - 2.0 * b
    return float(100.0 * (a @ a) + b @ b), grad


def sum_of_squares(residuals: Array, jacobian: Array) -> tuple[float, Array]:
    return float(residuals @ residuals), 2.0 * residuals @ jacobian


def beale(w: Array) -> tuple[float, Array]:
    x, y = w
    powers, slopes = np.array([y, y**2, y**3]), np.array([1.0, 2.0 * y, 3.0 * y**2])
    residuals = np.array([1.5, 2.25, 2.625]) - x + x * powers
    return sum_of_squares(residuals, np.stack([powers - 1.0, x * slopes], axis=1))


def himmelblau(w: Array) -> tuple[float, Array]:
    x, y = w
    residuals = np.array([x**2 + y - 11.0, x + y**2 - 7.0])
    return sum_of_squares(residuals, np.array([[2.0 * x, 1.0], [1.0, 2.0 * y]]))


def booth(w: Array) -> tuple[float, Array]:
    jacobian = np.array([[1.0, 2.0], [2.0, 1.0]])
    return sum_of_squares(jacobian @ w - [7.0, 5.0], jacobian)


def matyas(w: Array) -> tuple[float, Array]:
    hessian = np.array([[0.52, -0.48], [-0.48, 0.52]])
    return float(0.5 * w @ hessian @ w), hessian @ w


def three_hump_camel(w: Array) -> tuple[float, Array]:
    x, y = w
    value = 2.0 * x**2 - 1.05 * x**4 + x**6 / 6.0 + x * y + y**2
    return float(value), np.array([4.0 * x - 4.2 * x**3 + x**5 + y, x + 2.0 * y])


def styblinski_tang(w: Array) -> tuple[float, Array]:
    return float(0.5 * np.sum(w**4 - 16.0 * w**2 + 5.0 * w)), 0.5 * (4.0 * w**3 - 32.0 * w + 5.0)


def bohachevsky(w: Array) -> tuple[float, Array]:
    frequency, height, scale = np.pi * np.array([3.0, 4.0]), np.array([0.3, 0.4]), np.array([1.0, 2.0])
    value = np.sum(scale * w**2 + height * (1.0 - np.cos(frequency * w)))
    return float(value), 2.0 * scale * w + height * frequency * np.sin(frequency * w)


def wood(w: Array) -> tuple[float, Array]:
    a, b, c, d = w
    p, q = b - a**2, d - c**2
    value = 100.0 * p**2 + (1.0 - a) ** 2 + 90.0 * q**2 + (1.0 - c) ** 2
    value += 10.1 * ((b - 1.0) ** 2 + (d - 1.0) ** 2) + 19.8 * (b - 1.0) * (d - 1.0)
    grad = [
        -400.0 * a * p - 2.0 * (1.0 - a),
        200.0 * p + 20.2 * (b - 1.0) + 19.8 * (d - 1.0),
        -360.0 * c * q - 2.0 * (1.0 - c),
        180.0 * q + 20.2 * (d - 1.0) + 19.8 * (b - 1.0),
    ]
    return float(value), np.array(grad)


def powell(w: Array) -> tuple[float, Array]:
    a, b, c, d = w
    p, q, r, s = a + 10.0 * b, c - d, b - 2.0 * c, a - d
    grad = [2.0 * p + 40.0 * s**3, 20.0 * p + 4.0 * r**3, 10.0 * q - 8.0 * r**3, -10.0 * q - 40.0 * s**3]
    return float(p**2 + 5.0 * q**2 + r**4 + 10.0 * s**4), np.array(grad)


KNOWN_MINIMA = {
    "Rosenbrock": Known(rosenbrock, [-1.2, 1.0], 0.0),
    "Rosenbrock in 10 dimensions": Known(rosenbrock, [-1.2, 1.0] * 5, 0.0),
    "Beale": Known(beale, [1.0, 1.0], 0.0),
    "Himmelblau": Known(himmelblau, [0.0, 0.0], 0.0),
    "Booth": Known(booth, [0.0, 0.0], 0.0),
    "Matyas": Known(matyas, [10.0, -7.0], 0.0),
    "three-hump camel": Known(three_hump_camel, [0.8, -0.7], 0.0),
    "Styblinski-Tang": Known(styblinski_tang, [-1.0, -1.0], -78.33233140754284),
    "Bohachevsky": Known(bohachevsky, [0.2, -0.15], 0.0),
    "Wood": Known(wood, [-3.0, -1.0, -3.0, -1.0], 0.0),
    "Powell": Known(powell, [3.0, -1.0, 0.0, 1.0], 0.0),
}
