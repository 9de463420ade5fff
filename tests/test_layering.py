"""Who may include and import whom: the layers are read off the sources, so that they hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CPP = ROOT / "cpp"
PACKAGE = ROOT / "python" / "fastgd"


def table_of_layers() -> dict[str, set[str]]:
    """What a file of each folder of cpp/, or a header that is a door, may include: the table of the documentation."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("| a file in |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", table, flags=re.MULTILINE)
    return {name: set(re.findall(r"`([^`]+)`", allowed)) for name, allowed in rows}


MAY_INCLUDE = table_of_layers()

# Waiting and copying are no arithmetic: who waits may pause the core, who copies may pass the cache by.
INTRINSICS = re.compile(
    r"\b_mm\d*_(?!pause\b|stream_si64\b|sfence\b)|\b__m(128|256|512)|\b__mmask\d|__builtin_ia32_(?!pause\b)"
    r"|\b(float|u?int|bfloat|poly)\d+x\d+(x\d)?_t\b|\bv(ld|st)1q?_|\bvector_size\b"
)
OPENMP = re.compile(r"#\s*pragma\s+omp|_Pragma\(\"omp|\bomp\.h\b|\bomp_[a-z]")
PYBIND = re.compile(r"\bpybind11\b|\bPython\.h\b")

SOURCE_SUFFIXES = {".cpp", ".hpp", ".h", ".py", ".pyi", ".cmake", ".sh"}
MAX_LINES = 450


def cpp_files(folder: Path) -> list[Path]:
    return sorted(path for suffix in ("*.hpp", "*.h", "*.cpp") for path in folder.rglob(suffix))


def code(path: Path) -> str:
    """The text of a C++ file without its comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', code(path), flags=re.MULTILINE)


def layers(path: Path) -> list[str]:
    """The names that the table may have for a file in cpp/: of a door its own, before that of its folder."""
    inside = path.relative_to(CPP)
    return [name for name in (inside.as_posix(), inside.parts[0]) if name in MAY_INCLUDE]


def included_file(name: str) -> Path | None:
    """What an included name means; None for what is not ours."""
    return next((base / name for base in (CPP / "include", CPP) if (base / name).is_file()), None)


def forbidden_includes(path: Path) -> Iterator[str]:
    own = layers(path)[0]
    for name in includes(path):
        target = included_file(name)
        if target is not None and not {own, *MAY_INCLUDE[own]} & {*layers(target)}:
            yield f"{path.relative_to(ROOT)} ({own}) includes {name}"


def test_every_folder_of_the_core_has_its_layer() -> None:
    folders = {path.name for path in CPP.iterdir() if path.is_dir() and cpp_files(path)}
    assert folders <= set(MAY_INCLUDE), "say in docs/architecture.md what the new folder may include"


def test_the_table_of_layers_knows_no_other_names() -> None:
    names = set(MAY_INCLUDE).union(*MAY_INCLUDE.values())
    assert names == set(MAY_INCLUDE)
    assert [name for name in names if not (CPP / name).exists()] == []


@pytest.mark.parametrize("folder", sorted(path.name for path in CPP.iterdir() if path.is_dir()))
def test_includes_point_down(folder: str) -> None:
    assert [line for path in cpp_files(CPP / folder) for line in forbidden_includes(path)] == []


def test_no_include_climbs_out_of_its_folder() -> None:
    climbing = [(str(path), name) for path in cpp_files(CPP) for name in includes(path) if ".." in name]
    assert climbing == []


@pytest.mark.parametrize(
    "what, pattern, home",
    [("intrinsics", INTRINSICS, "simd"), ("OpenMP", OPENMP, "runtime"), ("pybind11", PYBIND, "bindings")],
    ids=["intrinsics", "OpenMP", "pybind11"],
)
def test_only_one_folder_knows(what: str, pattern: re.Pattern[str], home: str) -> None:
    elsewhere = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in cpp_files(CPP)
        if path.relative_to(CPP).parts[0] != home and (found := pattern.search(code(path)))
    ]
    assert elsewhere == [], f"{what} belong in cpp/{home}"


def test_patterns_find_what_they_look_for() -> None:
    assert INTRINSICS.search("__m512 x = _mm512_setzero_ps();")
    assert INTRINSICS.search("float32x4_t x = vld1q_f32(p);")
    assert not INTRINSICS.search("fastgd::Vec<float> x = load(p); std::int64_t n;")
    assert OPENMP.search("#pragma omp parallel")
    assert OPENMP.search("omp_get_thread_num()")


def imported(tree: ast.AST) -> Iterator[str]:
    """The names of the modules that a syntax tree imports; relative ones begin with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def runs_only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imported_at_import(tree: ast.Module) -> Iterator[str]:
    """What importing the module imports: not the bodies of functions, nor what only a type checker reads."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not runs_only_for_types(node):
            yield from imported(node)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names


def test_reference_imports_numpy_only() -> None:
    foreign = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((PACKAGE / "reference").rglob("*.py"))
        for module in imported(parse(path))
        if not is_standard(module) and module.split(".")[0] != "numpy" and not stays_inside_reference(path, module)
    ]
    assert foreign == []


def stays_inside_reference(path: Path, module: str) -> bool:
    if not module.startswith("."):
        return module == "fastgd.reference" or module.startswith("fastgd.reference.")
    level = len(module) - len(module.lstrip("."))
    depth = len(path.relative_to(PACKAGE / "reference").parts)
    return level <= depth


# What is imported only by who has installed the extra that it needs.
EXTRAS = {"_estimators", "covariance", "dask", "linear_model", "mixture", "neighbors", "neural_network"}


def test_importing_the_package_needs_numpy_only() -> None:
    foreign = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in EXTRAS
        for module in imported_at_import(parse(path))
        if not module.startswith(".") and not is_standard(module) and module.split(".")[0] not in {"numpy", "fastgd"}
    ]
    assert foreign == [], "extras are imported by the functions that need them"


def loaded_with_fastgd() -> list[str]:
    program = (
        "import sys, numpy; numpys = set(sys.modules); import fastgd\n"
        "print(*sorted(set(sys.modules) - numpys), sep='\\n')"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_a_fresh_interpreter_loads_numpy_only() -> None:
    packages = {name.split(".")[0] for name in loaded_with_fastgd()}
    assert packages - set(sys.stdlib_module_names) == {"fastgd"}


def test_parts_are_loaded_when_they_are_asked_for() -> None:
    assert [
        name for name in loaded_with_fastgd() if re.match(r"fastgd\.(objectives|result|_minimize|_sweep)", name)
    ] == []


def source_files() -> Iterator[Path]:
    for folder in ("cpp", "python", "tests", "bench", "examples", "cmake", ".ci"):
        for path in sorted((ROOT / folder).rglob("*")):
            is_text = path.suffix in SOURCE_SUFFIXES or path.name in {"CMakeLists.txt", "run"}
            if path.is_file() and is_text and "build" not in path.relative_to(ROOT).parts:
                yield path
    yield from (path for path in ROOT.iterdir() if path.suffix == ".py" or path.name == "CMakeLists.txt")


def test_files_stay_short() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in source_files()}
    assert {str(path): lines for path, lines in lengths.items() if lines > MAX_LINES} == {}
