"""What estimators on Dask collections take, and what they say of what they cannot take."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from _cluster import cluster, in_chunks, some_rows
from _peers import load
from sklearn.base import clone

import fastgd.linear_model as local

PARAMS: dict[str, Any] = {"optimizer": "lbfgs", "loss": "log_loss", "alpha": 1e-2, "tol": 1e-9}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with cluster(2) as client:
        yield client


def estimators() -> Any:
    load("distributed")
    import fastgd.dask

    return fastgd.dask


def labelled() -> tuple[np.ndarray, np.ndarray]:
    X, scores = some_rows(600)
    return X, np.where(scores > 0.0, "up", "down")


def classifier(client: Any, **params: Any) -> Any:
    return estimators().SGDClassifier(client=client, **PARAMS, **params)


def reference(client: Any, n_chunks: int = 3) -> np.ndarray:
    X, y = labelled()
    coef: np.ndarray = classifier(client).fit(in_chunks(X, n_chunks), in_chunks(y, n_chunks)).coef_
    return coef


def test_dataframes(client: Any) -> None:
    X, y = labelled()
    names = [f"x{j}" for j in range(X.shape[1])]
    frame = load("dask.dataframe").from_pandas(pd.DataFrame(X, columns=names).assign(y=y), npartitions=3)
    model = classifier(client).fit(frame[names], frame["y"])
    np.testing.assert_array_equal(model.coef_, reference(client))
    assert model.feature_names_in_.tolist() == names
    predicted = model.predict(frame[names])
    assert type(predicted) is type(frame["y"])
    assert (predicted.compute() == model.predict(pd.DataFrame(X, columns=names))).all()
    assert model.predict_proba(frame[names]).compute().columns.tolist() == ["down", "up"]
    assert model.score(frame[names], frame["y"]) == model.score(pd.DataFrame(X, columns=names), y)


def test_delayed_chunks_of_which_one_is_empty(client: Any) -> None:
    X, y = labelled()
    delayed = load("dask").delayed
    rows = np.array_split(np.arange(len(X)), 3)
    rows.insert(1, rows[0][:0])
    chunks = [delayed(lambda r: (X[r], y[r]), pure=False)(r) for r in rows]
    np.testing.assert_array_equal(classifier(client).fit(chunks).coef_, reference(client))
    weighted = [delayed((X[r], y[r], np.where(r % 2, 3.0, 0.0))) for r in rows]
    odd = [delayed((X[r[r % 2 == 1]], y[r[r % 2 == 1]])) for r in rows]
    found, expected = (classifier(client).fit(each).coef_ for each in (weighted, odd))
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


def test_delayed_chunks_of_sparse_rows(client: Any) -> None:
    X, y = labelled()
    X = np.where(np.abs(X) > 1.0, X, 0.0)
    csr, delayed = load("scipy.sparse").csr_array, load("dask").delayed
    rows = np.array_split(np.arange(len(X)), 3)
    found = classifier(client).fit([delayed((csr(X[r]), y[r])) for r in rows])
    expected = classifier(client).fit(in_chunks(X, 3), in_chunks(y, 3))
    assert np.abs(found.coef_ - expected.coef_).max() <= 1e-6 * np.abs(expected.coef_).max()


def test_targets_move_to_the_chunks_of_the_rows(client: Any) -> None:
    X, y = labelled()
    model = classifier(client).fit(in_chunks(X, 3), in_chunks(y, 7))
    np.testing.assert_array_equal(model.coef_, reference(client))


def test_predictions_are_made_when_they_are_asked_for(client: Any) -> None:
    X, y = labelled()
    rows = in_chunks(X, 4)
    model = classifier(client).fit(rows, in_chunks(y, 4))
    for method in ("predict", "predict_proba", "decision_function"):
        lazy, expected = getattr(model, method)(rows), getattr(model, method)(X)
        assert type(lazy) is type(rows)
        assert (lazy.shape, lazy.dtype, lazy.chunks[0]) == (expected.shape, expected.dtype, rows.chunks[0])
        np.testing.assert_array_equal(lazy.compute(), expected)
    with pytest.raises(AttributeError, match="predict_proba"):
        _ = type("Own", (estimators().SGDClassifier,), {})("hinge").predict_proba


def test_class_weights_are_those_of_all_rows(client: Any) -> None:
    X, y = labelled()
    order = np.argsort(y, kind="stable")
    model = classifier(client, class_weight="balanced").fit(in_chunks(X[order], 3), in_chunks(y[order], 3))
    whole = local.SGDClassifier(class_weight="balanced", batch_size="full", **PARAMS).fit(X, y)
    assert np.abs(model.coef_ - whole.coef_).max() <= 1e-4 * np.abs(whole.coef_).max()


def test_a_class_without_weight_may_come_first(client: Any) -> None:
    X, y = labelled()
    order = np.argsort(y, kind="stable")
    model = classifier(client, class_weight={"down": 0.0, "up": 1.0})
    model.fit(in_chunks(X[order], 3), in_chunks(y[order], 3))
    assert set(model.predict(X)) == {"up"}


def test_the_current_client_is_taken_and_none_is_pickled(client: Any) -> None:
    X, y = labelled()
    model = classifier(None).fit(in_chunks(X, 3), in_chunks(y, 3))
    np.testing.assert_array_equal(model.coef_, reference(client))
    model.client = client
    other = pickle.loads(pickle.dumps(model))
    assert other.client is None
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert clone(model).get_params() == model.get_params()
    assert {"client", "sync_every", "alpha", "loss"} <= set(model.get_params())


def bad_arguments() -> list[tuple[Any, type[Exception], str]]:
    da, dd, delayed = load("dask.array"), load("dask.dataframe"), load("dask").delayed
    X, y = labelled()
    rows, targets = in_chunks(X, 3), in_chunks(y, 3)
    frame = dd.from_pandas(pd.DataFrame(X), npartitions=3)

    def chunks(*others: Any) -> list[Any]:
        return [delayed((X[:100], y[:100])), delayed((X[:0], y[:0])), *map(delayed, others)]

    narrow = X[:100].astype(np.float32)
    return [
        ((X, y), TypeError, "X must be a Dask array, a Dask dataframe or a list of delayed"),
        ((rows, y), TypeError, "y must be a Dask array, series or dataframe beside X, got 'ndarray'"),
        ((rows, None), ValueError, "y must be given beside X, got None"),
        ((rows, targets[:-1]), ValueError, "y must have as many rows as X, 600, got 599"),
        ((da.from_array(X, chunks=(200, 2)), targets), ValueError, r"cut by rows only.*\(2, 2, 2\).*rechunk"),
        (
            (frame.values, targets),
            ValueError,
            r"X must have chunks of known sizes.*X.compute_chunk_sizes\(\) finds them",
        ),
        ((rows, frame[0].values), ValueError, r"y must have chunks of known sizes.*y.compute_chunk_sizes\(\)"),
        ((frame, frame[0].repartition(npartitions=2)), ValueError, "y must have as many partitions as X, 3, got 2"),
        (([],), ValueError, "X must hold at least one delayed chunk, got none"),
        (([3],), TypeError, r"chunk 0 of X must be a delayed \(X, y\)"),
        ((chunks(), targets), ValueError, "y must be None where X is a list of delayed chunks"),
        ((chunks((X[:100, 1:], y[:100])),), ValueError, "X of chunk 2 must have 6 columns as chunk 0, got 5"),
        ((chunks((narrow, y[:100])),), TypeError, "X of chunk 2 must have dtype float64 as chunk 0, got float32"),
        ((chunks((X[:9], np.arange(9))),), TypeError, "y of chunk 2 must have labels of dtype <U4 as chunk 0"),
        ((chunks((X[:9], y[:8])),), ValueError, "y of chunk 2 must have an entry a row of X, 9, got 8"),
        ((chunks((X[:9], np.stack([y[:9]] * 2, 1))),), ValueError, "chunk 2: y should be a 1d array"),
        ((chunks((X[:9], y[:9], -np.ones(9))),), ValueError, "sample_weight of chunk 2 must be finite and at least 0"),
        (
            (chunks((np.where(np.arange(len(X))[:, None] == 7, np.nan, X), y)),),
            ValueError,
            "chunk 2: X must be finite, got nan in row 7, c",
        ),
        (([delayed((X[:0], y[:0]))],), ValueError, "X must hold at least one row of weight above 0, got 1 chunks"),
    ]


@pytest.mark.parametrize("case", range(19))
def test_what_cannot_be_taken_is_named(case: int, client: Any) -> None:
    arguments, kind, message = bad_arguments()[case]
    model = classifier(client)
    with pytest.raises(kind, match=message):
        model.fit(*arguments)
    assert not hasattr(model, "coef_")


def test_pieces_of_a_stream_are_arrays(client: Any) -> None:
    X, y = labelled()
    model = estimators().SGDClassifier("log_loss", client=client, random_state=0)
    with pytest.raises(
        TypeError, match="X must be an array in partial_fit, while fit takes Dask collections, got 'Array'"
    ):
        model.partial_fit(in_chunks(X, 3), y, classes=["down", "up"])
    model.partial_fit(X, y, classes=["down", "up"])
    with pytest.raises(AttributeError, match="partial_fit"):
        _ = estimators().MLPClassifier(solver="lbfgs").partial_fit


def test_a_fit_that_is_refused_leaves_the_last_one(client: Any) -> None:
    X, y = labelled()
    model = classifier(client).fit(in_chunks(X, 3), in_chunks(y, 3))
    fitted = dict(vars(model))
    with pytest.raises(ValueError, match="chunk 1: X must be finite"):
        model.fit(in_chunks(np.where(np.arange(len(X))[:, None] == 250, np.nan, X), 3), in_chunks(y, 3))
    assert vars(model) == fitted


BAD_PARAMETERS: list[tuple[str, dict[str, Any], str]] = [
    ("SGDClassifier", {"penalty": "l1"}, "l1_ratio of the estimator must be 0"),
    ("SGDClassifier", {"early_stopping": True}, "early_stopping must be left at its default on a cluster, got True"),
    ("SGDRegressor", {"standardize": True}, "standardize must be left at its default on a cluster"),
    ("SGDRegressor", {"batch_size": 32}, "batch_size must be 'full' or left at its default with sync_every=None"),
    ("SGDRegressor", {"sync_every": 1, "optimizer": "lbfgs"}, "sync_every must be None with LBFGS"),
    ("SGDRegressor", {"sync_every": 0}, "sync_every"),
    ("MLPRegressor", {"dropout": 0.5}, "dropout of the estimator must be 0"),
    ("LinearRegression", {"solver": "svd"}, "solver must be 'auto' or 'lbfgs' on a cluster, got 'svd'"),
    ("LinearRegression", {"positive": True}, "positive must be left at its default on a cluster"),
]


@pytest.mark.parametrize("name, params, message", BAD_PARAMETERS)
def test_what_has_no_meaning_on_a_cluster_is_refused(
    name: str, params: dict[str, Any], message: str, client: Any
) -> None:
    X, scores = some_rows(90)
    model = getattr(estimators(), name)(client=client, **params)
    with pytest.raises(ValueError, match=message):
        model.fit(in_chunks(X, 2), in_chunks(scores > 0.0 if "Classifier" in name else scores, 2))


def test_a_worker_without_fastgd_is_named(client: Any) -> None:
    address = min(client.scheduler_info()["workers"])
    client.submit(hide_fastgd, workers=[address]).result()
    X, y = labelled()
    with pytest.raises(ModuleNotFoundError, match=f"fastgd is not installed on the worker {address}"):
        classifier(client).fit(in_chunks(X, 3), in_chunks(y, 3))


def hide_fastgd() -> None:
    """Makes a worker one that does not find the package."""
    for name in [name for name in sys.modules if name.split(".")[0] == "fastgd"]:
        del sys.modules[name]
    sys.modules["fastgd"] = None  # type: ignore[assignment]


def test_no_client() -> None:
    with pytest.raises(TypeError, match=r"client must be a distributed.Client or None, got 3"):
        estimators().LinearRegression(client=3).fit(*(in_chunks(a, 2) for a in some_rows(90)))
