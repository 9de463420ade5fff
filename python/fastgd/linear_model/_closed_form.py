"""Least squares with an l2 penalty in closed form, from sums over blocks of rows.

With the rows' weights ``s``, and means taken away for an intercept, the singular values ``sigma`` and right vectors
``v`` of ``A = sqrt(s) (X - mean)`` give, for a penalty ``alpha``,

    coef = sum_j sigma_j / (sigma_j^2 + alpha) * v_j (u_j . b),    b = sqrt(s) (y - mean)

over the values above a share of the largest where alpha is 0 [1]_. They come from ``A'A``, whose condition is that of A
squared, where it is small enough for that not to matter; else from the triangle R of ``A = QR``, found block by block
[2]_, at twice the cost.

.. [1] G. H. Golub and C. F. Van Loan, "Matrix Computations", 4th edition, Johns Hopkins, 2013, sections 5.5 and 6.1.
.. [2] J. Demmel, L. Grigori, M. Hoemmen and J. Langou, "Communication-optimal parallel and sequential QR and LU
   factorizations", SIAM Journal on Scientific Computing 34, 2012.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# A'A is taken where no eigenvalue, penalty included, is below this share of the largest: its rounding then moves
# coefficients by less than 1e-9 of their size.
LEAST_EIGENVALUE = 1e-6
# The share of the largest singular value below which one of the root of A'A is rounding.
_LEAST_OF_SQUARES = 1e-7
# More columns make the matrix cost more than descent; so do more entries than this in a table with more columns than
# rows, which has to be copied.
MAX_COLUMNS = 4096
MAX_WIDE_ENTRIES = 1 << 24
# A column's sum of squares of which less than this is left once its mean is taken away has lost its digits.
_LEAST_LEFT = 1e-6
# Operations that are worth a column's digits: those of rows made dense, block by block.
_WORTH_DENSE = 1e11
# Bytes of a block: at most this, or a hundredth of X.
_BLOCK_BYTES = 1 << 20
# Entries of X from which on the milliseconds that it takes to limit BLAS's threads are few.
_WORTH_A_LIMIT = 1 << 18


class Problem(NamedTuple):
    """Data of full rows, targets of shape (n_samples, n_outputs), weights or None."""

    X: Any
    y: Floats
    weight: Floats | None
    fit_intercept: bool

    @property
    def is_sparse(self) -> bool:
        return hasattr(self.X, "tocsr")

    @property
    def is_wide(self) -> bool:
        return bool(self.X.shape[1] >= self.X.shape[0])

    def blocks(self) -> Iterator[tuple[Floats, Floats, Floats]]:
        """Some rows with weight, their targets and their weights, in float64."""
        n, d = self.X.shape
        n_bytes = self.X.data.nbytes if self.is_sparse else self.X.nbytes
        size = max(_BLOCK_BYTES, n_bytes // 100) // (8 * d)
        size = max(16, size if size < n else n)
        for begin in range(0, n, size):
            rows = slice(begin, begin + size)
            x, y = self.X[rows], self.y[rows]
            x = x.toarray() if self.is_sparse else np.asarray(x)
            s = np.ones(len(y)) if self.weight is None else self.weight[rows]
            if not s.all():
                x, y, s = x[s > 0.0], y[s > 0.0], s[s > 0.0]
            yield x.astype(np.float64), y, s


class Means(NamedTuple):
    """Weighted means of the columns of X and y, 0 without an intercept."""

    x: Floats
    y: Floats
    is_finite: bool


class Solution(NamedTuple):
    """Coefficients (n_outputs, n_features), singular values in descending order, how many count, and the way there."""

    coef: Floats
    singular: Floats
    rank: int
    way: str


def is_suitable(X: Any) -> bool:
    """Whether a closed form costs less than descent."""
    n, d = X.shape
    return d <= MAX_COLUMNS and (hasattr(X, "tocsr") or d < n or n * d <= MAX_WIDE_ENTRIES)


def find_means(problem: Problem) -> Means:
    """The means, in a pass that meets every entry."""
    d = problem.X.shape[1]
    constant, is_constant = np.zeros(d), np.zeros(d, np.bool_)
    if problem.is_sparse:
        s = np.ones(problem.X.shape[0]) if problem.weight is None else problem.weight
        total, x_sum, y_sum = s.sum(), problem.X.T @ s, s @ problem.y
    else:
        total, x_sum, y_sum = 0.0, np.zeros(d), np.zeros(problem.y.shape[1])
        for x, y, s in problem.blocks():
            if total == 0.0 and len(x):
                constant, is_constant = x[0].copy(), np.ones(d, np.bool_)
            total, x_sum, y_sum = total + s.sum(), x_sum + s @ x, y_sum + s @ y
            if is_constant.any():
                is_constant &= (x == constant).all(axis=0)
    is_finite = bool(np.isfinite(x_sum).all())
    if not problem.fit_intercept:
        return Means(np.zeros_like(x_sum), np.zeros_like(y_sum), is_finite)
    # Nothing may be left of a column that does not vary: the rounding of its mean can be large beside other columns.
    return Means(np.where(is_constant, constant, x_sum / total), y_sum / total, is_finite)


def solve(problem: Problem, means: Means, alpha: Floats, cutoff: float, way: str = "auto") -> Solution:
    """The minimum of ``sum_i s_i (y_i - raw_i)^2 + alpha ||coef||^2``, with one alpha an output.

    Singular values of at most `cutoff` times the largest count as 0, and of those from squares all of at most a 1e-7th.
    `way` is ``"gram"``, ``"qr"`` or ``"auto"``.
    """
    if problem.is_sparse or (way != "qr" and not problem.is_wide):
        squares, products = gram(problem, means)
        if problem.is_sparse and _lost_digits(problem, means, squares):
            squares, products = _dense_gram(problem, means)
        eigenvalues, vectors = np.linalg.eigh(squares)
        eigenvalues, vectors = np.maximum(eigenvalues[::-1], 0.0), vectors[:, ::-1]
        least = eigenvalues[-1] + alpha.min()
        if way == "gram" or problem.is_sparse or least > LEAST_EIGENVALUE * (eigenvalues[0] + alpha.min()):
            singular = np.sqrt(eigenvalues)
            # The rounding of a square is that of the largest.
            cutoff = max(cutoff, _LEAST_OF_SQUARES)
            with np.errstate(divide="ignore", invalid="ignore"):
                right = np.where(singular[:, None] > 0.0, vectors.T @ products / singular[:, None], 0.0)
            return _from_singular(singular, vectors, right, alpha, cutoff, "gram")
    triangle, products = triangular(problem, means)
    left, singular, right_t = np.linalg.svd(triangle, full_matrices=False)
    return _from_singular(singular, right_t.T, left.T @ products, alpha, cutoff, "qr")


def _from_singular(
    singular: Floats, vectors: Floats, products: Floats, alpha: Floats, cutoff: float, way: str
) -> Solution:
    """The solution from singular values, right vectors, and the left vectors' products with the targets."""
    counts = singular > cutoff * singular[0] if singular.size else np.zeros(0, bool)
    used = np.where(counts[:, None] | (alpha > 0.0), singular[:, None], 0.0)
    filtered = np.divide(used, used**2 + alpha, out=np.zeros_like(used), where=used > 0.0)
    return Solution((vectors @ (filtered * products)).T, singular, int(counts.sum()), way)


