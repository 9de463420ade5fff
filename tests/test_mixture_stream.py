"""Densities from a stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastgd.covariance import Gaussian
from fastgd.mixture import GaussianMixture
from fastgd.optimizers import Adam

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, size=6000)
ROWS = np.array([[0.0, 50.0], [6.0, 50.0], [3.0, 90.0]])[LABELS] + RNG.normal(size=(6000, 2)) * [1.0, 5.0]
KINDS = [lambda **options: GaussianMixture(3, **options), Gaussian]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_approaches_the_fit_of_all_its_rows(kind: Any) -> None:
    full = kind(random_state=0).fit(ROWS)
    model = kind(batch_size=32, random_state=0)
    for piece in np.array_split(ROWS, 30):
        model.partial_fit(piece)
    assert len(model.loss_curve_) == 30
    assert model.score(ROWS) > full.score(ROWS) - 0.01
    for piece in np.array_split(ROWS[RNG.permutation(len(ROWS))], 30):
        model.partial_fit(piece)
    assert model.score(ROWS) > full.score(ROWS) - 0.005


@pytest.mark.parametrize("kind", KINDS)
def test_a_piece_is_a_step_on_full_batches_and_may_be_a_row(kind: Any) -> None:
    model = kind(random_state=0).partial_fit(ROWS[:100])
    for row in ROWS[100:150]:
        model.partial_fit(row[None])
    assert len(model.loss_curve_) == 51
    assert np.isfinite(model.score(ROWS))


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_after_a_fit_goes_on_from_it(kind: Any) -> None:
    model = kind(random_state=0).fit(ROWS[:3000])
    before = model.score(ROWS)
    model.partial_fit(ROWS[3000:])
    # One step, which is short.
    assert abs(model.score(ROWS) - before) < 0.05
    assert model.loss_curve_[-1] == pytest.approx(-before, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_units_do_not_matter(kind: Any) -> None:
    units = np.array([1e-3, 1e4])
    models = [kind(random_state=0, batch_size=50, reg_covar=0.0) for _ in range(2)]
    for piece in np.array_split(ROWS, 10):
        models[0].partial_fit(piece)
        models[1].partial_fit(piece * units)
    expected = models[0].score_samples(ROWS) - np.log(units).sum()
    np.testing.assert_allclose(models[1].score_samples(ROWS * units), expected, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_all_pieces_scale_as_the_first_one(kind: Any) -> None:
    model = kind(random_state=0, batch_size=50).partial_fit(ROWS[:1000])
    # A piece that is all in one place would scale features by next to nothing.
    model.partial_fit(ROWS[LABELS == 0][:50] * 1e-3 + [0.0, 50.0])
    assert model.score(ROWS) > kind(random_state=0).fit(ROWS).score(ROWS) - 0.5


def test_what_is_refused_leaves_the_stream_as_it_was() -> None:
    model = GaussianMixture(3, random_state=0).partial_fit(ROWS[:100])
    before = model.means_.copy()
    bad = ROWS[100:200].copy()
    bad[7, 1] = np.nan
    with pytest.raises(ValueError, match=r"X\[7, 1\]|row 7"):
        model.partial_fit(bad)
    np.testing.assert_array_equal(model.means_, before)
    model.set_params(n_components=4)
    with pytest.raises(ValueError, match="n_components=3"):
        model.partial_fit(ROWS[100:200])


def test_first_pieces_need_rows_enough() -> None:
    with pytest.raises(ValueError, match=r"first piece X of a stream must have at least 3 rows.*got 2 samples"):
        GaussianMixture(3).partial_fit(ROWS[:2])
    with pytest.raises(ValueError, match="first piece X of a stream must have at least 2 rows, got 1 sample"):
        Gaussian().partial_fit(ROWS[:1])


@pytest.mark.parametrize("kind", KINDS)
def test_optimisers_of_full_batches_are_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="optimizer must be another than LBFGS"):
        kind(optimizer="lbfgs").partial_fit(ROWS)


def test_a_stream_begins_with_the_best_of_its_starts() -> None:
    options: dict[str, Any] = {"init_params": "random_from_data"}
    piece = ROWS[:200]
    # The first loss is that before the step.
    one = [GaussianMixture(5, n_init=1, random_state=i, **options).partial_fit(piece).loss_curve_[0] for i in range(8)]
    best = GaussianMixture(5, n_init=8, random_state=0, **options).partial_fit(piece).loss_curve_[0]
    assert best == min(one) < max(one)


@pytest.mark.parametrize("kind", [Gaussian, GaussianMixture])
def test_few_rows_of_many_features_begin_a_stream(kind: Any) -> None:
    rows = np.random.default_rng(0).normal(size=(2000, 12))
    model = kind(random_state=0, batch_size=20).partial_fit(rows[:4])
    # The variances that four rows have in no direction of their own are not those of others.
    assert model.score(rows) > -1000.0
    for piece in np.array_split(np.tile(rows, (5, 1)), 10):
        model.partial_fit(piece)
    assert model.score(rows) > Gaussian().fit(rows).score(rows) - 0.5


@pytest.mark.parametrize("make", [lambda **options: GaussianMixture(2, **options), Gaussian])
def test_a_piece_that_makes_no_density_leaves_the_one_that_was_there(make: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(-3.0, 1.0, (50, 2)), rng.normal(3.0, 1.0, (50, 2))])
    model = make(batch_size=8, optimizer=Adam(0.01), random_state=0).partial_fit(rows)
    before = model.score(rows)
    for lr in (100.0, 1e4):
        model.set_params(optimizer=Adam(lr))
        with pytest.raises(ValueError, match=r"diverged.* smaller learning rate"):
            model.partial_fit(rows)
        assert model.score(rows) == before
        assert len(model.loss_curve_) == 1
