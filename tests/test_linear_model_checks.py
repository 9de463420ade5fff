"""scikit-learn's checks of an estimator's contract."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

from fastgd import linear_model

ESTIMATORS = [getattr(linear_model, name) for name in linear_model.__all__]
# A row a step: a row of weight 2 is one long step, two rows are two short ones.
ROW_BY_ROW = {
    f"check_sample_weight_equivalence_on_{kind}_data": "single rows are steps, whose order matters"
    for kind in ("dense", "sparse")
}


def expected_failures(estimator: BaseEstimator) -> dict[str, str]:
    return ROW_BY_ROW if estimator.get_params().get("batch_size") == 1 else {}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([kind() for kind in ESTIMATORS], expected_failed_checks=expected_failures)
def test_contract(estimator: BaseEstimator, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", [kind for kind in ESTIMATORS if "batch_size" in kind().get_params()])
@pytest.mark.parametrize(
    "check", [check_sample_weight_equivalence_on_dense_data, check_sample_weight_equivalence_on_sparse_data]
)
def test_on_full_batches_a_weight_of_2_is_a_row_twice(kind: Any, check: Callable[[str, Any], None]) -> None:
    check(kind.__name__, kind(batch_size="full"))


def test_the_package_alone_does_not_import_scikit_learn() -> None:
    program = "import sys, fastgd; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_scikit_learn_the_error_says_what_to_install() -> None:
    program = "import sys; sys.modules['sklearn'] = None; import fastgd.linear_model"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install fastgd[sklearn]" in done.stderr
