"""Risks of objectives: means and standard errors, held-out rows, and intervals that hold what they promise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import scipy.stats
from conftest import Data

import fastgd
from fastgd import Risk, risk
from fastgd._risk.estimate import estimate
from fastgd._risk.quantiles import student_t
from fastgd.reference import LOSSES

DRAWS = 2000


def held_out_linear(rng: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
    """Rows, targets as numbers and as signs: a linear relation with noise of deviation 1."""
    X = rng.normal(size=(n, 3))
    raw = X @ [1.0, -0.5, 0.25] + rng.normal(size=n)
    return X, raw, np.where(raw > 0.0, 1, -1)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("loss", ["squared_error", "zero_one"])
def test_intervals_hold_the_risk_as_often_as_they_say(loss: str, n: int, weighted: bool) -> None:
    """95 % within 2 %, over draws of held-out rows; the expected risk of a linear model on normal data is known."""
    rng = np.random.default_rng(5)
    X, numbers, signs = held_out_linear(rng, 40)
    kind = "squared_error" if loss == "squared_error" else "log_loss"
    y = numbers if loss == "squared_error" else signs
    objective = fastgd.LinearObjective(X, y, loss=kind, alpha=0.01, fit_intercept=False)
    w = fastgd.minimize(objective, optimizer="lbfgs").x
    b = np.array([1.0, -0.5, 0.25])
    if loss == "squared_error":
        expected = float((w - b) @ (w - b)) + 1.0
    else:
        # The angle between two hyperplanes, with the noise as a feature that the model does not see.
        expected = math.acos(float(w @ b) / math.sqrt(float(w @ w) * (float(b @ b) + 1.0))) / math.pi
    held = 0
    for _ in range(DRAWS):
        X, numbers, signs = held_out_linear(rng, n)
        y = numbers if loss == "squared_error" else signs
        weight = rng.uniform(0.5, 1.5, n) if weighted else None
        low, high = risk(objective, w, X=X, y=y, loss=loss, sample_weight=weight).interval()
        held += low <= expected <= high
    assert abs(held / DRAWS - 0.95) <= 0.02


def test_means_and_errors_over_draws() -> None:
    """The mean is unbiased, and the standard error that of the mean."""
    rng = np.random.default_rng(6)
    X, y, _ = held_out_linear(rng, 40)
    objective = fastgd.LinearObjective(X, y, loss="squared_error", fit_intercept=False)
    w = np.array([0.8, -0.5, 0.5])
    draws = []
    for _ in range(DRAWS):
        X, y, _ = held_out_linear(rng, 100)
        draws.append(risk(objective, w, X=X, y=y))
    means = np.array([draw.mean for draw in draws])
    expected = 0.04 + 0.0625 + 1.0
    deviation = expected * math.sqrt(2.0 / 100)
    assert abs(means.mean() - expected) < 4.0 * deviation / math.sqrt(DRAWS)
    np.testing.assert_allclose(means.std(), deviation, rtol=4.0 / math.sqrt(2 * DRAWS))
    np.testing.assert_allclose(np.mean([draw.standard_error for draw in draws]), deviation, rtol=0.05)


def test_the_own_rows_are_optimistic() -> None:
    rng = np.random.default_rng(7)
    own, other = [], []
    for _ in range(50):
        X, y = rng.normal(size=(30, 10)), rng.normal(size=30)
        objective = fastgd.LinearObjective(X, y, loss="squared_error")
        w = fastgd.minimize(objective, optimizer="lbfgs").x
        own.append(risk(objective, w))
        other.append(risk(objective, w, X=rng.normal(size=(30, 10)), y=rng.normal(size=30)))
    # Eleven parameters take 11 / 30 of the variance away on the own rows, and add about as much elsewhere.
    assert np.mean([r.mean for r in own]) < 0.75 < 1.25 < np.mean([r.mean for r in other])
    assert not own[0].held_out
    assert repr(own[0]).endswith("; optimistic if the parameters were fitted to these rows")
    assert other[0].held_out
    assert "optimistic" not in repr(other[0])
    assert "on 30 held-out rows, 95 % interval " in repr(other[0])


@pytest.mark.parametrize("loss", [*LOSSES, "zero_one"])
def test_means_are_values_without_penalty(data: Data, loss: str) -> None:
    objective = data.objective(loss, sample_weight=data.weight)
    penalised = data.objective(loss, alpha=0.5, sample_weight=data.weight)
    w = np.linspace(-0.4, 0.5, objective.n_params)
    found = risk(objective, w)
    square = 2.0 if loss == "squared_error" else 1.0
    np.testing.assert_allclose(found.mean, square * objective.value(w), rtol=1e-12)
    assert risk(penalised, w) == found
    assert (found.loss, found.n_samples, found.held_out) == (loss, 60, False)


def test_standard_errors(data: Data) -> None:
    objective = data.objective("squared_error")
    w = np.linspace(-0.4, 0.5, 5)
    losses = (data.X @ w[:4] + w[4] - data.numbers) ** 2
    plain = risk(objective, w)
    np.testing.assert_allclose(plain.standard_error, losses.std(ddof=1) / math.sqrt(60), rtol=1e-12)
    assert plain.n_effective == 60.0
    # The ratio of two sums, by its linearisation in them.
    s = data.weight
    weighted = risk(data.objective("squared_error", sample_weight=s), w)
    mean = np.average(losses, weights=s)
    np.testing.assert_allclose(weighted.mean, mean, rtol=1e-12)
    error = math.sqrt(60 / 59 * ((s * (losses - mean)) ** 2).sum()) / s.sum()
    np.testing.assert_allclose(weighted.standard_error, error, rtol=1e-12)
    np.testing.assert_allclose(weighted.n_effective, s.sum() ** 2 / (s**2).sum(), rtol=1e-12)
    scaled = risk(data.objective("squared_error", sample_weight=1e6 * s), w)
    np.testing.assert_allclose(
        [scaled.mean, scaled.standard_error, *scaled.interval()],
        [weighted.mean, weighted.standard_error, *weighted.interval()],
        rtol=1e-12,
    )


def test_rows_of_weight_zero_are_absent(data: Data) -> None:
    weight = np.where(np.arange(60) % 3 == 0, 0.0, data.weight)
    X = data.X.copy()
    X[weight == 0.0] = np.nan
    keep = weight > 0.0
    w = np.linspace(-0.4, 0.5, 5)
    alone = data.objective("log_loss")
    expected = risk(alone, w, X=data.X[keep], y=data.signs[keep], sample_weight=weight[keep])
    assert risk(alone, w, X=X, y=data.signs, sample_weight=weight) == expected
    own = risk(data.objective("log_loss", X=X, sample_weight=weight), w)
    np.testing.assert_allclose([own.mean, own.standard_error], [expected.mean, expected.standard_error], rtol=1e-13)
    assert own.n_samples == expected.n_samples == 40
    sparse = scipy.sparse.csr_array(np.nan_to_num(X))
    found = risk(alone, w, X=sparse, y=data.signs, sample_weight=weight)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-13)


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "multinomial", "hinge"])
def test_held_out_rows(data: Data, loss: str) -> None:
    objective = fastgd.LinearObjective(data.X[:30], data.targets(loss)[:30], loss=loss)
    other = fastgd.LinearObjective(data.X[30:], data.targets(loss)[30:], loss=loss)
    w = np.linspace(-0.4, 0.5, objective.n_params)
    held_out = risk(objective, w, X=data.X[30:], y=data.targets(loss)[30:])
    own = risk(other, w)
    np.testing.assert_allclose(held_out.mean, own.mean, rtol=1e-13)
    assert held_out.held_out
    # A single row, of a single class, has a mean and no more.
    one = risk(objective, w, X=data.X[:1], y=data.targets(loss)[:1])
    assert np.isfinite(one.mean)
    assert np.isnan(one.standard_error)
    assert np.isnan(one.interval()).all()
    assert "on 1 held-out row," in repr(one)


def test_held_out_rows_are_standardised_as_the_own(data: Data) -> None:
    X = data.X * [1.0, 100.0, 1e-2, 1.0] + [5.0, 0.0, 1.0, 0.0]
    objective = fastgd.LinearObjective(X[:30], data.numbers[:30], loss="squared_error", standardize=True)
    w = fastgd.minimize(objective, optimizer="lbfgs").x
    coef, intercept = objective.raw_coef(w)
    expected = (X[30:] @ coef[0] + intercept[0] - data.numbers[30:]) ** 2
    np.testing.assert_allclose(risk(objective, w, X=X[30:], y=data.numbers[30:]).mean, expected.mean(), rtol=1e-10)


def test_networks(data: Data) -> None:
    objective = fastgd.MLPObjective(data.X[:40], data.classes[:40], hidden_layer_sizes=5, alpha=1.0)
    w = objective.initial(3)
    whole = fastgd.MLPObjective(data.X[40:], data.classes[40:], hidden_layer_sizes=5)
    found = risk(objective, w, X=data.X[40:], y=data.classes[40:])
    np.testing.assert_allclose(found.mean, whole.value(w), rtol=1e-13)
    mistakes = (whole.decision_function(w).argmax(axis=1) != data.classes[40:]).mean()
    assert risk(objective, w, X=data.X[40:], y=data.classes[40:], loss="zero_one").mean == mistakes
    float32 = fastgd.MLPObjective(data.X[:40].astype(np.float32), data.classes[:40], hidden_layer_sizes=5)
    np.testing.assert_allclose(risk(float32, w).mean, risk(objective, w).mean, rtol=1e-5)


def test_other_losses_of_the_same_scores(data: Data) -> None:
    objective = data.objective("log_loss")
    w = np.linspace(-0.4, 0.5, 5)
    for loss in ("zero_one", "hinge", "exponential"):
        expected = fastgd.LinearObjective(data.X, data.signs, loss=loss).value(w)
        np.testing.assert_allclose(risk(objective, w, loss=loss).mean, expected, rtol=1e-12)
    # With two classes and one score, the cross-entropy of the softmax is the logistic loss.
    np.testing.assert_allclose(risk(objective, w, loss="multinomial").mean, objective.value(w), rtol=1e-12)
    many = data.objective("multinomial")
    v = np.linspace(-0.4, 0.5, 15)
    for loss in ("zero_one", "multiclass_hinge", "log_loss"):
        expected = fastgd.LinearObjective(data.X, data.classes, loss=loss, n_classes=3).value(v)
        np.testing.assert_allclose(risk(many, v, loss=loss).mean, expected, rtol=1e-12)
    numbers = data.objective("squared_error")
    expected = data.objective("absolute_error").value(w)
    np.testing.assert_allclose(risk(numbers, w, loss="absolute_error").mean, expected, rtol=1e-12)


def test_loss_params_are_the_objectives(data: Data) -> None:
    w = np.linspace(-0.4, 0.5, 5)
    quantile = data.objective("quantile", loss_params={"quantile": 0.9})
    np.testing.assert_allclose(risk(quantile, w).mean, quantile.value(w), rtol=1e-12)
    other = data.objective("squared_error")
    np.testing.assert_allclose(risk(other, w, loss="quantile").mean, data.objective("quantile").value(w), rtol=1e-12)


def test_several_columns(data: Data) -> None:
    Y = np.column_stack([data.numbers, -data.numbers, data.weight])
    objective = fastgd.LinearObjective(data.X, Y, loss="squared_error")
    w = np.linspace(-0.4, 0.5, objective.n_params)
    np.testing.assert_allclose(risk(objective, w).mean, 2.0 * objective.value(w), rtol=1e-12)
    np.testing.assert_allclose(risk(objective, w, X=data.X, y=Y).mean, 2.0 * objective.value(w), rtol=1e-12)
    labels = fastgd.LinearObjective(data.X, Y > 0.5, loss="hinge")
    np.testing.assert_allclose(risk(labels, w).mean, labels.value(w), rtol=1e-12)
    with pytest.raises(ValueError, match="loss must be a binary one for labels with a column each, got 'zero_one'"):
        risk(labels, w, loss="zero_one")


def test_functions_as_losses(data: Data) -> None:
    w = np.linspace(-0.4, 0.5, 5)
    objective = data.objective("log_loss")
    seen: list[Any] = []

    def margin(y: Any, raw: Any) -> Any:
        seen.append(y)
        return -y * raw

    found = risk(objective, w, loss=margin)
    np.testing.assert_allclose(found.mean, -(data.signs * (data.X @ w[:4] + w[4])).mean(), rtol=1e-12)
    assert found.loss == "margin"
    np.testing.assert_array_equal(seen[0], data.signs)
    # Those of the package return their derivatives, too.
    assert risk(objective, w, loss=fastgd.reference.losses.hinge).mean == risk(objective, w, loss="hinge").mean

    def own(y: Any, raw: Any) -> Any:
        return (raw - y) ** 4, 4.0 * (raw - y) ** 3

    theirs = fastgd.LinearObjective(data.X, data.numbers, loss=own)
    np.testing.assert_allclose(risk(theirs, w).mean, theirs.value(w), rtol=1e-12)
    with pytest.raises(ValueError, match=r"loss\(y, raw\) must have shape \(60,\), one loss a row, got shape \(\)"):
        risk(objective, w, loss=lambda y, raw: 0.0)


def test_finite_sums() -> None:
    terms = np.array([3.0, 1.0, 2.0, 6.0])
    objective = fastgd.FunctionObjective(
        lambda w, rows: (((w[0] - terms[rows]) ** 2).mean(), 2.0 * (w - terms[rows].mean())), jac=True, n_samples=4
    )
    found = risk(objective, [1.0])
    losses = (1.0 - terms) ** 2
    assert (found.mean, found.standard_error) == (losses.mean(), losses.std(ddof=1) / 2.0)
    assert not found.held_out


@pytest.mark.parametrize("standardize", [False, True])
def test_densities(data: Data, standardize: bool) -> None:
    objective = fastgd.GaussianMixtureObjective(data.X[:40], 2, standardize=standardize)
    w = objective.initial(1)
    own = risk(objective, w)
    logarithms = objective.score_samples(w)
    np.testing.assert_allclose(own.mean, -logarithms.mean(), rtol=1e-12)
    np.testing.assert_allclose(own.standard_error, logarithms.std(ddof=1) / math.sqrt(40), rtol=1e-12)
    assert (own.loss, own.held_out) == ("negative log-density", False)
    # Others are standardised as the own ones.
    new = data.X[40:] + 1.0
    weights, means, factors = objective.unpack(w)
    terms = [
        scipy.stats.multivariate_normal.logpdf(new, mean, np.linalg.inv(factor @ factor.T)) + math.log(weight)
        for weight, mean, factor in zip(weights, means, factors, strict=True)
    ]
    expected = -np.logaddexp(*terms)
    np.testing.assert_allclose(risk(objective, w, X=new).mean, expected.mean(), rtol=1e-9)
    s = np.arange(20) % 3
    found = risk(objective, w, X=np.where(s[:, None] > 0, new, np.nan), sample_weight=s)
    np.testing.assert_allclose(found.mean, np.average(expected, weights=s), rtol=1e-9)
    for name, options in {"y": {"y": s}, "loss": {"loss": "zero_one"}}.items():
        with pytest.raises(ValueError, match=f"{name} must be None for a density"):
            risk(objective, w, X=new, **options)
    with pytest.raises(ValueError, match="sample_weight must be None without X"):
        risk(objective, w, sample_weight=np.ones(40))


def test_few_mistakes_have_an_interval(data: Data) -> None:
    """Of no mistakes in n rows the upper end is z^2 / (n + z^2), where Student's t would say 0."""
    objective = fastgd.LinearObjective(np.array([[-1.0], [1.0]]), [0, 1], fit_intercept=False)
    X = np.linspace(1.0, 2.0, 50)[:, None]
    none = risk(objective, [1.0], X=X, y=np.ones(50), loss="zero_one")
    z = scipy.stats.norm.ppf(0.975)
    np.testing.assert_allclose(none.interval(), [0.0, z**2 / (50 + z**2)], atol=1e-15)
    all_wrong = risk(objective, [-1.0], X=X, y=np.ones(50), loss="zero_one")
    np.testing.assert_allclose(all_wrong.interval(), [50 / (50 + z**2), 1.0], atol=1e-15)
    for n in range(2, 51):
        assert risk(objective, [1.0], X=X[:n], y=np.ones(n), loss="zero_one").interval()[0] == 0.0
        assert risk(objective, [-1.0], X=X[:n], y=np.ones(n), loss="zero_one").interval()[1] == 1.0
    y = np.arange(50) % 5 > 0
    some = risk(objective, [1.0], X=X, y=y, loss="zero_one")
    wilson = scipy.stats.binomtest(10, 50).proportion_ci(0.9, method="wilson")
    np.testing.assert_allclose(some.interval(0.9), [wilson.low, wilson.high], rtol=1e-9)


