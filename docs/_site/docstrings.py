"""Where reStructuredText takes a docstring to say what it does not."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

# The initial that a reference begins with is not the number of a list's item.
INITIAL = re.compile(r"^(\s*[A-Z])\. (?=[A-Z])")
# What ends in an underscore where a shape is told, as in "array of shape (n_features_in_,)", is not a link's name.
SHAPE = re.compile(r"(?<=of shape )\([^`)]*\)")


def as_written(_app: Sphinx, _what: str, _name: str, _value: object, _options: object, lines: list[str]) -> None:
    for i, line in enumerate(lines):
        lines[i] = SHAPE.sub(escaped, INITIAL.sub(r"\1\\. ", line))


def escaped(shape: re.Match[str]) -> str:
    return re.sub(r"(?<=\w)_(?=\W)", r"\\_", shape[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", as_written, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
