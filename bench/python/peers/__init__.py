"""Who fastgd is compared with: one file a peer, imported only where its package is installed.

A peer's module has a function for each of its tasks, which gets arrays of NumPy and returns what is timed:

- ``log_loss(X, y, n_threads)``: a function of flat parameters ``(coef, intercept)`` that returns the mean loss and its
  gradient, all in X's dtype; y is 0 or 1.
- ``sparse_log_loss(X, y, n_threads)``: the same for a CSR matrix.
- ``softmax_epoch(X, y, order, batch_size, lr)``: a function that descends from zeros for one epoch over the rows in
  that order and returns ``(coef, intercept)``, flat, coef of shape (n_classes, n_features); y is a class index.
- ``many_softmax_epoch(X, y, order, batch_size, lr, n_models)``: the same for many models side by side, which returns
  (n_features + 1, n_models * n_classes), the intercepts in the last row.
- ``sgd(X, y, lr, n_epochs, shuffle)``: a function that descends from zeros on the mean log loss, a row a step, and
  returns ``(coef, intercept)``, flat, or what NumPy makes an array of that; y is 0 or 1.
- ``sparse_sgd(X, y, lr, alpha)``: the same over a CSR matrix with an l2 penalty and without an intercept, a function
  of how many epochs and whether to shuffle.
- ``logistic(X, y, alpha)``: functions, by the solver's name, that take a number of iterations and return
  ``(coef, intercept)``, flat, on the way to the minimum of the mean log loss and an l2 penalty; y is 0 or 1.
- ``estimators()``: classes with scikit-learn's names, parameters and methods, by name.
- ``online(loss, lr)``: a linear model with ``predict_one(x)``, ``learn_one(x, y)`` and ``weights``, for rows that are
  dicts by the features' names.
- ``mlp_epoch(X, y, order, batch_size, network)``: functions, by the variant's name, that descend for one epoch of whole
  batches over the rows in that order and return flat parameters as ``network.layers`` takes them apart.
- ``limit_threads(n)``, where the package has threads of its own that threadpoolctl does not reach.
- ``does_itself(run, *args)``, where the package may leave work to another: runs it and returns whether it did not.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Peer:
    name: str
    needs: str
    file: str
    tasks: tuple[str, ...]
    # Whether its log_loss reads each row once for loss and gradient; the others make two passes.
    fused: bool = False

    def installed(self) -> bool:
        try:
            return importlib.util.find_spec(self.needs) is not None
        except ModuleNotFoundError:  # the parent of a submodule
            return False

    def build(self, task: str, *args: Any) -> Callable[..., Any]:
        built: Callable[..., Any] = getattr(self._module(), task)(*args)
        return built

    def limit_threads(self, n: int) -> None:
        limit = getattr(self._module(), "limit_threads", None)
        if limit is not None:
            limit(n)

    def does_itself(self, run: Callable[..., object], *args: Any) -> bool:
        """Run what the peer has made, and say whether no other package did the work."""
        judge = getattr(self._module(), "does_itself", None)
        if judge is not None:
            return bool(judge(run, *args))
        run(*args)
        return True

    def _module(self) -> ModuleType:
        return importlib.import_module(f"peers.{self.file}")


PEERS = (
    Peer("NumPy", "numpy", "with_numpy", ("log_loss", "softmax_epoch", "many_softmax_epoch")),
    Peer("NumPy", "numpy", "with_numpy_mlp", ("mlp_epoch",)),
    Peer("SciPy", "scipy.sparse", "with_scipy", ("sparse_log_loss",)),
    # Private, and the fastest that scikit-learn has for this: what its LogisticRegression minimises.
    Peer("LinearModelLoss", "sklearn.linear_model._linear_loss", "with_sklearn_loss", ("log_loss",)),
    Peer("SGDClassifier", "sklearn", "with_sklearn_sgd", ("sgd", "sparse_sgd")),
    Peer("LogisticRegression", "sklearn", "with_sklearn_logistic", ("logistic",)),
    Peer("scikit-learn", "sklearn", "with_sklearn", ("estimators",)),
    Peer("sklearnex", "sklearnex", "with_sklearnex", ("logistic", "estimators")),
    Peer("liblinear", "liblinear", "with_liblinear", ("logistic",)),
    Peer("Vowpal Wabbit", "vowpalwabbit", "with_vowpal_wabbit", ("sgd", "sparse_sgd")),
    Peer("river", "river", "with_river", ("online",)),
    Peer("PyTorch", "torch", "with_torch", ("log_loss", "sparse_log_loss", "softmax_epoch", "logistic")),
    Peer("PyTorch", "torch", "with_torch_mlp", ("mlp_epoch",)),
    Peer("JAX", "jax", "with_jax", ("log_loss", "softmax_epoch")),
    Peer("JAX", "jax", "with_jax_mlp", ("mlp_epoch",)),
    Peer("numba", "numba", "with_numba", ("log_loss", "sgd"), fused=True),
)


def offering(task: str) -> list[Peer]:
    """The installed peers that have a task."""
    return [peer for peer in PEERS if task in peer.tasks and peer.installed()]


def versions() -> dict[str, str]:
    """The installed packages that the peers belong to."""
    owners = importlib.metadata.packages_distributions()
    modules = (peer.needs.partition(".")[0] for peer in PEERS if peer.installed())
    # A module that lies on the path without its package's data has no version.
    names = {owner for module in modules for owner in owners.get(module, ())[:1]}
    return {name: importlib.metadata.version(name) for name in sorted(names)}


def absent() -> list[str]:
    """The peers that are not installed."""
    return list(dict.fromkeys(f"{peer.name} ({peer.needs})" for peer in PEERS if not peer.installed()))
