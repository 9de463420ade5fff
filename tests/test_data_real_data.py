"""Real data through sources that hold a small part of them: as good as a fit on all rows in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from _real_data import load
from _real_sources import images_are_told_apart, incomes_are_told_apart
from sklearn.datasets import dump_svmlight_file

from fastgd.data import ChunkSource, NpySource, Source, SvmlightSource, convert, converted

pytestmark = pytest.mark.filterwarnings("ignore:.*has not converged")
Make = Callable[[Path, Any, Any, str], Source]


def mapped(folder: Path, X: Any, y: Any, max_memory: str) -> Source:
    np.save(folder / "X.npy", X)
    source = NpySource(folder / "X.npy", y, max_memory=max_memory)
    assert source.dtype == X.dtype
    return source


def chunks(_: Path, X: Any, y: Any, max_memory: str) -> Source:
    return ChunkSource([(X[i : i + 200], y[i : i + 200]) for i in range(0, len(y), 200)], max_memory=max_memory)


def svmlight(folder: Path, X: Any, y: Any, max_memory: str) -> Source:
    rows = scipy.sparse.csr_array(X.astype(np.float32))
    dump_svmlight_file(rows, y, str(folder / "rows.svm"), zero_based=False)
    given: dict[str, Any] = {"n_features": X.shape[1], "zero_based": False, "dtype": np.float32}
    return SvmlightSource(folder / "rows.svm", max_memory=max_memory, **given)


def csr(folder: Path, X: Any, y: Any, max_memory: str) -> Source:
    convert(ChunkSource([(scipy.sparse.csr_array(X.astype(np.float32)), y)]), folder / "rows")
    return converted(folder / "rows", max_memory=max_memory)


def test_images_as_bytes(tmp_path: Path) -> None:
    images_are_told_apart(lambda X, y: mapped(tmp_path, X, y, "8MB"))


@pytest.mark.parametrize(
    "make, n_rows, max_memory", [(chunks, 12_000, "2MB"), (csr, 12_000, "6MB"), (svmlight, 6_000, "4MB")]
)
def test_some_images(make: Make, n_rows: int, max_memory: str, tmp_path: Path) -> None:
    images_are_told_apart(lambda X, y: make(tmp_path, X, y, max_memory), n_rows)


@pytest.mark.parametrize("make", [mapped, chunks, svmlight, csr])
def test_incomes(make: Make, tmp_path: Path) -> None:
    incomes_are_told_apart(lambda X, y: make(tmp_path, X, y, "1MB"))


def test_sparse_rows_sorted_by_their_label() -> None:
    """The worst order that there is: the order of chunks and the windows have to mend it."""
    order = np.argsort(load("adult")["y_train"], kind="stable")
    incomes_are_told_apart(lambda X, y: chunks(Path(), scipy.sparse.csr_array(X), y, "1MB"), order)
