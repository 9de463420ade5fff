"""What a learner of streams takes for rows, targets and parameters; of what it refuses it has learnt nothing."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
import scipy.sparse
from sklearn.feature_extraction import DictVectorizer, FeatureHasher

import fastgd
from fastgd import optimizers, schedules
from fastgd.online import Learner

ROW = [1.0, 0.0, -2.0, 0.0, 0.5]
WORDS: list[dict[str, Any]] = [
    {"length": 3.0, "from": "boss", "näme": 1},
    {"length": 0.5, "from": "prince", "urgent": True},
    {"from": "prince", "urgent": False, "x" * 40: np.float32(0.25), "": 2.0},
]


def fresh(**params: Any) -> Learner:
    learner = Learner(**{"n_features": 5, "lr": 0.5, **params})
    learner.update(([0, 4], [1.0, 1.0]), 1)
    return learner


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        np.array(ROW, np.float32),
        np.array(ROW, np.float16),
        np.array(ROW, ml_dtypes.bfloat16),
        np.array(ROW)[::-1].copy()[::-1],
        np.frombuffer(b"\0" + np.array(ROW).tobytes(), np.float64, offset=1),
        scipy.sparse.csr_array([ROW]),
        scipy.sparse.csc_matrix([ROW]),
        scipy.sparse.coo_array(np.array(ROW)),
        ([2, 4, 0], [-2.0, 0.5, 1.0]),
        (np.array([2, 2, 4, 0], np.uint8), np.array([-3, 1, 0.5, 1.0], np.float32)),
    ],
    ids=lambda row: f"{type(row).__name__}-{getattr(row, 'dtype', '')}",
)
def test_a_row_may_be_written_in_many_ways(row: Any) -> None:
    plain, other = fresh(), fresh()
    assert other.decision_function(row) == pytest.approx(plain.decision_function(np.array(ROW)), rel=1e-15)
    assert other.update(row, 0) == pytest.approx(plain.update(np.array(ROW), 0), rel=1e-15)
    np.testing.assert_allclose(other.coef, plain.coef, rtol=1e-15)
    assert type(other.predict(row)) is type(plain.predict(np.array(ROW))) is int


def test_integers_and_bools_are_numbers() -> None:
    learner, floats = fresh(), fresh()
    learner.update(np.array([1, 0, 1, 0, 0], bool), True)
    learner.update([3, 0, -1, 0, 0], 0)
    floats.update(np.array([1.0, 0, 1, 0, 0]), 1)
    floats.update(np.array([3.0, 0, -1, 0, 0]), 0)
    assert learner.coef.tobytes() == floats.coef.tobytes()


@pytest.mark.parametrize("n_bits", [3, 18])
def test_hashed_names_have_the_columns_of_feature_hasher(n_bits: int) -> None:
    columns = FeatureHasher(2**n_bits).transform(WORDS).toarray()
    named, hashed = Learner(2**n_bits, lr=0.5), Learner(hash_features=n_bits, lr=0.5)
    for _ in range(2):
        for row, words, label in zip(columns, WORDS, [0, 1, 1], strict=True):
            assert hashed.decision_function(words) == pytest.approx(named.decision_function(row), rel=1e-12)
            named.update(row, label)
            hashed.update(words, label)
    np.testing.assert_allclose(hashed.coef, named.coef, rtol=1e-12)
    assert hashed.n_features == 2**n_bits
    assert hashed.feature_names is None


def test_strings_are_the_features_of_dict_vectorizer() -> None:
    vectorizer = DictVectorizer(sparse=False, sort=False)
    columns = vectorizer.fit_transform(WORDS)
    named, vectorized = Learner(lr=0.5), Learner(lr=0.5)
    for row, words, label in zip(columns, WORDS, [0, 1, 1], strict=True):
        named.update(words, label)
        vectorized.update(row, label)
    assert named.feature_names is not None
    weight = dict(zip(named.feature_names, named.coef[0], strict=True))
    for name, expected in zip(vectorizer.get_feature_names_out(), vectorized.coef[0], strict=True):
        assert weight[name] == pytest.approx(expected, rel=1e-12)


def test_a_joined_name_that_is_a_name_of_its_own_adds_up() -> None:
    twice, once = Learner(lr=0.5), Learner(lr=0.5)
    twice.update({"a": "b", "a=b": 2.0}, 1)
    once.update({"a=b": 3.0}, 1)
    assert twice.feature_names == ["a=b"]
    assert twice.coef.tolist() == once.coef.tolist()


def test_other_orders_and_keys_that_are_equal_but_not_the_same() -> None:
    learner, mixed = Learner(lr=0.5), Learner(lr=0.5)
    for i in range(20):
        names = [f"f{j}" for j in range(6)]
        learner.update({name: float(j + i) for j, name in enumerate(names)}, i % 2)
        mixed.update(
            {name: float(j + i) for j, name in sorted(enumerate(names), key=lambda p: (p[0] * 7 + i) % 6)}, i % 2
        )
    assert learner.feature_names is not None
    order = [mixed.feature_names.index(name) for name in learner.feature_names]
    np.testing.assert_allclose(mixed.coef[0, order], learner.coef[0], rtol=1e-12)


def test_what_has_not_been_learnt_counts_for_nothing() -> None:
    learner = Learner(lr=0.5)
    assert learner.decision_function({"a": 1.0}) == 0.0
    assert learner.n_features is None
    learner.update({"a": 1.0}, 1)
    assert learner.decision_function({"a": 1.0, "b": 1e300}) == learner.decision_function({"a": 1.0})
    assert learner.feature_names == ["a"]
    assert Learner().predict([1.0, 2.0]) == 0


def test_labels_and_probabilities() -> None:
    spam = Learner(classes=["ham", "spam"], lr=0.5)
    spam.update({"x": 1.0}, "spam")
    assert spam.predict({"x": 1.0}) == "spam"
    score = spam.decision_function({"x": 1.0})
    np.testing.assert_allclose(spam.predict_proba({"x": 1.0}), [1 / (1 + np.exp(score)), 1 / (1 + np.exp(-score))])
    for loss in ("log_loss", "multinomial", "modified_huber"):
        three = Learner(classes=np.array([10, 20, 30]), loss=loss, lr=0.5)
        three.update([1.0, 0.0], 20)
        assert three.predict([1.0, 0.0]) == 20
        shares = three.predict_proba([[1.0, 0.0], [0.0, 0.0]])
        assert shares.shape == (2, 3)
        np.testing.assert_allclose(shares.sum(axis=1), 1.0)
        np.testing.assert_allclose(three.predict_proba([1.0, 0.0]), shares[0])
    with pytest.raises(AttributeError, match=r"^loss 'hinge' is not compatible with predict_proba; it needs log_loss"):
        Learner(loss="hinge").predict_proba([1.0])


def test_a_log_link_predicts_means() -> None:
    learner = Learner(loss="poisson", lr=0.1)
    learner.update({"a": 1.0}, 3)
    assert learner.predict({"a": 1.0}) == pytest.approx(np.exp(learner.decision_function({"a": 1.0})))
    with pytest.raises(ValueError, match=r"^y must be >= 0 for loss 'poisson', got -1.0"):
        learner.update({"a": 1.0}, -1)


REFUSED: list[tuple[Any, Any, Any, type[Exception], str]] = [
    ([1.0, 2.0], 1, 1.0, ValueError, r"^x must have 5 features, got 2$"),
    ([[1.0, 2.0]], [1], 1.0, ValueError, r"^x must have 5 features, got 2$"),
    ([*ROW[:4], np.nan], 1, 1.0, ValueError, r"^x must be finite, got nan at x\[4\]$"),
    ([ROW, [*ROW[:4], np.inf]], [1, 0], 1.0, ValueError, r"^x must be finite, got inf at x\[1, 4\]$"),
    ([ROW, ROW], [1, 2], 1.0, ValueError, r"^y must be one of the classes \[0, 1\], got 2$"),
    ([ROW, ROW], [1], 1.0, ValueError, r"^y must have one entry for each of the 2 rows of x, got shape \(1,\)$"),
    ([ROW, ROW], [1, 0], [1.0, -1.0], ValueError, r"^sample_weight must be a number >= 0, or 2 of them"),
    (np.zeros((0, 5)), [], 1.0, ValueError, r"^x must have at least one row"),
    (np.zeros((1, 1, 5)), [1], 1.0, ValueError, r"^x must be one row or a block"),
    (["a"] * 5, 1, 1.0, TypeError, r"^x must hold real numbers, got dtype"),
    ({"a": 1.0}, 1, 1.0, TypeError, r"^x must have 5 features without names, got a dict"),
    (([5], [1.0]), 1, 1.0, ValueError, r"^x must have indices from 0 to 4, got 5$"),
    (([-1], [1.0]), 1, 1.0, ValueError, r"^x must have indices from 0 to 4, got -1$"),
    (([0.5], [1.0]), 1, 1.0, TypeError, r"^x\[0\] must hold integers"),
    (([0, 1], [1.0]), 1, 1.0, ValueError, r"^x must be two arrays of the same length"),
    (([0], [np.inf]), 1, 1.0, ValueError, r"^x must be finite, got inf"),
    (scipy.sparse.csr_array((2, 5)), 1, 1.0, ValueError, r"^x must be one row where it is sparse"),
    (scipy.sparse.csr_array((1, 6)), 1, 1.0, ValueError, r"^x must have 5 features, got 6$"),
    (np.array(ROW), 2, 1.0, ValueError, r"^y must be one of the classes \[0, 1\], got 2$"),
    (np.array(ROW), [1], 1.0, ValueError, r"^y must be one of the classes \[0, 1\], got \[1\]$"),
    (np.array(ROW), 1, -1.0, ValueError, r"^sample_weight must be >= 0, got -1"),
    (np.array(ROW), 1, np.nan, ValueError, r"^sample_weight must be finite, got nan$"),
    (np.array(ROW), 1, "1", TypeError, r"^sample_weight must be a number, got '1' of type str$"),
    (np.array([1e308] * 5), 1, 1.0, ValueError, r"^x must give finite raw scores"),
    ([ROW, [1e308] * 5], [1, 1], 1.0, ValueError, r"^x must give finite raw scores"),
]


@pytest.mark.parametrize(("x", "y", "weight", "error", "message"), REFUSED)
def test_nothing_is_learnt_of_what_is_refused(
    x: Any, y: Any, weight: Any, error: type[Exception], message: str
) -> None:
    learner = fresh(lr=4.0, optimizer="adagrad")
    learner.update(ROW, 1)
    before = learner.coef.tolist(), learner.intercept.tolist(), learner.n_steps
    with pytest.raises(error, match=message):
        learner.update(x, y, weight)
    assert (learner.coef.tolist(), learner.intercept.tolist(), learner.n_steps) == before
    untouched = fresh(lr=4.0, optimizer="adagrad")
    untouched.update(ROW, 1)
    assert learner.update(ROW, 0) == untouched.update(ROW, 0)
    assert learner.coef.tobytes() == untouched.coef.tobytes()


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ({"b": 1.0, "a": np.nan}, 1, ValueError, r"^x\['a'\] must be finite, got nan$"),
        ({"b": 1.0, "a": None}, 1, TypeError, r"^x\['a'\] must be a number, got None of type NoneType$"),
        ({"b": 1.0, "a": np.ones(1)}, 1, TypeError, r"^x\['a'\] must be a number, got array\(\[1\.\]\) of type"),
        ({"b": 1.0, "a": 1j}, 1, TypeError, r"^x\['a'\] must be a number, got 1j of type complex$"),
        ({"b": 1.0}, "spam", ValueError, r"^y must be one of the classes \[0, 1\], got 'spam'$"),
        ({"b": 1.0, "a": 1e308, "c": "x"}, 1, ValueError, r"^x must give finite raw scores"),
        ([1.0], 1, TypeError, r"^x must be a dict, as the features of this learner have names$"),
    ],
)
def test_no_name_is_learnt_of_what_is_refused(x: Any, y: Any, error: type[Exception], message: str) -> None:
    learner = Learner(lr=16.0)
    learner.update({"a": 10.0}, 1)
    with pytest.raises(error, match=message):
        learner.update(x, y)
    assert learner.feature_names == ["a"]
    assert learner.coef.shape == (1, 1)
    learner.update({"c": 1.0, "a": 1.0}, 1)
    assert learner.feature_names == ["a", "c"]


def test_the_first_row_may_be_refused_too() -> None:
    learner = Learner()
    for x in ({"a": np.nan}, [np.nan], ([0], [1.0])):
        with pytest.raises(ValueError, match=r"^(x|n_features)\b"):
            learner.update(x, 1)
        assert learner.n_features is None
    with pytest.raises(TypeError, match=r"^x must have strings for names with hash_features, got 1$"):
        Learner(hash_features=4).update({1: 1.0}, 1)
    with pytest.raises(ValueError, match=r"^y must be finite, got inf$"):
        Learner(loss="squared_error").update([1.0], np.inf)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"loss": "nosuch"}, ValueError, r"^loss must be one of"),
        ({"loss": len}, TypeError, r"^loss must be the name of a loss"),
        ({"loss": "zero_one"}, ValueError, r"^Learner needs a gradient"),
        ({"loss_params": {"epsilon": 1.0}}, ValueError, r"^loss_params must name parameters of loss 'log_loss'"),
        ({"loss": "multinomial"}, ValueError, r"^n_classes must be given for loss 'multinomial', or classes"),
        ({"loss": "huber", "classes": [0, 1]}, ValueError, r"^classes must be None for the regression loss 'huber'"),
        ({"n_classes": 2, "classes": [0, 1]}, ValueError, r"^n_classes must be None beside classes"),
        ({"classes": [1, True]}, ValueError, r"^classes must be at least two labels, each once"),
        ({"classes": "ab"}, TypeError, r"^classes must be a sequence of labels"),
        ({"optimizer": "lbfgs"}, ValueError, r"^optimizer must be one that sees each row once, got LBFGS"),
        ({"optimizer": "saga"}, ValueError, r"^optimizer must be one that sees each row once, got SAGA"),
        ({"optimizer": optimizers.Adam()}, ValueError, r"^optimizer must have a learning rate, got Adam\(lr='auto'\)"),
        ({"optimizer": optimizers.Adam(0.1), "lr": 0.1}, ValueError, r"^lr must be None beside Adam\(\.\.\.\)"),
        ({"optimizer": "adam", "alpha": 1.0, "l1_ratio": 0.5}, ValueError, r"^l1_ratio must be 0 with Adam"),
        ({"lr": "auto"}, TypeError, r"^lr must be a finite number > 0, a schedule"),
        (
            {"lr": schedules.Exponential(0.1, 0.9, unit="epoch")},
            ValueError,
            r"^lr must count steps, as a stream has no epochs",
        ),
        ({"lr": schedules.ReduceOnPlateau(0.1)}, ValueError, r"^lr must count steps"),
        ({"alpha": -1.0}, ValueError, r"^alpha must be a finite number >= 0"),
        ({"fit_intercept": 1}, TypeError, r"^fit_intercept must be True or False"),
        ({"n_features": 0}, ValueError, r"^n_features must be an integer >= 1"),
        ({"hash_features": 31}, ValueError, r"^hash_features must be an integer from 1 to 30"),
        ({"hash_features": 4, "n_features": 5}, ValueError, r"^n_features must be None or 16 with hash_features=4"),
    ],
)
def test_parameters_that_are_refused(params: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Learner(**params)


def test_arguments_of_the_methods() -> None:
    learner = Learner()
    assert learner.update(x={"a": 1.0}, y=1, sample_weight=2.0) == pytest.approx(np.log(2.0))
    assert learner.update({"b": 0.0}, sample_weight=0.0, y=1) < np.log(2.0)
    assert learner.n_steps == 1
    for call in (
        lambda: learner.update({"a": 1.0}),
        lambda: learner.update({"a": 1.0}, 1, 1.0, 1.0),
        lambda: learner.update({"a": 1.0}, 1, weight=1.0),
        lambda: learner.update({"a": 1.0}, 1, x=1.0),
        lambda: learner.predict(),
        lambda: Learner.predict(Learner.__new__(Learner), {}),
        lambda: Learner.predict(3, {}),
    ):
        with pytest.raises(TypeError):
            call()


def test_the_package_loads_it_when_asked_for() -> None:
    assert fastgd.online.Learner is Learner
