"""Learning from a stream, a row at a time."""

from .learner import Learner

__all__ = ["Learner"]