def test_weights_that_go_with_mistakes_widen_the_interval() -> None:
    """Of many rows Wilson's interval is the mean and 1.96 standard errors; wider if the light rows are the mistakes."""
    objective = fastgd.LinearObjective(np.array([[-1.0], [1.0]]), [0, 1], fit_intercept=False)
    for weight, one_in in ((1.0, 10), (20.0, 100), (0.05, 10)):
        y = np.arange(20_000) % one_in > 0
        s = np.where(y, 1.0, weight)
        found = risk(objective, [1.0], X=np.ones((20_000, 1)), y=y, sample_weight=s, loss="zero_one")
        low, high = found.interval()
        p, n = found.mean, s.sum() ** 2 / (s**2).sum()
        error = math.sqrt(p * (1.0 - p) / n) if weight < 1.0 else found.standard_error
        np.testing.assert_allclose((high - low) / 2.0, 1.96 * error, rtol=0.01)
        assert error >= found.standard_error


def heavy(rng: np.random.Generator, n: int) -> Any:
    return np.where(rng.random(n) < 0.1, 20.0, 1.0)


@pytest.mark.parametrize("n, p", [(30, 0.1), (100, 0.05), (300, 0.02)])
@pytest.mark.parametrize(
    "draw",
    [heavy, lambda rng, n: rng.exponential(size=n), lambda rng, n: rng.lognormal(size=n)],
    ids=["heavy", "exponential", "lognormal"],
)
def test_weighted_shares_of_few_mistakes_are_held(draw: Any, n: int, p: float) -> None:
    """At least 95 % less four deviations of what is counted: of a few mistakes the variance alone says too little."""
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(DRAWS):
        low, high = estimate(
            (rng.random(n) < p).astype(np.float64), draw(rng, n), "zero_one", True, of_mistakes=True
        ).interval()
        held += low <= p <= high
    assert held / DRAWS > 0.95 - 4.0 * math.sqrt(0.95 * 0.05 / DRAWS)


