"""What a source may do wrong: named, with what was learned before it kept, and no thread left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from _linear_data import numbers

from fastgd.data import Block, ChunkSource, NpySource, Source, convert
from fastgd.data._ahead import Ahead
from fastgd.linear_model import SGDClassifier, SGDRegressor

N, D = 1000, 5
X, Y = numbers(N, D)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "fastgd-reader"]


def chunks_with(bad: Any) -> list[Any]:
    """Ten chunks, of which the one with number 6 is the bad one."""
    chunks: list[Any] = [(X[i : i + 100], Y[i : i + 100]) for i in range(0, N, 100)]
    return [*chunks[:6], bad, *chunks[7:]]


def holding(value: float, of: np.ndarray) -> np.ndarray:
    changed = of[600:700].copy()
    changed[(13, 2) if changed.ndim == 2 else 13] = value
    return changed


# A bad chunk, and what is said of it.
BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "columns": ((X[:9, :3], Y[:9]), ValueError, r"X must have 5 columns, got 3 at row 0 of chunk 6"),
    "dtype": ((X[:9].astype("f4"), Y[:9]), TypeError, "dtype float64 everywhere, got float32 at row 0 of chunk 6"),
    "kind": ((scipy.sparse.csr_array(X[:9]), Y[:9]), TypeError, "must be dense, got sparse rows at row 0 of chunk 6"),
    "no y": ((X[:9], None), ValueError, "y of chunk 6 must be given, got None"),
    "alone": (X[:9], TypeError, r"chunk 6 must be a pair \(X, y\) or a triple"),
    "shape of y": (
        (X[:9], np.stack([Y[:9]] * 2, 1)),
        ValueError,
        r"y must have shape \(n_rows,\) everywhere, got \(9, 2\)",
    ),
    "rows": ((X[:9], Y[:8]), ValueError, "y of chunk 6 must have an entry a row of X, 9, got 8"),
    "nan": ((holding(np.nan, X), Y[:100]), ValueError, "X must be finite, got nan in column 2 of row 13 of chunk 6"),
    "inf in y": ((X[:100], holding(np.inf, Y)), ValueError, "y must be finite, got inf at row 13 of chunk 6"),
    "weight": ((X[:9], Y[:9], [-1.0] * 9), ValueError, "must be finite and >= 0, got -1.0 at row 0 of chunk 6"),
    "weights": ((X[:9], Y[:9], [1.0] * 8), ValueError, r"sample_weight of chunk 6 must have shape \(9,\), got \(8,\)"),
    "strings": ((X[:9].astype(str), Y[:9]), TypeError, "X of chunk 6 must have dtype"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_chunk_is_named_and_what_was_learned_is_kept(bad: str) -> None:
    chunk, kind, message = BAD[bad]
    model = SGDRegressor(max_iter=1, tol=None, shuffle=False, batch_size=50)
    # Windows of 150 rows: the last one that is learned from ends before the bad chunk.
    source = ChunkSource(iter(chunks_with(chunk)), max_memory=48_400, n_window_blocks=1)
    with pytest.raises(kind, match=message):
        model.fit(source)
    known = SGDRegressor(shuffle=False, batch_size=50).partial_fit(X[:600], Y[:600])
    assert 0 < model.t_ - 1 <= known.t_ - 1
    n_rows = 50 * int(model.t_ - 1)
    known = SGDRegressor(shuffle=False, batch_size=50).partial_fit(X[:n_rows], Y[:n_rows])
    np.testing.assert_array_equal(model.coef_, known.coef_)
    assert model.n_iter_ == 0
    assert model.loss_curve_ == []
    assert model.predict(X).shape == (N,)


def test_a_place_is_told_right_when_the_next_epoch_is_being_read() -> None:
    """The core finds NaN while it learns from the last window, when the reader has begun anew."""
    chunks = chunks_with((holding(np.nan, X), Y[:100]))
    chunks[6], chunks[9] = chunks[9], chunks[6]
    source = ChunkSource(lambda: iter(chunks), max_memory=5 * 100 * (8 * D + 48) * 2)
    with pytest.raises(ValueError, match="X must be finite, got nan in column 2 of row 13 of chunk 9"):
        SGDRegressor(max_iter=5, tol=None, batch_size=50).fit(source)


class Without(Source):
    """A source of a user's own that forgets the targets."""

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        yield Block(np.ones((2, 3)), None)  # type: ignore[arg-type]


def test_a_source_without_targets(tmp_path: Path) -> None:
    source = Without(3, np.float64)
    for use in (SGDRegressor().fit, lambda source: convert(source, tmp_path / "rows")):
        with pytest.raises(ValueError, match="y must be given with X, got None at row 0 of part 0"):
            use(source)


def test_an_empty_chunk_is_none_and_an_empty_source_is_refused() -> None:
    empty = (X[:0], Y[:0])
    options: dict[str, Any] = {"max_iter": 2, "tol": None, "shuffle": False}
    model = SGDRegressor(**options).fit(ChunkSource([empty, (X[:300], Y[:300]), empty, (X[300:], Y[300:]), empty]))
    np.testing.assert_array_equal(model.coef_, SGDRegressor(**options).fit(X, Y).coef_)
    for chunks in ([], [empty], iter([]), lambda: iter([empty])):
        with pytest.raises(ValueError, match="chunks must hold at least one row, got none"):
            ChunkSource(chunks)
    with pytest.raises(TypeError, match="chunks must be an iterable of"):
        ChunkSource(7)  # type: ignore[arg-type]


