"""Estimators on sources that are read block by block: the same steps as `partial_fit` on the same rows."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from _linear_data import numbers, three_classes, two_classes

from fastgd import reference
from fastgd.data import Block, ChunkSource, NpySource, Source
from fastgd.data._windows import Windows, order_of_parts, windows
from fastgd.data.npy import expect_pages
from fastgd.linear_model import Perceptron, SGDClassifier, SGDRegressor
from fastgd.optimizers import SAGA, Adam
from fastgd.schedules import Cosine

N, D = 1000, 5
SMALL = 30_000
Make = Callable[[Any, Any, Any], Source]


def mapped(X: np.ndarray, y: np.ndarray, path: Path, **options: Any) -> Source:
    np.save(path / "X.npy", X)
    np.save(path / "y.npy", y)
    return NpySource(path / "X.npy", path / "y.npy", **options)


def listed(X: np.ndarray, y: np.ndarray, path: Path, **options: Any) -> Source:
    return ChunkSource(pieces(X, y, 90), **options)


def called(X: np.ndarray, y: np.ndarray, path: Path, **options: Any) -> Source:
    return ChunkSource(lambda: iter(pieces(X, y, 90)), **options)


def sparse(X: np.ndarray, y: np.ndarray, path: Path, **options: Any) -> Source:
    return ChunkSource([(scipy.sparse.csr_array(some), of) for some, of in pieces(X, y, 90)], **options)


MAKE = {make.__name__: make for make in (mapped, listed, called, sparse)}


def pieces(X: np.ndarray, y: np.ndarray, size: int) -> list[tuple[Any, ...]]:
    return [(X[i : i + size], y[i : i + size]) for i in range(0, len(X), size)]


def same(a: Any, b: Any) -> None:
    np.testing.assert_array_equal(a.coef_, b.coef_)
    np.testing.assert_array_equal(a.intercept_, b.intercept_)


@pytest.mark.parametrize("batch_size", [1, 32])
@pytest.mark.parametrize("name", MAKE)
def test_the_stored_order_has_the_bits_of_a_fit_on_all_rows(name: str, batch_size: int, tmp_path: Path) -> None:
    X, y = three_classes(N, D)
    source = MAKE[name](X, y, tmp_path, max_memory=SMALL)
    # Of sparse mini-batches columns that are not met shrink later, by one product in the place of several.
    penalty = None if name == "sparse" else "l2"
    options: dict[str, Any] = {"max_iter": 3, "tol": None, "shuffle": False, "batch_size": batch_size}
    options["penalty"] = penalty
    model = SGDClassifier("multinomial", **options).fit(source)
    whole = SGDClassifier("multinomial", **options).fit(X if name != "sparse" else scipy.sparse.csr_array(X), y)
    assert len([*windows(source, batch_size, None)]) > 1
    same(model, whole)
    assert (model.t_, model.n_iter_) == (whole.t_, whole.n_iter_)
    # The penalty is that of the parameters that a window, not an epoch, begins with.
    np.testing.assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=1e-12 if penalty is None else 0.05)
    assert len(model.history_) == 3
    assert model.history_.step.tolist() == whole.history_.step.tolist()


@pytest.mark.parametrize("n_threads", [1, 2, 7])
@pytest.mark.parametrize("name", MAKE)
def test_shuffled_windows_are_pieces_of_a_stream(name: str, n_threads: int, tmp_path: Path) -> None:
    X, y = two_classes(N, D)
    source = MAKE[name](X, y, tmp_path, max_memory=SMALL, n_window_blocks=3)
    options: dict[str, Any] = {"random_state": 5, "batch_size": 16, "n_threads": n_threads}
    model = SGDClassifier("log_loss", max_iter=3, tol=None, **options).fit(source)
    by_hand = SGDClassifier("log_loss", **options)
    seen = []
    for epoch in range(3):
        rows = np.concatenate([block_rows(source, part) for part in order_of_parts(source.n_parts, 5, epoch)])
        seen.append(rows)
        assert np.array_equal(np.sort(rows), np.arange(N))
        for window in windows(source, 16, order_of_parts(source.n_parts, 5, epoch)):
            of_window, rows = rows[: len(window.y)], rows[len(window.y) :]
            given = X[of_window] if name != "sparse" else scipy.sparse.csr_array(X[of_window])
            by_hand.partial_fit(given, y[of_window], classes=[0, 1])
    same(model, by_hand)
    if source.n_parts > 1:
        assert not np.array_equal(seen[0], seen[1])


def block_rows(source: Source, part: int) -> np.ndarray:
    """The rows of a part, from where errors place them."""
    first = source.place(part, 0)
    sizes = [sum(len(block.y) for block in source.read(p, 10**6)) for p in range(source.n_parts)]
    assert first
    return np.arange(sizes[part]) + sum(sizes[:part])


def test_the_order_of_parts_is_that_of_the_twin() -> None:
    key = int(reference.philox(7, 32, 4, 0)[0])
    np.testing.assert_array_equal(order_of_parts(50, 7, 4), reference.permutation(50, key, 0))
    assert not np.array_equal(order_of_parts(50, 7, 4), order_of_parts(50, 7, 5))
    assert not np.array_equal(order_of_parts(50, 7, 4), order_of_parts(50, 8, 4))


@pytest.mark.parametrize("name", ["mapped", "listed"])
def test_windows_come_in_the_order_of_their_steps(name: str, tmp_path: Path) -> None:
    X, y = numbers(N, D)
    y += np.arange(N)
    source = MAKE[name](X, y, tmp_path, max_memory=SMALL, n_window_blocks=3)
    stored, placed = Windows(source, 16, True), Windows(source, 16, True, seed=5, n_before=2)
    number = 2
    for epoch in range(2):
        order = order_of_parts(source.n_parts, 5, epoch)
        for plain, window in zip(stored.of_epoch(order), placed.of_epoch(order), strict=True):
            n_rows = len(plain.y)
            rows = reference.permutation(n_rows, 5, number)
            assert window.order is not None
            np.testing.assert_array_equal(window.X, plain.X[rows])
            np.testing.assert_array_equal(window.y, plain.y[rows])
            assert window.place(source, 3) == plain.place(source, rows[3])
            number += 1
    assert number > 6


def test_weights_come_in_the_order_of_their_rows(tmp_path: Path) -> None:
    X, y = numbers(N, D)
    source = NpySource(X, y, sample_weight=np.arange(N), max_memory=SMALL, n_window_blocks=3)
    windows_of_epoch = Windows(source, 16, True, seed=5, n_before=1).of_epoch(np.arange(source.n_parts))
    for window in windows_of_epoch:
        np.testing.assert_array_equal(window.X, X[window.sample_weight.astype(int)])


@pytest.mark.parametrize(
    ("n_before", "batch_size", "seed"),
    [
        pytest.param(0, 16, 5, id="the first one, which a rate may be found on"),
        pytest.param(1, 1000, 5, id="all are one batch"),
        pytest.param(1, 16, None, id="no order"),
    ],
)
def test_windows_that_stay_in_the_stored_order(n_before: int, batch_size: int, seed: int | None) -> None:
    X, y = numbers(N, D)
    windows_of_fit = Windows(NpySource(X, y), batch_size, True, seed, n_before)
    (window,) = windows_of_fit.of_epoch(np.arange(1))
    assert window.order is None
    np.testing.assert_array_equal(window.X, X)


@pytest.mark.parametrize(("n_samples", "n_read"), [(N - 1, "more"), (N + 1, str(N))])
def test_a_wrong_number_of_rows_is_refused(n_samples: int, n_read: str) -> None:
    X, y = numbers(N, D)

    class Wrong(Source):
        def read(self, part: int, n_rows: int) -> Iterator[Block]:
            yield Block(X, y)

    source = Wrong(D, X.dtype, n_samples=n_samples, max_memory=SMALL)
    message = f"n_samples must be the number of rows that Wrong reads, got {n_samples} for {n_read}"
    with pytest.raises(ValueError, match=message):
        SGDRegressor(batch_size=16).fit(source)


def test_where_all_rows_fit_it_is_the_fit_on_arrays(tmp_path: Path) -> None:
    X, y = numbers(N, D)
    options: dict[str, Any] = {"random_state": 3, "batch_size": 8, "max_iter": 4, "tol": None}
    same(SGDRegressor(**options).fit(mapped(X, y, tmp_path)), SGDRegressor(**options).fit(X, y))


def test_a_generator_is_one_epoch() -> None:
    X, y = numbers(N, D)
    model = SGDRegressor(max_iter=1, shuffle=False).fit(ChunkSource(iter(pieces(X, y, 70))))
    same(model, SGDRegressor(max_iter=1, tol=None, shuffle=False).fit(X, y))
    source = ChunkSource(iter(pieces(X, y, 70)))
    with pytest.raises(ValueError, match="max_iter must be 1 where X is a source that can be read once only, got 2"):
        SGDRegressor(max_iter=2).fit(source)
    with pytest.raises(ValueError, match="classes must be given where X is a source that can be read once only"):
        SGDClassifier(max_iter=1).fit(source)
    SGDRegressor(max_iter=1).fit(source)
    with pytest.raises(ValueError, match="must be a callable that returns an iterator to be read twice"):
        SGDRegressor(max_iter=1).fit(source)


def test_it_ends_by_tol_as_a_fit_does() -> None:
    X, y = numbers(N, D)
    options: dict[str, Any] = {"shuffle": False, "penalty": None, "tol": 1e-3, "max_iter": 100}
    model, whole = SGDRegressor(**options).fit(ChunkSource(pieces(X, y, 90))), SGDRegressor(**options).fit(X, y)
    assert 1 < model.n_iter_ == whole.n_iter_ < 100
    with pytest.warns(match="has not converged: max_iter=2 epochs were made"):
        SGDRegressor(max_iter=2, tol=0.0).fit(ChunkSource(pieces(X, y, 90)))


def test_early_stopping_takes_rows_of_the_callers_own() -> None:
    X, y = two_classes(N, D)
    source = ChunkSource(pieces(X[200:], y[200:], 90))
    model = SGDClassifier(early_stopping=True, random_state=0).fit(source, X_val=X[:200], y_val=y[:200])
    assert len(model.validation_scores_) == model.n_iter_ > 1
    assert model.validation_scores_[-1] == model.score(X[:200], y[:200])
    with pytest.raises(ValueError, match="X_val must be given with early_stopping=True where X is a source"):
        SGDClassifier(early_stopping=True).fit(source)


@pytest.mark.parametrize("kind", [SGDClassifier, Perceptron])
def test_labels_and_weights_of_classes(kind: Any) -> None:
    X, numbers_ = three_classes(N, D)
    y = np.array(["b", "c", "a"])[np.where(numbers_ == 2, 2, numbers_ * (np.arange(N) % 3 == 0))]
    options: dict[str, Any] = {"class_weight": "balanced", "shuffle": False, "max_iter": 2, "tol": None}
    source = ChunkSource(pieces(X, y, 90), max_memory=SMALL)
    model, whole = kind(**options).fit(source), kind(**options).fit(X, y)
    assert model.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-6, atol=1e-9)
    wider = kind(max_iter=1, tol=None).fit(ChunkSource(pieces(X, y, 90)), classes=["d", "a", "b", "c"])
    assert wider.coef_.shape == (4, D)


def test_weights_of_rows_count_as_in_a_stream() -> None:
    X, y = numbers(N, D)
    weight = np.arange(N) % 3 / 2
    weight[100:400] = 0.0
    chunks = [(X[i : i + 100], y[i : i + 100], weight[i : i + 100]) for i in range(0, N, 100)]
    model = SGDRegressor(max_iter=1, shuffle=False).fit(ChunkSource(iter(chunks), max_memory=SMALL))
    same(model, SGDRegressor(shuffle=False).partial_fit(X, y, sample_weight=weight))
    with pytest.raises(ValueError, match="sample_weight must be > 0 for at least one row"):
        SGDRegressor(max_iter=1).fit(ChunkSource([(X, y, np.zeros(N))]))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8, np.int8, np.bool_, np.int32])
def test_dtypes(dtype: Any, tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 2, (N, D)).astype(dtype)
    y = X.astype(float) @ np.arange(D)
    options: dict[str, Any] = {"shuffle": False, "max_iter": 2, "tol": None, "batch_size": 8}
    model, whole = SGDRegressor(**options).fit(mapped(X, y, tmp_path, max_memory=SMALL)), SGDRegressor(**options)
    same(model, whole.fit(X, y))
    assert model.coef_.dtype == whole.coef_.dtype


def test_several_targets_a_warm_start_and_columns_of_a_file(tmp_path: Path) -> None:
    X, y = numbers(N, D, outputs=2)
    source = mapped(np.asfortranarray(X), y, tmp_path, max_memory=SMALL)
    options: dict[str, Any] = {"shuffle": False, "max_iter": 1, "tol": None, "warm_start": True}
    model, whole = SGDRegressor(**options).fit(source).fit(source), SGDRegressor(**options).fit(X, y).fit(X, y)
    same(model, whole)
    same(SGDRegressor(**{**options, "warm_start": False}).fit(source), SGDRegressor(**options).fit(X, y))


class Growing(Source):
    """A source of a caller's own: part p has p rows, of which none is the first."""

    def __init__(self) -> None:
        super().__init__(2, np.float64, n_parts=20)

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        for begin in range(0, part, n_rows):
            X = np.arange(begin, min(part, begin + n_rows))[:, np.newaxis] + [0.0, part]
            yield Block(X / 20, X[:, 0] / 20)


