"""Data that are larger than memory: sources that estimators read block by block.

``SGDClassifier().fit(source)`` reads the source once an epoch, in a thread of its own, and holds at most ``max_memory``
of it.
"""

from .arrow import ArrowSource
from .chunks import ChunkSource
from .csv import CsvSource
from .npy import NpySource
from .parquet import ParquetSource
from .source import Block, Source
from .svmlight import SvmlightSource

__all__ = [
    "ArrowSource",
    "Block",
    "ChunkSource",
    "CsvSource",
    "NpySource",
    "ParquetSource",
    "Source",
    "SvmlightSource",
]