def gram(problem: Problem, means: Means) -> tuple[Floats, Floats]:
    """``A'A`` and ``A'b``."""
    if problem.is_sparse:
        s = np.ones(problem.X.shape[0]) if problem.weight is None else problem.weight
        weighted = problem.X.T.astype(np.float64).multiply(s).tocsr()
        squares = (weighted @ problem.X.astype(np.float64)).toarray() - s.sum() * np.outer(means.x, means.x)
        return squares, np.asarray(weighted @ (problem.y - means.y))
    return _dense_gram(problem, means)


def _lost_digits(problem: Problem, means: Means, squares: Floats) -> bool:
    """Whether the means of sparse columns are so large that their squares leave nothing of the rest."""
    total = len(problem.y) if problem.weight is None else problem.weight.sum()
    left = np.diag(squares)
    lost = (left < _LEAST_LEFT * (left + total * means.x**2)).any()
    return bool(lost) and problem.X.shape[0] * float(problem.X.shape[1]) ** 2 <= _WORTH_DENSE


def _dense_gram(problem: Problem, means: Means) -> tuple[Floats, Floats]:
    d, k = problem.X.shape[1], problem.y.shape[1]
    squares, products = np.zeros((d, d)), np.zeros((d, k))
    for a, b in _rooted(problem, means):
        squares += a.T @ a
        products += a.T @ b
    return squares, products


def triangular(problem: Problem, means: Means) -> tuple[Floats, Floats]:
    """R of ``A = QR``, or A itself where it has no more rows than columns, and ``Q'b``."""
    d = problem.X.shape[1]
    kept = np.zeros((0, d + problem.y.shape[1]))
    waiting: list[Floats] = []
    with _one_blas_thread(problem.X.size):
        for a, b in _rooted(problem, means):
            waiting.append(np.column_stack([a, b]))
            # A factorization costs its rows, of which the triangle has d.
            if sum(map(len, waiting)) >= kept.shape[1]:
                kept, waiting = _reduced([kept, *waiting]), []
        kept = _reduced([kept, *waiting])
    return kept[:, :d], kept[:, d:]


def _one_blas_thread(size: int) -> AbstractContextManager[Any]:
    """A factorization is many short products: a team would wait for its threads more than they would save."""
    if size < _WORTH_A_LIMIT:
        return nullcontext()
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[Any] = threadpool_limits(1, "blas")
    return limits


def _reduced(parts: list[Floats]) -> Floats:
    rows = np.concatenate(parts)
    return np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > rows.shape[1] else rows


def _rooted(problem: Problem, means: Means) -> Iterator[tuple[Floats, Floats]]:
    """Blocks of A and b."""
    for x, y, s in problem.blocks():
        root = np.sqrt(s)[:, None]
        x -= means.x
        x *= root
        yield x, (y - means.y) * root
