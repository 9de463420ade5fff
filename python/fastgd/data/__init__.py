"""Data that are larger than memory: sources that estimators read block by block.

``SGDClassifier().fit(source)`` reads the source once an epoch, in a thread of its own, and holds at most ``max_memory``
of it.
"""

from .chunks import ChunkSource
from .npy import NpySource
from .source import Block, Source

__all__ = ["Block", "ChunkSource", "NpySource", "Source"]
