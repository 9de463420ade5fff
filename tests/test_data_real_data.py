"""Real data through sources that hold a small part of them: as good as a fit on all rows in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import _real_data
import numpy as np
import pytest
import scipy.sparse

from fastgd.data import ChunkSource, NpySource
from fastgd.linear_model import SGDClassifier
from fastgd.optimizers import SGD
from fastgd.schedules import InverseScaling

pytestmark = pytest.mark.filterwarnings("ignore:.*has not converged")


def test_images_as_bytes_from_a_mapped_file(tmp_path: Path) -> None:
    """scikit-learn's is at .834 to .835."""
    data = _real_data.load("fashion_mnist")
    np.save(tmp_path / "X.npy", data["X_train"])
    source = NpySource(tmp_path / "X.npy", data["y_train"], max_memory="8MB")
    # Pixels go up to 255, so rates are small.
    optimizer = SGD(InverseScaling(8e-6), momentum=0.9, nesterov=True)
    options: dict[str, Any] = {"penalty": None, "batch_size": 128, "max_iter": 10, "tol": None, "random_state": 0}
    model = SGDClassifier("multinomial", optimizer=optimizer, **options).fit(source)
    assert source.dtype == np.uint8
    assert source.n_parts > 50
    assert model.score(data["X_test"], data["y_test"]) >= 0.835


def test_sparse_rows_sorted_by_their_label() -> None:
    """The worst order that there is: the order of chunks and the windows have to mend it."""
    data = _real_data.load("adult")
    order = np.argsort(data["y_train"], kind="stable")
    X, y = scipy.sparse.csr_array(data["X_train"][order]), data["y_train"][order]
    chunks = [(X[i : i + 200], y[i : i + 200]) for i in range(0, len(y), 200)]
    options: dict[str, Any] = {"batch_size": 32, "max_iter": 20, "random_state": 0, "optimizer": "adam"}
    options |= {"learning_rate": "invscaling", "eta0": 0.01}
    model = SGDClassifier("log_loss", **options).fit(ChunkSource(chunks, max_memory="1MB"))
    whole = SGDClassifier("log_loss", **options).fit(X, y)
    found = [each.score(data["X_test"], data["y_test"]) for each in (model, whole)]
    assert found[0] >= max(0.84, found[1] - 0.01)
