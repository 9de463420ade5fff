"""The frame of every lesson: print the claim, hold figures against it, draw the picture where one is asked for.

A lesson begins with ``begin(__doc__)``, which reads the command line and prints the claim, then computes, says with
``holds`` what has to hold, and ends with ``end``. A lesson whose figures do not bear its claim out ends with status 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

# Okabe and Ito's palette, told apart under every common colour vision.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)
SUFFIXES = (".png", ".svg", ".pdf")

_STYLE = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "grid.color": "0.9",
    "legend.frameon": False,
    "lines.linewidth": 2,
    # The same picture is the same file.
    "svg.hashsalt": "fastgd",
}


class Lesson:
    """One run of an example."""

    def __init__(self, picture: Path | None) -> None:
        self.picture = picture
        self.is_borne_out = True

    def holds(self, claim: str, is_true: bool) -> None:
        """Say whether a part of the claim holds."""
        print(f"{'holds' if is_true else 'FAILS'}: {claim}")
        self.is_borne_out &= bool(is_true)

    def end(self, draw: Callable[[Any], None], size: tuple[float, float] = (9.0, 4.2)) -> None:
        """Draw on a matplotlib figure of that size in inches, if a picture is asked for; status 1 if a claim failed."""
        if self.picture is not None:
            import matplotlib

            matplotlib.use("Agg")
            from matplotlib import pyplot

            with pyplot.rc_context(_STYLE):
                figure = pyplot.figure(figsize=size, layout="constrained")
                draw(figure)
                form = self.picture.suffix[1:].lower()
                figure.savefig(self.picture, dpi=150, metadata={"Date": None} if form == "svg" else None)
        sys.exit(0 if self.is_borne_out else 1)


def begin(claim: str) -> Lesson:
    """Read the command line and print the claim."""
    parser = argparse.ArgumentParser(description=claim, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", metavar="FILE", type=_picture, help="draw there, as png, svg or pdf")
    lesson = Lesson(parser.parse_args().picture)
    print(claim)
    return lesson


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows of texts and numbers under the titles of their columns."""
    lines = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join([line[0].ljust(len(first)), *others]))
    print()


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _picture(name: str) -> Path:
    path = Path(name)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{name}: the suffix must be one of {', '.join(SUFFIXES)}")
    if not path.resolve().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{name}: the folder {path.resolve().parent} does not exist")
    return path
