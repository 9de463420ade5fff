"""A mean loss with its standard error and a confidence interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .. import _validation as check
from .quantiles import normal, student_t

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Risk"]

_LEVEL = check.Rule("a number between 0 and 1, both excluded", lambda v: 0.0 < v < 1.0)
# A skewness at which its correction is lost in rounding.
_NO_SKEW = 1e-8


@dataclass(frozen=True, repr=False)
class Risk:
    """What `fastgd.risk` estimates from rows.

    Attributes
    ----------
    mean : float
        Weighted mean of the rows' losses, without any penalty; ``"squared_error"`` is the whole square.
    standard_error : float
        Estimated standard deviation of `mean` over other draws of as many rows; nan for one row.
    n_samples : int
        Rows of positive weight.
    loss : str
        Name of the loss.
    held_out : bool
        Whether the rows are others than the objective's own. The mean over rows that the parameters were fitted to is
        below the expected risk, and neither the error nor the interval knows by how much.
    n_effective : float
        ``(sum s)^2 / sum s^2``: rows of equal weight that would tell as much.
    """

    mean: float
    standard_error: float
    n_samples: int
    loss: str
    held_out: bool
    n_effective: float
    # A third of the skewness of the mean.
    _skew: float
    # Whether the losses are 0 or 1; a function's name does not tell.
    _of_mistakes: bool

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval of the expected risk, for rows drawn independently of the fit.

        Of ``"zero_one"`` losses it is Wilson's [1]_, which holds where mistakes are few or none: the shares ``p`` that
        are at most ``z`` of their own standard deviations from the mean, of `n_effective` rows, or of fewer where the
        standard error is that of fewer: heavy rows may be the mistakes. Of others it is Student's t with the skewness
        taken away by Hall's cubic [2]_, since losses have long tails: with ``T = (mean - R) / standard_error`` and a
        third ``a`` of the mean's skewness, ``((1 + a T)^3 - 1) / (3 a) + a / 2`` is taken for t.

        Parameters
        ----------
        level : float, default=0.95
            Share of the draws whose interval holds the expected risk, between 0 and 1.

        Returns
        -------
        low, high : float
            The interval; nan for fewer effective rows than two, unless of mistakes, or where the mean is not finite.

        References
        ----------
        .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
           American Statistical Association 22, 1927.
        .. [2] P. Hall, "On the removal of skewness by transformation", Journal of the Royal Statistical Society B 54,
           1992.
        """
        p = 0.5 + check.number("level", level, *_LEVEL) / 2.0
        if self._of_mistakes:
            return self._wilson(normal(p))
        if not math.isfinite(self.standard_error) or self.n_effective < 2.0:
            return math.nan, math.nan
        t = student_t(p, self.n_effective - 1.0)
        return self.mean - self._upper(t) * self.standard_error, self.mean - self._upper(-t) * self.standard_error

    def _upper(self, t: float) -> float:
        """The studentised mean to which Hall's cubic gives the value t."""
        a = self._skew
        return t if abs(a) < _NO_SKEW else float((np.cbrt(1.0 + 3.0 * a * (t - a / 2.0)) - 1.0) / a)

    def _wilson(self, z: float) -> tuple[float, float]:
        n, p = self.n_effective, self.mean
        if 0.0 < p < 1.0 and self.standard_error > 0.0:
            # As many rows as have this variance where that are fewer: heavy rows may be the ones with mistakes. Of few
            # mistakes the variance is itself uncertain, and never a reason to count more rows than the weights leave.
            n = min(n, p * (1.0 - p) / self.standard_error / self.standard_error + 1.0)
        middle = (p + z**2 / (2.0 * n)) / (1.0 + z**2 / n)
        half = z / (1.0 + z**2 / n) * math.sqrt(p * (1.0 - p) / n + z**2 / (4.0 * n**2))
        # Rounding must not keep the interval from what was seen of all rows.
        return min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half))

    def __repr__(self) -> str:
        low, high = self.interval()
        rows = f"{self.n_samples} {'held-out ' if self.held_out else ''}row{'' if self.n_samples == 1 else 's'}"
        text = (
            f"mean {self.loss} {self.mean:.6g} with a standard error of {self.standard_error:.2g} on {rows}, 95 % "
            f"interval {low:.6g} to {high:.6g}"
        )
        return text if self.held_out else f"{text}; optimistic if the parameters were fitted to these rows"


def estimate(losses: Floats, weight: Floats | None, loss: str, held_out: bool, of_mistakes: bool = False) -> Risk:
    """The risk from losses of rows, and their weights, all above 0.

    The weighted mean is a ratio of sums; its variance is by the delta method [1]_
    ``sum s^2 (loss - mean)^2 / (sum s)^2``, times ``n / (n - 1)``, which makes it the usual one for equal weights.

    .. [1] W. G. Cochran, "Sampling techniques", 3rd edition, section 6.4, Wiley, 1977.
    """
    n = len(losses)
    s = np.ones(n) if weight is None else weight / weight.max()
    total = float(s.sum())
    # What is infinite, or not a number, makes what follows so.
    with np.errstate(invalid="ignore", over="ignore"):
        mean = float(s @ losses) / total
        parts = s * (losses - mean)
        squares = float(parts @ parts)
        error = math.sqrt(squares * n / (n - 1)) / total if n > 1 and squares >= 0.0 else math.nan
        skew = float((parts**3).sum()) / squares**1.5 / 3.0 if squares > 0.0 and math.isfinite(squares) else 0.0
    return Risk(mean, error, n, loss, held_out, total**2 / float(s @ s), skew, of_mistakes)
