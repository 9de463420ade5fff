"""The arguments of a learner, checked, as its core takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _validation as check
from .._losses import check_params, get_loss, no_gradient
from ..optimizers import Optimizer, check_l1, get_optimizer
from ..schedules import ReduceOnPlateau, Schedule
from ..schedules._function import as_schedule

if TYPE_CHECKING:
    from .._losses import Loss

_DEFAULT_LR = 0.01
_MOST_HASH_BITS = 30


class Labels(NamedTuple):
    """The classes of a learner: all of them, the target that each stands for, and scores a row."""

    classes: list[Any]
    target: dict[Any, float]
    n_outputs: int


def check_loss(loss: object, loss_params: object) -> tuple[Loss, dict[str, float]]:
    """A loss by name, and its parameters."""
    if not isinstance(loss, str):
        raise check.refuse("loss", "the name of a loss", loss, TypeError)
    found = get_loss(loss)
    if not found.trainable:
        raise no_gradient("Learner")
    return found, check_params(found, loss_params)


def check_classes(loss: Loss, n_classes: object, classes: object) -> Labels | None:
    """The classes of a loss over classes; None for a regression."""
    if classes is not None and n_classes is not None:
        raise check.refuse("n_classes", "None beside classes", n_classes)
    if loss.kind == "regression":
        for name, value in {"n_classes": n_classes, "classes": classes}.items():
            if value is not None:
                raise check.refuse(name, f"None for the regression loss {loss.name!r}", value)
        return None
    if classes is None:
        if n_classes is None and loss.kind == "multiclass":
            raise check.refuse("n_classes", f"given for loss {loss.name!r}, or classes in its place", None)
        labels: list[Any] = list(range(check.integer("n_classes", 2 if n_classes is None else n_classes, 2, 1 << 24)))
    elif isinstance(classes, str) or not isinstance(classes, Iterable):
        raise check.refuse("classes", "a sequence of labels", classes, TypeError)
    else:
        labels = classes.tolist() if hasattr(classes, "tolist") else list(classes)
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise check.refuse("classes", "at least two labels, each once", classes)
    if loss.kind == "binary" and len(labels) == 2:
        return Labels(labels, dict(zip(labels, (-1.0, 1.0), strict=True)), 1)
    return Labels(labels, {label: float(i) for i, label in enumerate(labels)}, len(labels))


def check_optimizer(optimizer: object, lr: object, l1_ratio: float) -> tuple[Optimizer, Schedule]:
    """An optimiser that takes a row at a time, and its learning rate."""
    found = get_optimizer(optimizer)
    name, info = type(found).__name__, found._info
    if info["line_search"] or info["full_batch"] or info["finite_sums"]:
        raise ValueError(f"optimizer must be one that sees each row once, got {name}, which comes back to them")
    check_l1(found, l1_ratio)
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise check.refuse("lr", f"None beside {name}(...), which has its own", lr)
        if found._is_auto:
            raise ValueError(f"optimizer must have a learning rate, got {name}(lr='auto'): a stream has no rows yet")
    elif lr is None:
        lr = _DEFAULT_LR if found._is_auto else None
    schedule = found._schedule() if lr is None else as_schedule(lr, ", a schedule, a function step -> float or None")
    inner = getattr(schedule, "lr", None)
    for each in (schedule, inner):
        if isinstance(each, ReduceOnPlateau) or (isinstance(each, Schedule) and each.unit == "epoch"):
            raise ValueError(f"lr must count steps, as a stream has no epochs, got {each!r}")
    return found, schedule


def check_features(n_features: object, hash_features: object) -> tuple[int, int]:
    """The number of features, -1 where the rows tell, and bits of a hash, 0 for none."""
    if hash_features is None:
        return (-1 if n_features is None else check.integer("n_features", n_features, 1)), 0
    bits = check.integer("hash_features", hash_features, 1, _MOST_HASH_BITS)
    if n_features not in (None, 1 << bits):
        raise check.refuse("n_features", f"None or {1 << bits} with hash_features={bits}", n_features)
    return 1 << bits, bits
