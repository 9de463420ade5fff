"""Data that are larger than memory: sources that estimators read block by block.

``SGDClassifier().fit(source)`` reads the source once an epoch, in a thread of its own, and holds at most ``max_memory``
of it.
"""

from .arrow import ArrowSource
from .cache import convert, converted
from .chunks import ChunkSource
from .csr import CsrSource
from .csv import CsvSource
from .npy import NpySource
from .parquet import ParquetSource
from .source import Block, Source
from .svmlight import SvmlightSource

__all__ = [
    "ArrowSource",
    "Block",
    "ChunkSource",
    "CsrSource",
    "CsvSource",
    "NpySource",
    "ParquetSource",
    "Source",
    "SvmlightSource",
    "convert",
    "converted",
]
