"""A whole task: 60,000 images as bytes, ten classes, no float copy of them."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import _program
import pytest
from _real_data import FOLDER, require


@functools.cache
def report() -> dict[str, Any]:
    found: dict[str, Any] = _program.run("_fashion.py", str(FOLDER), OPENBLAS_NUM_THREADS="1")
    return found


def test_softmax_on_bytes_is_as_good_as_a_linear_model_gets() -> None:
    """scikit-learn's is at .834 to .835."""
    require(FOLDER, "fashion_mnist")
    found = report()
    assert (found["shape"], found["dtype"], found["is_as_given"]) == ([60_000, 784], "uint8", True)
    assert found["n_epochs"] <= 10
    assert found["test"] >= 0.835
    assert found["train"] > found["test"]


@pytest.mark.allocator
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells RssAnon")
def test_no_float_copy_of_the_images_is_made() -> None:
    require(FOLDER, "fashion_mnist")
    memory = report()["memory"]
    assert memory["looks"] >= 5
    assert memory["peak"] <= memory["promised"]
    # That it could have been seen: the images as float32, and the same fit.
    assert memory["peak_of_copy"] > 60_000 * 784 * 4 > 10 * memory["promised"]


def test_missing_data_are_a_failure_in_ci_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="fashion_mnist is not at"):
        require(tmp_path, "fashion_mnist")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="fashion_mnist is not at"):
        require(tmp_path, "fashion_mnist")
