"""The size of a wheel that has been built elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import report
from setting import Setting

_AT_MOST = 3_000_000


def rows(setting: Setting) -> Iterator[report.Row]:
    if setting.wheel is None:
        yield report.unmeasured("wheel_size", None, "no --wheel was given")
        return
    size = setting.wheel.stat().st_size
    yield report.Row(
        "wheel_size",
        threads=None,
        own=report.megabytes(size),
        target=f"<= {report.megabytes(_AT_MOST)}",
        reached=size <= _AT_MOST,
    )
