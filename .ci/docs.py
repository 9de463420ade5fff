"""What the pipeline reads from the project's own documents, so that they and it cannot drift apart.

docs.py command N       the N-th install command of README.md, as it stands there
docs.py examples [NAME] runs the Python examples of README.md and docs/, those of a page as one program, with those that
                        need package NAME; several names one after another
docs.py links           fails when a Markdown file links to a file that is not there
docs.py extra NAME      the requirements of an extra, one a line
docs.py baseline BUILD  the sources that CMake compiles in BUILD for the lowest ISA, one a line
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Documents whose blocks of "python" run one after the other, and of "python NAME" where the package NAME is installed.
# Blocks of "py" are parts of something, and do not run.
WITH_EXAMPLES = (
    "README.md",
    *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/guide/*.md")),
    "docs/sweep.md",
    "docs/online.md",
    "docs/out-of-core.md",
    "docs/dask.md",
    "docs/user-loss.md",
    "docs/export.md",
)


def code_blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def command(number: str) -> str:
    lines = [line for block in code_blocks("README.md", "sh") for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("pip install")]
    if len(commands) != 2:
        raise SystemExit(f"README.md has {len(commands)} lines that begin with 'pip install'; it promises two")
    return commands[int(number) - 1]


def examples(*packages: str) -> str:
    language = f"python(?: (?:{'|'.join(packages)}))?" if packages else "python"
    for document in WITH_EXAMPLES:
        program = "\n".join(code_blocks(document, language))
        print(f"{document}:", flush=True)
        if subprocess.run([sys.executable, "-c", program]).returncode != 0:
            raise SystemExit(f"the examples of {document} do not run")
    return f"examples: {len(WITH_EXAMPLES)} documents, all run"


def prose(document: Path) -> str:
    return re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def links() -> str:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose(document))
        if "://" not in target and not (document.parent / target).exists()
    ]
    if broken:
        raise SystemExit("links that lead nowhere:\n" + "\n".join(broken))
    return f"links: {len(documents)} documents, all found"


def extra(name: str) -> str:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return "\n".join(project["optional-dependencies"][name])


def baseline(build: str) -> str:
    entries = json.loads((ROOT / build / "compile_commands.json").read_text(encoding="utf-8"))
    files = {Path(entry["file"]).relative_to(ROOT) for entry in entries if "FASTGD_ISA_" not in entry["command"]}
    return "\n".join(sorted(str(file) for file in files if file.parts[0] == "cpp"))


if __name__ == "__main__":
    verbs: dict[str, Callable[..., str]] = {f.__name__: f for f in (command, examples, links, extra, baseline)}
    if len(sys.argv) < 2 or sys.argv[1] not in verbs:
        raise SystemExit(__doc__)
    print(verbs[sys.argv[1]](*sys.argv[2:]))
