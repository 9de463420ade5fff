"""Real data sets, which are not the project's: they lie beside the repository, in ``../shared/data``."""

from __future__ import annotations

import functools
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def require(folder: Path, name: str) -> None:
    """Skips where a set is missing, but never in CI, where nobody would read it."""
    if (folder / "load.py").is_file() and (folder / name).is_dir():
        return
    reason = f"{name} is not at {folder}"
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"{reason}, and CI=true asks for it")
    pytest.skip(reason)


@functools.cache
def _loader() -> Any:
    spec = importlib.util.spec_from_file_location("load", FOLDER / "load.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load(name: str) -> dict[str, Any]:
    """The set, its features dense: bytes as they are, all others float32."""
    require(FOLDER, name)
    data: dict[str, Any] = _loader().load(name)
    for part in ("X_train", "X_test"):
        X = data[part] if isinstance(data[part], np.ndarray) else data[part].astype(np.float32).toarray()
        data[part] = X if X.dtype == np.uint8 else X.astype(np.float32)
    return data


def density(name: str) -> dict[str, Any]:
    """The set of rows whose density is asked for, its columns standardised."""
    require(FOLDER, "density")
    data: dict[str, Any] = _loader().density(name)
    return data