def test_weighted_rows_that_are_all_mistakes_have_an_interval() -> None:
    """As of equal rows, n_effective of them, also where rounding leaves the mean a little below 1."""
    rng = np.random.default_rng(9)
    z = scipy.stats.norm.ppf(0.975)
    means = []
    for _ in range(200):
        found = estimate(np.ones(40), rng.lognormal(size=40), "zero_one", True, of_mistakes=True)
        n = found.n_effective
        np.testing.assert_allclose(found.interval(), [n / (n + z**2), 1.0], rtol=1e-12)
        means.append(found.mean)
    assert min(means) < 1.0


def test_a_function_of_that_name_has_no_wilsons_interval(data: Data) -> None:
    def zero_one(y: Any, raw: Any) -> Any:
        return 100.0 * (raw - y) ** 2, 200.0 * (raw - y)

    w = np.linspace(-0.4, 0.5, 5)
    objective = data.objective("squared_error")
    expected = fastgd.LinearObjective(data.X, data.numbers, loss=lambda y, raw: zero_one(y, raw))
    for found in (
        risk(objective, w, loss=lambda y, raw: zero_one(y, raw)[0]),
        risk(objective, w, loss=zero_one),
        risk(fastgd.LinearObjective(data.X, data.numbers, loss=zero_one), w),
    ):
        np.testing.assert_allclose(found.interval(), risk(expected, w).interval(), rtol=1e-12)
        assert found.interval()[0] > 1.0


