"""What tests of pictures share. A picture is judged by what is on its axes, after it has been drawn once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot


@pytest.fixture(autouse=True)
def without_display() -> Iterator[None]:
    """Draws without a display, and changes no setting; figures that a test made do not outlive it."""
    mpl.use("Agg")
    before = dict(mpl.rcParams)
    yield
    pyplot.close("all")
    assert dict(mpl.rcParams) == before


def drawn(ax: Any) -> Any:
    """The axes, drawn: what cannot be, raises or warns here."""
    ax.figure.canvas.draw()
    assert ax.get_title(loc="left")
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    return ax


def legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax: Any, label: str) -> np.ndarray:
    """The points of a labelled line, shape (n, 2)."""
    found = [one for one in ax.get_lines() if one.get_label() == label]
    assert len(found) == 1
    return np.ma.filled(np.ma.stack([np.ma.asarray(part, float) for part in found[0].get_data()], axis=1), np.nan)
