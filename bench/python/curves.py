"""How near the minimum each contestant of `to_optimum` is, by time: python bench/python/curves.py FILE"""

from __future__ import annotations

import argparse
from pathlib import Path

import data
import machine
import matplotlib.pyplot as plt
import numpy as np
import peers
from problems import to_optimum
from setting import Setting

_FLOOR = 1e-9


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw the way to the minimum of logistic regression, by solver.")
    parser.add_argument("file", type=Path, metavar="FILE", help="where the picture goes; its ending names the format")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of everybody (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="little data: does it still run?")
    parser.add_argument("--data", type=Path, default=data.DEFAULT, metavar="FOLDER", help="as of fastgd bench")
    return parser.parse_args()


def main() -> None:
    args = read_arguments()
    setting = Setting(small=args.small, threads=(args.threads,), rounds=1, limits=None, wheel=None, data=args.data)
    rivals = peers.offering("logistic")
    tables = list(to_optimum.tables(setting))
    figure, all_axes = plt.subplots(1, len(tables), figsize=(5 * len(tables), 4), squeeze=False, layout="constrained")
    with machine.threads(args.threads, rivals):
        for axes, (name, X, y) in zip(all_axes[0], tables, strict=True):
            alpha = 1.0 / len(y)
            excess = to_optimum.excess_above_minimum(X, y, alpha)
            for who, solve in to_optimum.contestants(X, y, alpha, rivals).items():
                solve(1)
                steps = np.array([(seconds, above) for _, seconds, above in to_optimum.path(solve, excess, _FLOOR)])
                # A run that was held up by something else is no slower solver.
                seconds = np.minimum.accumulate(steps[::-1, 0])[::-1]
                own = {"color": "black", "linewidth": 2.5, "zorder": 3} if who == "fastgd" else {}
                axes.loglog(1e3 * seconds, np.maximum(steps[:, 1], _FLOOR), marker=".", label=who, **own)
            axes.set_title(f"{name}, {X.shape[0]} x {X.shape[1]}")
            axes.set_xlabel("milliseconds")
            axes.set_ylim(bottom=_FLOOR)
            axes.grid(alpha=0.3)
    all_axes[0][0].set_ylabel("above the minimum, relative")
    all_axes[0][0].legend(fontsize="small")
    figure.savefig(args.file)
    print(f"The curves: {args.file}")


if __name__ == "__main__":
    main()