def test_symmetric_losses_have_students_interval() -> None:
    losses = np.concatenate([np.arange(10.0), 20.0 - np.arange(10.0)])
    objective = fastgd.FunctionObjective(
        lambda w, rows: (losses[rows].mean(), np.zeros(1)), jac=True, n_samples=len(losses)
    )
    found = risk(objective, [0.0])
    expected = scipy.stats.t.interval(0.99, 19, losses.mean(), scipy.stats.sem(losses))
    np.testing.assert_allclose(found.interval(0.99), expected, rtol=1e-9)


@pytest.mark.parametrize("p", [0.5, 0.75, 0.975, 0.9995, 0.99995, 1.0 - 1e-9])
def test_quantiles(p: float) -> None:
    # So many halvings of an angle leave 10 digits of the farthest tail; the integrals are exact to 12.
    for dof in [1.0, 1.5, 2.0, 7.0, 100.0, *np.geomspace(1.0, 1e7, 200), 284_738.0, 1e9]:
        np.testing.assert_allclose(student_t(p, dof), scipy.stats.t.isf(1.0 - p, dof), rtol=1e-9, atol=1e-12)


def test_infinite_losses_say_so() -> None:
    objective = fastgd.LinearObjective(np.array([[1.0], [2.0]]), [1.0, 2.0], loss="squared_error")
    found = risk(objective, [0.0, 0.0], loss=lambda y, raw: np.array([np.inf, 1.0]))
    assert found.mean == np.inf
    assert np.isnan(found.standard_error)
    assert np.isnan(found.interval()).all()
    assert "inf" in repr(found)


