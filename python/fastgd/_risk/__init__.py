"""The risk of a model, estimated from rows: a mean loss that tells how far it may be off."""

from .estimate import Risk
from .function import risk

__all__ = ["Risk", "risk"]
