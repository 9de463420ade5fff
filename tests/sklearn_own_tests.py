"""Runs scikit-learn's own tests of its SGD estimators and its perceptron on ours, put in their place.

    python tests/sklearn_own_tests.py [options of pytest]

The tests are those of the installed scikit-learn; nothing of them is copied. What they hold and we do not is listed
here by name, each with its reason, and has to fail: one that passes is an error, too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import sklearn.linear_model as theirs

import fastgd.linear_model as ours

NAMES = ("Perceptron", "SGDClassifier", "SGDOneClassSVM", "SGDRegressor")
MODULES = ("test_sgd", "test_perceptron")

EXCEPTIONS: dict[str, str] = {}


class Exceptions:
    """A plugin of pytest that expects what is listed to fail, and all that is listed to be there."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        met = set()
        for item in items:
            for name in (item.name, item.name.split("[")[0]):
                if name in EXCEPTIONS:
                    met.add(name)
                    item.add_marker(pytest.mark.xfail(reason=EXCEPTIONS[name], strict=True))
                    break
        unknown = EXCEPTIONS.keys() - met
        if unknown and len(items) > 1:
            raise pytest.UsageError(f"scikit-learn has no tests {', '.join(sorted(unknown))}")


def main(arguments: list[str]) -> int:
    """Put ours in the place of theirs before the tests import them, and run these."""
    for name in NAMES:
        setattr(theirs, name, getattr(ours, name))
    folder = Path(theirs.__file__).parent / "tests"
    files = [str(folder / f"{module}.py") for module in MODULES]
    # No configuration of ours, and nothing written beside theirs.
    options = ["-c", os.devnull, "--rootdir", str(folder.parents[1]), "-p", "no:cacheprovider", "-q"]
    return int(pytest.main([*options, *files, *arguments], plugins=[Exceptions()]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
