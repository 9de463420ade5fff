"""Gradients one can check: numerical ones, and tests of analytic ones against them."""

from .checking import check_grad
from .grad_check import GradCheck
from .numerical import numerical_grad
from .steepest_descent import SteepestTest, steepest
from .taylor import TaylorTest, taylor_test

__all__ = [
    "GradCheck",
    "SteepestTest",
    "TaylorTest",
    "check_grad",
    "numerical_grad",
    "steepest",
    "taylor_test",
]
