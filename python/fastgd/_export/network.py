"""What an export is made of: the layers of a fitted model, and what its raw scores say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Labels:
    """Scores of classes; `probabilities` is the loss by which they give probabilities, None where they do not."""

    classes: NDArray[Any]
    probabilities: str | None


@dataclass(frozen=True)
class ManyLabels:
    """A score for each of several labels, which a row has where its own is above 0."""


@dataclass(frozen=True)
class Values:
    """Scores that are predicted numbers, or with a `log_link` their logarithms."""

    log_link: bool


@dataclass(frozen=True)
class Outliers:
    """One score, negative for outliers."""


Head: TypeAlias = Labels | ManyLabels | Values | Outliers


@dataclass(frozen=True)
class Network:
    """Layers of a fitted model; a linear model is the last one alone.

    Attributes
    ----------
    coefs : list of array of shape (n_in, n_out)
        Weights of each layer, of one dtype.
    intercepts : list of array of shape (n_out,)
        Intercepts, likewise.
    head : Labels, ManyLabels, Values or Outliers
        What the raw scores of the last layer say.
    activation : str
        What follows every layer but the last.
    dropout : float
        The share that training drops after each activation.
    """

    coefs: list[NDArray[Any]]
    intercepts: list[NDArray[Any]]
    head: Head
    activation: str = "identity"
    dropout: float = 0.0

    @property
    def n_features(self) -> int:
        """Columns of the input."""
        return len(self.coefs[0])

    @property
    def n_outputs(self) -> int:
        """Raw scores."""
        return len(self.intercepts[-1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the weights."""
        return self.coefs[0].dtype

    def layers(self, dtype: DTypeLike | None = None) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Weights and intercepts of each layer in a dtype, their own by default."""
        dtype = self.dtype if dtype is None else dtype
        pairs = zip(self.coefs, self.intercepts, strict=True)
        return [(coef.astype(dtype), intercept.astype(dtype)) for coef, intercept in pairs]
