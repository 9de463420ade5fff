"""Estimators of one name: fastgd's, and those of the peers that have it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import peers

_MODULES = {"KNeighborsClassifier": "neighbors", "MLPClassifier": "neural_network"}


def kinds(name: str, rivals: Iterable[peers.Peer]) -> dict[str, Any]:
    """Classes by whose they are."""
    own = getattr(importlib.import_module(f"fastgd.{_MODULES.get(name, 'linear_model')}"), name)
    theirs = {peer.name: peer.build("estimators").get(name) for peer in rivals}
    return {"fastgd": own} | {who: kind for who, kind in theirs.items() if kind is not None}