class Told(Growing):
    """Which writes down what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, int]] = []

    def expect(self, part: int) -> None:
        self.calls.append(("expect", part))

    def read(self, part: int, n_rows: int) -> Iterator[Block]:
        self.calls.append(("read", part))
        return super().read(part, n_rows)


def test_each_part_is_expected_before_the_one_ahead_of_it_is_read() -> None:
    source = Told()
    order = order_of_parts(source.n_parts, 3, 0)
    list(windows(source, 4, order))
    first, *others = order.tolist()
    expected = [call for part in others for call in (("expect", part), ("read", part))]
    # Each pair is one early.
    expected[1::2] = [("read", part) for part in (first, *others[:-1])]
    assert source.calls == [*expected, ("read", others[-1])]


@pytest.mark.skipif(not hasattr(mmap, "MADV_WILLNEED"), reason="the system takes no such advice")
def test_the_pages_of_some_rows_are_expected() -> None:
    advice = []

    class Memory(mmap.mmap):
        def madvise(self, *given: int) -> None:
            advice.append(given)
            super().madvise(*given)

    memory = Memory(-1, 4 * mmap.PAGESIZE)
    rows: np.ndarray = np.ndarray((1000, 12), np.uint8, memory, 100)
    expect_pages(rows[600:700])
    ((what, start, length),) = advice
    assert (what, start % mmap.PAGESIZE) == (mmap.MADV_WILLNEED, 0)
    assert start <= 100 + 600 * 12 < start + mmap.PAGESIZE
    assert start + length == 100 + 700 * 12
    for others in (rows[:0], rows[:, :3], np.ones((3, 2))):
        expect_pages(others)
    assert len(advice) == 1


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_program_may_fill_the_same_arrays_again(is_sparse: bool, shuffle: bool) -> None:
    X, y = numbers(N, D)

    def make() -> Iterator[Any]:
        block, targets, weight = np.empty((50, D)), np.empty(50), np.empty(50)
        sparse = scipy.sparse.csr_array(np.ones((50, D)))
        for begin in range(0, N, 50):
            some = slice(begin, begin + 50)
            block[:], targets[:], weight[:] = X[some], y[some], 1.0 + np.arange(begin, begin + 50) % 3
            sparse.data[:] = block.ravel()
            yield sparse if is_sparse else block, targets, weight

    options: dict[str, Any] = {"max_iter": 2, "tol": None, "batch_size": 25, "shuffle": shuffle, "random_state": 0}
    # With this much a window is a block where rows keep their order, else several.
    budget = 20 * 50 * (8 * D + 48)
    copies = [tuple(part.copy() for part in chunk) for chunk in make()]
    models = [
        SGDRegressor(**options).fit(ChunkSource(chunks, max_memory=budget)) for chunks in (make, lambda: iter(copies))
    ]
    same(*models)


def test_wide_targets_count_as_memory() -> None:
    X, Y = np.zeros((100_000, 2), np.float32), np.broadcast_to(0.0, (100_000, 500))
    for source in (NpySource(X, Y, max_memory="64MB"), ChunkSource([(X, Y)], max_memory="64MB")):
        rows = source._budget.window_rows(100, source.n_window_blocks)
        # Two windows of it, collected and joined, and not a tenth of what there is room for.
        assert 6.4e6 < 2 * rows * Y.shape[1] * 8 * 3 <= 64e6


def test_windows_whose_classes_have_no_weight_are_passed_over() -> None:
    X, scores = numbers(N, D)
    y = np.where(scores > np.median(scores), 2, np.where(np.arange(N) % 2, 1, 0))
    order = np.argsort(y, kind="stable")
    chunks = [(X[some], y[some]) for some in np.array_split(order, 10)]
    options: dict[str, Any] = {"max_iter": 2, "tol": None, "batch_size": 20, "random_state": 0, "shuffle": False}
    named = SGDClassifier(class_weight={0: 0.0, 1: 1.0, 2: 2.0}, **options)
    left = [(X_of, y_of, np.array([0.0, 1.0, 2.0])[y_of]) for X_of, y_of in chunks]
    same(
        named.fit(ChunkSource(chunks, max_memory="20KB")),
        SGDClassifier(**options).fit(ChunkSource(left, max_memory="20KB")),
    )


def test_a_source_is_no_array() -> None:
    with pytest.raises(TypeError, match="X must be an array here, got Growing"):
        SGDRegressor().partial_fit(Growing(), np.ones(190))


def test_a_source_of_ones_own() -> None:
    model = SGDRegressor(max_iter=2, tol=None, shuffle=False).fit(Growing())
    X = np.concatenate([block.X for block in Growing()])
    assert X.shape == (190, 2)
    same(model, SGDRegressor(max_iter=2, tol=None, shuffle=False).fit(X, X[:, 0]))
    assert repr(Growing()) == "Growing(? x 2, dense float64)"


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (SGDRegressor(), {"y": [1.0]}, "y must be None where X is a source"),
    (SGDRegressor(), {"sample_weight": [1.0]}, "sample_weight must be None where X is a source"),
    (SGDRegressor(), {"coef_init": [1.0]}, "coef_init must be None where X is a source"),
    (SGDRegressor(batch_size="full"), {}, "batch_size must be a number of rows where X is a source"),
    (SGDRegressor(learning_rate="adaptive"), {}, "learning_rate must be another than 'adaptive'"),
    (SGDRegressor(standardize=True), {}, "standardize must be False where X is a source"),
    (SGDRegressor(optimizer=SAGA()), {}, r"optimizer must be another than SAGA\(lr=.auto.\) where X is a source"),
    (SGDRegressor(learning_rate=Cosine(0.1, 5, unit="epoch")), {}, "must count steps where X is a source"),
    (SGDRegressor(), {"X_val": [[0.0] * D], "y_val": [0.0]}, "X_val must be None without early_stopping=True"),
    (SGDRegressor(batch_size=10**6), {}, "max_memory must be at least .*MB for a batch_size of 1000000 rows"),
]


@pytest.mark.parametrize("model, given, message", REFUSED, ids=[message[:30] for _, _, message in REFUSED])
def test_refused_before_anything_is_touched(model: Any, given: dict[str, Any], message: str) -> None:
    before = {**vars(model)}
    with pytest.raises(ValueError, match=message):
        model.fit(ChunkSource(pieces(*numbers(N, D), 90), max_memory="1MB"), **given)
    assert vars(model) == before


def test_the_least_memory_that_is_told_is_enough(tmp_path: Path) -> None:
    X, y = numbers(N, D)
    for batch_size, n_blocks in [(1, 8), (7, 1), (100, 8)]:
        model = SGDRegressor(batch_size=batch_size, max_iter=1, tol=None)
        with pytest.raises(ValueError, match="max_memory must be at least") as told:
            model.fit(mapped(X, y, tmp_path, max_memory=100, n_window_blocks=n_blocks))
        least = str(told.value).split()[5]
        source = mapped(X, y, tmp_path, max_memory=least, n_window_blocks=n_blocks)
        assert len(next(windows(source, batch_size, None)).y) == batch_size
        model.fit(source)


def test_other_optimisers_and_threads_left(tmp_path: Path) -> None:
    X, y = numbers(N, D)
    source = mapped(X, y, tmp_path, max_memory=SMALL)
    model = SGDRegressor(optimizer=Adam(0.05), batch_size=16, max_iter=20, tol=None).fit(source)
    assert model.score(X, y) > 0.99
    assert not [thread for thread in threading.enumerate() if thread.name == "fastgd-reader"]
