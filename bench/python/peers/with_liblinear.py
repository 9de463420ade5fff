"""liblinear's Newton method in a trust region; the intercept is a column of ones whose coefficient is not penalised.

It is stopped by a tolerance alone, which is 2**-n where others make n iterations. It computes in float64 whatever the
rows are stored as. Its time is that of training: the rows are in its own format before, as they would take several
times as long.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.sparse
from liblinear.liblinearutil import problem, train

Floats = npt.NDArray[np.floating]


def logistic(X: Floats, y: Floats, alpha: float) -> dict[str, Callable[[int], Floats]]:
    n_features = X.shape[1]
    table = problem(np.where(y > 0, 1.0, -1.0), scipy.sparse.csr_matrix(X, dtype=np.float64))

    def solve(n: int) -> Floats:
        model = train(table, f"-s 0 -c {1.0 / (alpha * len(y))!r} -e {2.0**-n!r} -B 1 -R -q")
        # Scores are those of the class of the first row.
        return model.get_labels()[0] * np.ctypeslib.as_array(model.w, (n_features + 1,))

    return {"liblinear": solve}
