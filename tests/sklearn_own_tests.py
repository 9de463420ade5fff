"""Runs scikit-learn's own tests of its SGD estimators, its perceptron and its networks on ours, put in their place.

    python tests/sklearn_own_tests.py [options of pytest]

The tests are those of the installed scikit-learn; nothing of them is copied. What they hold and we do not is listed
here by name, each with its reason, and has to fail: one that passes is an error, too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import sklearn.linear_model
import sklearn.neural_network

import fastgd.linear_model
import fastgd.neural_network

# Theirs, ours, what is put in their place, and the tests of it.
FAMILIES = (
    (
        sklearn.linear_model,
        fastgd.linear_model,
        ("Perceptron", "SGDClassifier", "SGDOneClassSVM", "SGDRegressor"),
        ("test_sgd", "test_perceptron"),
    ),
    (sklearn.neural_network, fastgd.neural_network, ("MLPClassifier", "MLPRegressor"), ("test_mlp",)),
)

# Each reason stands in docs/compatibility.md, too. A module before a name tells it from another's.
PRIVATE = "reads private attributes"
TABLE = "reads the class attribute loss_functions, a table of compiled loss classes that is not documented"
OF_ONE_ORDER = "holds for one order of the rows, and not for every seed in scikit-learn itself"
OF_SPARSE_INTERCEPTS = "pins averages of sparse fits whose intercept has a hundredth of the rate"
# An average that has not begun is compared with plain steps to the last digit.
OF_ROUNDING = "asks for the bits of another order of additions"
EXCEPTIONS = {
    "test_plain_has_no_average_attr": PRIVATE,
    "test_validation_mask_correctly_subsets": PRIVATE,
    "test_sgd_predict_proba_method_access": TABLE,
    "test_loss_function_epsilon": TABLE,
    "test_partial_fit_weight_class_balanced": "reads an error message word for word",
    "test_input_format[SGDRegressor]": "SGDRegressor takes several outputs",
    "test_input_format[SparseSGDRegressor]": "SGDRegressor takes several outputs",
    "test_tol_parameter": OF_ONE_ORDER,
    "test_sgd_oneclass_vs_linear_oneclass_offsets_match": OF_ONE_ORDER,
    "test_sgd_one_class_svm_formulation_with_scipy_minimize": OF_ONE_ORDER,
    "test_multi_thread_multi_class_and_early_stopping": "one score of all classes ends the fit, not one a class",
    "test_balanced_weight": "a class weight is that of the class's rows in every one-vs-rest problem",
    "test_large_regularization[l2]": "steps are no longer than the penalty can take, so the minimum is found, not 0",
    "test_late_onset_averaging_not_reached[SparseSGDClassifier]": OF_ROUNDING,
    **{
        f"{test}[Sparse{kind}]": OF_SPARSE_INTERCEPTS
        for kind, tests in {
            "SGDClassifier": (
                "test_late_onset_averaging_reached",
                "test_average_binary_computed_correctly",
                "test_sgd_multiclass_average",
            ),
            "SGDRegressor": (
                "test_late_onset_averaging_reached",
                "test_sgd_averaged_computed_correctly",
                "test_sgd_averaged_partial_fit",
                "test_average_sparse",
            ),
            "SGDOneClassSVM": (
                "test_late_onset_averaging_reached_oneclass",
                "test_sgd_averaged_computed_correctly_oneclass",
                "test_sgd_averaged_partial_fit_oneclass",
                "test_average_sparse_oneclass",
            ),
        }.items()
        for test in tests
    },
    "test_sgd_l1": "exact zeros at single rows come from scikit-learn's cumulative penalty",
    "test_mlp::test_gradient": PRIVATE,
    "test_mlp::test_learning_rate_warmstart": PRIVATE,
    "test_mlp::test_adaptive_learning_rate": PRIVATE,
    "test_mlp::test_n_iter_no_change": PRIVATE,
    "test_mlp::test_n_iter_no_change_inf": PRIVATE,
    "test_mlp::test_mlp_diverging_loss": "a fit that diverges goes back and on with a smaller rate",
}


class Exceptions:
    """A plugin of pytest that expects what is listed to fail, and all that is listed to be there."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        met = set()
        for item in items:
            test = item.name.split("[")[0]
            for name in (item.name, test, f"{item.path.stem}::{test}"):
                if name in EXCEPTIONS:
                    met.add(name)
                    item.add_marker(pytest.mark.xfail(reason=EXCEPTIONS[name], strict=True))
                    break
        unknown = EXCEPTIONS.keys() - met
        if unknown and not config.option.keyword:
            raise pytest.UsageError(f"scikit-learn has no tests {', '.join(sorted(unknown))}")


def main(arguments: list[str]) -> int:
    """Put ours in the place of theirs before the tests import them, and run these."""
    files = []
    for theirs, ours, names, modules in FAMILIES:
        for name in names:
            setattr(theirs, name, getattr(ours, name))
        files += [str(Path(theirs.__file__).parent / "tests" / f"{module}.py") for module in modules]
    # No configuration of ours, and nothing written beside theirs.
    root = Path(sklearn.linear_model.__file__).parents[1]
    options = ["-c", os.devnull, "--rootdir", str(root), "-p", "no:cacheprovider", "-q"]
    return int(pytest.main([*options, *files, *arguments], plugins=[Exceptions()]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
