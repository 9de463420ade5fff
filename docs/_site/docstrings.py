"""Where reStructuredText takes a docstring to say what it does not."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

INITIAL = re.compile(r"^(\s*[A-Z])\. (?=[A-Z])")


def keep_initials(_app: Sphinx, _what: str, _name: str, _value: object, _options: object, lines: list[str]) -> None:
    """The initial that a reference begins with is not the number of a list's item."""
    lines[:] = [INITIAL.sub(r"\1\\. ", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", keep_initials, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