def test_a_source_that_is_empty_the_second_time() -> None:
    given = [[(X, Y)], [(X, Y)], []]
    model = SGDRegressor(max_iter=5, tol=None)
    with pytest.raises(ValueError, match="X must have at least one row"):
        model.fit(ChunkSource(lambda: iter(given.pop(0))))
    assert model.n_iter_ == 1


def test_what_fails_first_leaves_an_estimator_as_it_was() -> None:
    model = SGDRegressor(max_iter=1, tol=None).fit(X, Y)
    before = {**vars(model)}
    with pytest.raises(ValueError, match="X must be finite, got inf in column 2 of row 13 of chunk 0"):
        model.fit(ChunkSource([(holding(np.inf, X), Y[:100])]))
    assert vars(model) == before


def test_labels_that_were_not_named() -> None:
    y = np.arange(N) % 3
    with pytest.raises(ValueError, match=r"y must hold labels among classes=\[0, 1\], got \[2\]"):
        SGDClassifier().fit(ChunkSource([(X, y)]), classes=[0, 1])
    with pytest.raises(ValueError, match="number of classes has to be greater than one"):
        SGDClassifier().fit(ChunkSource([(X, y * 0)]))
    with pytest.raises(ValueError, match="y must be 1-D, a label a row"):
        SGDClassifier().fit(ChunkSource([(X, np.eye(2)[y % 2])]))
    with pytest.raises(ValueError, match="classes must be None where X is no source"):
        SGDClassifier().fit(X, y, classes=[0, 1, 2])
    with pytest.raises(TypeError, match=r"y must hold numbers or strings everywhere, got int64 and <U.* of chunk 1"):
        SGDClassifier().fit(ChunkSource([(X, y), (X, y.astype(str))]))


@pytest.mark.parametrize("n_bytes", [4, 70, 200, 128 + N * D * 8 - 1])
def test_a_file_that_is_cut_off(n_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "X.npy"
    np.save(path, X)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match=rf"X\.npy must .*got {n_bytes}"):
        NpySource(path, Y)


def test_files_that_are_none(tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([[None]]), allow_pickle=True)
    np.save(tmp_path / "y.npy", Y[:-1])
    with pytest.raises(ValueError, match="it holds pickled Python objects, which are never loaded"):
        NpySource(tmp_path / "o.npy", [1.0])
    with pytest.raises(ValueError, match="y must have one entry for each of 1000 rows, got shape"):
        NpySource(X, tmp_path / "y.npy")
    with pytest.raises(ValueError, match=r"X must have shape .* got shape \(1000,\)"):
        NpySource(Y, Y)
    with pytest.raises(ValueError, match="y must be a path or an array, got None"):
        NpySource(X, None)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npy"):
        NpySource(tmp_path / "nowhere.npy", Y)
    bad = X.copy()
    bad[777, 1] = np.nan
    np.save(tmp_path / "nan.npy", bad)
    with pytest.raises(ValueError, match=r"got nan in column 1 of row 777 of .*nan\.npy"):
        SGDRegressor(max_iter=3, tol=None).fit(NpySource(tmp_path / "nan.npy", Y, max_memory=40_000))


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("max_memory", "much", "max_memory must be a number of bytes >= 1, or one with a unit"),
        ("max_memory", "3XB", "max_memory must be a number of bytes"),
        ("max_memory", 0, "max_memory must be an integer >= 1, got 0"),
        ("max_memory", 1.5, "max_memory must be a number of bytes"),
        ("max_memory", True, "max_memory must be a number of bytes"),
        ("n_window_blocks", 0, "n_window_blocks must be an integer >= 1, got 0"),
    ],
)
def test_bad_arguments(name: str, value: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        ChunkSource([(X, Y)], **{name: value})


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
def test_what_an_iterator_raises_is_raised(error: type[BaseException]) -> None:
    def chunks() -> Iterator[Any]:
        yield from chunks_with((X[:9], Y[:9]))[:7]
        raise error("while reading")

    model = SGDRegressor(max_iter=1, tol=None)
    with pytest.raises(error, match="while reading"):
        model.fit(ChunkSource(chunks, max_memory=20_000))
    assert model.t_ > 1


def test_an_error_while_learning_ends_a_reader_that_waits() -> None:
    n_read = 0

    def chunks() -> Iterator[Any]:
        nonlocal n_read
        for chunk in chunks_with((X[:100], Y[:100])):
            n_read += 1
            yield chunk

    bad = SGDRegressor(learning_rate=lambda step: 1 / 0, max_iter=1)
    with pytest.raises(ZeroDivisionError):
        bad.fit(ChunkSource(chunks, max_memory=20_000))
    # The chunk to know the columns, those of the first windows and one ahead; not all of them.
    assert n_read < 8


def test_a_reader_in_the_midst_of_its_work_is_waited_for() -> None:
    def items(_: Any) -> Iterator[int]:
        yield 0
        time.sleep(0.2)
        yield 1

    with pytest.raises(ZeroDivisionError), Ahead(items) as coming:
        raise ZeroDivisionError(next(coming))