def test_bad_input(data: Data) -> None:
    objective, w = data.objective("log_loss"), np.zeros(5)
    X, y = data.X, data.signs
    cases: list[tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
        ((objective,), {}, ValueError, "w must be given for an objective"),
        ((objective, np.zeros(4)), {}, ValueError, r"w must have shape \(5,\)"),
        ((objective, np.full(5, np.nan)), {}, ValueError, r"w must be finite, got nan at w\[0\]"),
        ((objective, w), {"loss": "log"}, ValueError, "loss must be one of squared_error, .*, a function"),
        ((objective, w), {"loss": 3}, TypeError, "loss must be one of"),
        (
            (objective, w),
            {"loss": "squared_error"},
            ValueError,
            "loss must be one of log_loss, .* for a model of classes",
        ),
        ((data.objective(), w), {"loss": "hinge"}, ValueError, "for a model of numbers, got 'hinge'"),
        ((data.objective(), w), {"loss": "gamma"}, ValueError, "y must be > 0 for loss 'gamma'"),
        ((objective, w), {"y": y}, ValueError, "y must be None without X"),
        ((objective, w), {"sample_weight": data.weight}, ValueError, "sample_weight must be None without X"),
        ((objective, w), {"X": X}, ValueError, "y must be given with X"),
        ((objective, w), {"X": X[:, :3], "y": y}, ValueError, "X must have 4 columns, as the objective's has, got 3"),
        ((objective, w), {"X": X, "y": y[:9]}, ValueError, "y must have as many rows as X, 60"),
        ((objective, w), {"X": X, "y": data.classes}, ValueError, "y must hold labels"),
        ((objective, w), {"X": X, "y": y, "sample_weight": y}, ValueError, "sample_weight must be >= 0, got -1.0"),
        ((objective, w), {"X": X, "y": y, "sample_weight": [1.0]}, ValueError, "sample_weight must have shape"),
        ((objective, w), {"X": X, "y": y, "sample_weight": 0.0 * y}, ValueError, "sample_weight must be > 0"),
        ((objective, w), {"X": X * [1.0, np.inf, 1.0, 1.0], "y": y}, ValueError, "X must be finite, got"),
        ((3, w), {}, TypeError, "objective_or_estimator must be an objective of fastgd, or an estimator, got 3"),
        ((fastgd.reference, w), {}, TypeError, "objective_or_estimator must be an objective"),
    ]
    for arguments, options, error, message in cases:
        with pytest.raises(error, match=message):
            risk(*arguments, **options)
    offset = data.objective("log_loss", offset=data.numbers)
    assert risk(offset, w).mean == pytest.approx(offset.value(w), rel=1e-12)
    with pytest.raises(ValueError, match="X must be None for an objective with an offset"):
        risk(offset, w, X=X, y=y)
    function = fastgd.FunctionObjective(lambda w: (0.0, w), jac=True)
    with pytest.raises(ValueError, match="a FunctionObjective has them with n_samples"):
        risk(function, w)
    with pytest.raises(ValueError, match="loss must be None for a finite sum"):
        risk(function, w, loss="hinge")
    for level in (0.0, 1.0, 95, np.nan):
        with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
            risk(objective, w).interval(level)


def test_what_it_is() -> None:
    objective = fastgd.LinearObjective(np.array([[1.0], [2.0]]), [1.0, 2.0], loss="absolute_error")
    found = risk(objective, [0.0, 0.0], X=np.zeros((3, 1)), y=[1.0, 2.0, 3.0])
    assert isinstance(found, Risk)
    assert repr(found).startswith(
        "mean absolute_error 2 with a standard error of 0.58 on 3 held-out rows, 95 % interval -0.48"
    )
