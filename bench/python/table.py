"""Tables of a Markdown page from runs of the suite: python bench/python/table.py PAGE RESULTS.json ...

Between a line `<!-- bench: PROBLEM ... -->` and the line `<!-- /bench -->` comes what the last of the runs that has all
of these problems says of them; without such a run what stands there stays. A run that did not end well is refused.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import report
from results import Results, Status

_SECTION = re.compile(r"(?<=<!-- bench: )([\w ]+) -->\n.*?(?=^<!-- /bench -->$)", re.DOTALL | re.MULTILINE)


def filled(page: str, runs: list[Results]) -> str:
    def section(found: re.Match[str]) -> str:
        names = found[1].split()
        run = next((run for run in reversed(runs) if all(run.rows.get(name) for name in names)), None)
        if run is None:
            print(f"no run has all of {found[1]}: what stands there stays")
            return found[0]
        rows = [run.line(row) for name in names for row in run.rows[name]]
        return "\n".join([f"{found[1]} -->", "", *run.preamble(), report.HEADER, *rows, "", ""])

    return _SECTION.sub(section, page)


def main(page: str, *files: str) -> None:
    runs = {file: Results.read(Path(file)) for file in files}
    if small := [file for file, run in runs.items() if run.small]:
        raise SystemExit(f"{', '.join(small)}: a run with --small has no figures")
    if broken := [f"{file} (status {run.status:d})" for file, run in runs.items() if run.status != Status.OK]:
        raise SystemExit(f"{', '.join(broken)}: a run that was cut off, or in which a problem failed, is not all there")
    path = Path(page)
    path.write_text(filled(path.read_text(encoding="utf-8"), list(runs.values())), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
