"""Pictures of surfaces, paths, histories and sweeps. Needs ``pip install "fastgd[plot]"``.

===================  ================================================================================
`loss_surface`       an objective over a plane, as contours or in 3-D
`trajectory`         paths of descents on it, several side by side
`history`            loss against epochs, steps or seconds
`sweep`              what `fastgd.sweep` found, over two of its hyper-parameters
`lr_curve`           the range test of `fastgd.find_lr`
`gradient_error`     the error of numerical gradients against their step
===================  ================================================================================

Each draws on `ax`, or on a new figure of pyplot's, and returns the Axes, which are matplotlib's: titles, labels and
limits can be changed as ever, and ``ax.figure.savefig("picture.svg")`` writes the picture. Nothing is shown or written
otherwise, and no setting of matplotlib's changes. Colours can be told apart under every common colour vision.
"""

from .curves import history, lr_curve
from .errors import gradient_error
from .heat_map import sweep
from .paths import principal_directions, trajectory
from .plane import Surface
from .surface import loss_surface

__all__ = [
    "Surface",
    "gradient_error",
    "history",
    "loss_surface",
    "lr_curve",
    "principal_directions",
    "sweep",
    "trajectory",
]
