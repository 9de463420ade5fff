"""L-BFGS."""

from __future__ import annotations

from ._base import Optimizer, rules


class LBFGS(Optimizer):
    """L-BFGS with a strong-Wolfe line search, for full batches of every objective.

    From the last `memory` steps ``s`` and changes of the gradient ``y``, the two-loop recursion [1]_ makes a direction
    ``-H grad``; a search along it [2]_ ends at a rate ``t`` with::

        F(w + t d) <= F(w) + c1 * t * grad.d    and    |grad(w + t d).d| <= c2 * |grad.d|,    c1 = 1e-3, c2 = 0.9

    It needs no learning rate. An epoch is one evaluation of the objective, of which a search takes one as a rule;
    ``Result.history`` tells the best value yet.

    With ``l1_ratio > 0`` the method is the orthant-wise one [3]_ and the minimum is met with exact zeros. The
    subgradient of least norm stands in for the gradient; with it, the recursion takes the parameters that are not 0 or
    are about to leave it, and a search backtracks along the points of ``w + t d`` whose signs are those of ``w``, the
    others at 0, until ``F`` is lower by `c1` times what the slope promised.

    Parameters
    ----------
    memory : int, default=10
        Number of steps that the direction is made from, 1 to 1000.
    precondition : bool, default=True
        Whether directions start from the inverse of ``c X'X / n + alpha I`` in the place of a multiple of ``I``, where
        ``c`` bounds the loss's second derivative. For a `LinearObjective` of at most 512 features, whose matrix is that
        of all rows or, of many, of one from each of 16 stretches a feature, 2048 at least: this takes less than a pass
        where rows are many, and often saves hundreds. Densities of as many features have, at every iterate, the inverse
        of their Hessian with the shares of the components in each row held. Other objectives have none. With an l1
        norm, directions start from the inverse of its diagonal while zeros come and go, and of its part that belongs to
        the parameters other than 0 from there on.

    Raises
    ------
    ValueError, TypeError
        A parameter is not allowed.

    References
    ----------
    .. [1] D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical
       Programming 45, 1989.
    .. [2] J. J. Moré and D. J. Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM Transactions
       on Mathematical Software 20, 1994.
    .. [3] G. Andrew and J. Gao, "Scalable training of L1-regularized log-linear models", ICML 2007.

    Examples
    --------
    >>> import fastgd
    >>> bowl = fastgd.FunctionObjective(lambda w: (((w - 1.0) ** 2).sum(), 2.0 * (w - 1.0)), jac=True)
    >>> fastgd.minimize(bowl, [5.0, -3.0], optimizer=fastgd.optimizers.LBFGS()).x.tolist()
    [1.0, 1.0]
    """

    _names = ("memory", "precondition")
    _core_name = "lbfgs"
    _counts = rules(memory=1000)
    _switches = ("precondition",)

    def __init__(self, memory: int = 10, precondition: bool = True) -> None:
        self.memory = memory
        self.precondition = precondition
        self._check()
