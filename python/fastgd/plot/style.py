"""What all pictures share: matplotlib, imported when it is needed, axes to draw on, colours and marks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import _validation as check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

# Okabe and Ito's palette, told apart under every common colour vision; dashes and markers for print without colour.
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "linestyle": "--", "marker": "o"},
    {"color": "#009E73", "linestyle": "-.", "marker": "s"},
    {"color": "#D55E00", "linestyle": "-", "marker": "^"},
    {"color": "#CC79A7", "linestyle": (0, (5, 1)), "marker": "D"},
    {"color": "#E69F00", "linestyle": (0, (3, 1, 1, 1)), "marker": "v"},
    {"color": "#56B4E9", "linestyle": ":", "marker": "P"},
    {"color": "#000000", "linestyle": (0, (1, 1)), "marker": "X"},
)
# Rises evenly in lightness, in print without colour, too.
SURFACE = "cividis"
NOTE = "0.35"
GRID = "0.88"


# Decades that an axis shows with more ticks than their ends.
_FEW_DECADES = 3.0


def style(index: int, n_curves: int = 2) -> dict[str, Any]:
    """Colour, dashes and marker of the index-th curve of a picture; one alone needs no dashes."""
    shape = dict(STYLES[index % len(STYLES)])
    return shape if n_curves > 1 else {**shape, "linestyle": "-"}


def matplotlib(module: str = "matplotlib") -> Any:
    """A module of matplotlib, or the error that says how to install it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "matplotlib":
            raise
        raise ImportError('fastgd.plot needs matplotlib: pip install "fastgd[plot]"') from error


def axes_for(ax: Axes | None, *, three_d: bool = False, size: tuple[float, float] = (6.4, 4.8)) -> Axes:
    """The axes given, checked, or those of a new figure."""
    kind = matplotlib("matplotlib.axes").Axes
    if ax is None:
        figure = matplotlib("matplotlib.pyplot").figure(figsize=size, layout="constrained")
        new: Axes = figure.add_subplot(projection="3d" if three_d else None)
        return new
    if not isinstance(ax, kind):
        raise check.refuse("ax", "matplotlib Axes or None", ax, TypeError)
    if (ax.name == "3d") != three_d or (not three_d and ax.name != "rectilinear"):
        allowed = "3-D axes, as of add_subplot(projection='3d')," if three_d else "rectilinear axes"
        raise ValueError(f"ax must be {allowed} for this picture, got {ax.name} axes")
    given: Axes = ax
    return given


def finish(ax: Axes, title: str) -> None:
    """Title and grid of curves."""
    ax.set_title(title, loc="left")
    ax.grid(True, which="major", color=GRID)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def scale_by(axis: Any, low: float, high: float, wide: float) -> None:
    """A logarithmic axis where values are above 0 and lie more than a factor `wide` apart."""
    if not (low > 0.0 and high > wide * low):
        return
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    if high < 10.0**_FEW_DECADES * low:
        ticker = matplotlib("matplotlib.ticker")
        axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(ticker.NullFormatter())


def number(value: float) -> str:
    """A number as people write it, to three digits."""
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e5 else f"{value:.3g}"


def marks(n_points: int, most: int = 12) -> int:
    """Every how many points of a curve have a marker."""
    return max(1, n_points // most)


def one_of(name: str, value: object, allowed: Sequence[str]) -> str:
    """One of some words."""
    if not isinstance(value, str) or value not in allowed:
        raise check.refuse(name, f"one of {', '.join(map(repr, allowed))}", value)
    return value


def outlined(width: float) -> list[Any]:
    """Effects that keep a line visible on any ground."""
    effects = matplotlib("matplotlib.patheffects")
    return [effects.Stroke(linewidth=width + 1.5, foreground="white"), effects.Normal()]
