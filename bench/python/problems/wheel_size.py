"""The size of a wheel that has been built elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import report
from setting import Setting

_AT_MOST = 3.0


def rows(setting: Setting) -> Iterator[report.Row]:
    if setting.wheel is None:
        yield report.unmeasured("wheel_size", None, "no --wheel was given")
        return
    megabytes = setting.wheel.stat().st_size / 1e6
    yield report.Row(
        "wheel_size",
        threads=None,
        own=f"{megabytes:.3g} MB",
        target=f"<= {_AT_MOST:g} MB",
        reached=megabytes <= _AT_MOST,
    )
