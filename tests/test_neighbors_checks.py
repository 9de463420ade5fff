"""scikit-learn's checks of the contract of estimators by nearest neighbours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastgd import neighbors

ESTIMATORS = [getattr(neighbors, name) for name in neighbors.__all__]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([kind() for kind in ESTIMATORS] + [kind(weights="distance") for kind in ESTIMATORS])
def test_contract(estimator: BaseEstimator, check: Callable[[Any], None]) -> None:
    check(estimator)


def test_the_package_alone_does_not_import_it() -> None:
    program = "import sys, fastgd; sys.exit('fastgd.neighbors' in sys.modules or fastgd.neighbors is None)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_scikit_learn_the_error_says_what_to_install() -> None:
    program = "import sys; sys.modules['sklearn'] = None; import fastgd; fastgd.neighbors"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install fastgd[sklearn]" in done.stderr
