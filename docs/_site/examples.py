"""The programs of examples/: run once for the site, then shown on a page of the guide: claim, picture, figures, source.

```{example} 08_slope
What its picture shows.
```
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.display import status_iterator
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "docs" / "_pictures"
# What a reader waits for, in seconds.
A_MINUTE = 60.0


def programs() -> dict[str, Path]:
    return {path.stem: path for path in sorted(ROOT.glob("examples/[0-9]*.py"))}


def run_all(_app: Sphinx) -> None:
    """Run the programs that are newer than their output, or whose package is; delete docs/_pictures to run all."""
    PICTURES.mkdir(exist_ok=True)
    old = [name for name, path in programs().items() if not is_fresh(name, path)]
    for name in status_iterator(old, "running examples... ", "green", len(old)):
        picture = PICTURES / f"{name}.svg"
        command = [sys.executable, "-W", "error", str(programs()[name]), "--picture", str(picture)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=A_MINUTE)
        if done.returncode != 0 or not picture.exists():
            raise ExtensionError(f"examples/{name}.py: status {done.returncode}\n{done.stdout}{done.stderr}")
        (PICTURES / f"{name}.txt").write_text(done.stdout, encoding="utf-8")


def is_fresh(name: str, path: Path) -> bool:
    said = PICTURES / f"{name}.txt"
    made_of = [path, path.with_name("_lecture.py"), *ROOT.glob("python/fastgd/**/*.py")]
    return said.exists() and said.stat().st_mtime > max(file.stat().st_mtime for file in made_of)


class Example(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in programs():
            raise self.error(f"there is no examples/{name}.py")
        shown_on(self.env)[name] = self.env.docname
        path, output = programs()[name], PICTURES / f"{name}.txt"
        for file in (path, output):
            self.env.note_dependency(str(file))
        source, figures = path.read_text(encoding="utf-8"), output.read_text(encoding="utf-8")
        claim = ast.get_docstring(ast.parse(source)) or ""

        caption = nodes.caption("", "", *self.parse_inline("\n".join(self.content))[0])
        picture = nodes.image(uri=f"/docs/_pictures/{name}.svg", alt=caption.astext())
        return [
            nodes.block_quote("", *(nodes.paragraph(text=part) for part in claim.split("\n\n"))),
            nodes.figure("", picture, caption),
            nodes.literal_block(text=figures.removeprefix(claim).strip(), language="none"),
            nodes.raw("", f"<details><summary>examples/{name}.py</summary>", format="html"),
            nodes.literal_block(text=source, language="python"),
            nodes.raw("", "</details>", format="html"),
        ]


def shown_on(env: BuildEnvironment) -> dict[str, str]:
    if not hasattr(env, "examples_shown_on"):
        env.examples_shown_on = {}  # type: ignore[attr-defined]
    found: dict[str, str] = env.examples_shown_on  # type: ignore[attr-defined]
    return found


def check(_app: Sphinx, env: BuildEnvironment) -> None:
    """Every program is on a page."""
    missing = sorted(programs().keys() - shown_on(env).keys())
    if missing:
        raise ExtensionError("examples that no page shows: " + ", ".join(missing))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("example", Example)
    app.connect("builder-inited", run_all)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
