"""Holds the per-ISA object files to exporting one table each and nothing else.

Code compiled for AVX-512 must never be reached by a caller that runs on every machine. A weak symbol (an inline
function or a template of the standard library, say) would be: the linker keeps one copy for all, maybe that one.

check_symbols.py BUILD: reads BUILD/compile_commands.json and runs nm.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEAK = set("WVuwv")
# What the compiler itself may call without being asked.
FREESTANDING = {"memcpy", "memset", "memmove", "memcmp", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}
# Code that runs on every machine, compiled once: fma(), and our own scalar maths (runtime/scalar_math.hpp).
BASELINE = re.compile(r"fmaf?|_ZN6fastgd6scalar\w+")


def per_isa_objects(build: Path) -> list[Path]:
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    return [
        # As the command has it: older versions of CMake have no "output" beside it.
        Path(entry["directory"]) / shlex.split(entry["command"].partition(" -o ")[2])[0]
        for entry in entries
        # The tests' own programs are chosen by machine, never linked with others.
        if "FASTGD_ISA_" in entry["command"] and Path(entry["file"]).relative_to(ROOT).parts[0] != "tests"
    ]


def symbols(path: Path) -> list[tuple[str, str]]:
    """The (name, nm letter) of every symbol of an object file."""
    out = subprocess.run(["nm", "--format=posix", str(path)], capture_output=True, text=True, check=True).stdout
    return [(fields[0], fields[1]) for line in out.splitlines() if len(fields := line.split()) >= 2]


def complaints(path: Path) -> list[str]:
    found = symbols(path)
    weak = [name for name, letter in found if letter in WEAK]
    exported = [name for name, letter in found if letter.isupper() and letter != "U" and letter not in WEAK]
    foreign = [name for name, letter in found if letter == "U" and name not in FREESTANDING]
    foreign = [name for name in foreign if not BASELINE.fullmatch(name)]
    result = [f"weak symbol {name}" for name in weak] + [f"calls {name}" for name in foreign]
    if len(exported) != 1:
        result.append(f"exports {exported}, not one table")
    return result


def main() -> int:
    objects = per_isa_objects(Path(sys.argv[1]))
    if not objects:
        print("no per-ISA object file found")
        return 1
    bad = {path: lines for path in objects if (lines := complaints(path))}
    for path, lines in bad.items():
        print(path, *lines, sep="\n    ")
    print(f"symbols: {len(objects)} per-ISA object files, {len(bad)} at fault")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
