"""The pipeline's steps one at a time, each in an environment of its own: nox -l lists them."""

from __future__ import annotations

import datetime
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "venv"


@nox.session(python=["3.10", "3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Build the package and run the Python tests but those of the session peers; arguments go to pytest."""
    session.install(".[test]")
    session.run("pytest", "--ignore=tests/peers", *session.posargs)


@nox.session(python=["3.13t", "3.14t"])
def free_threaded(session: nox.Session) -> None:
    """Run the tests of threads, descent and bindings without a GIL; arguments go to pytest."""
    session.install(".[test]")
    tests = ("threads", "online", "minimize_api", "function_objective", "user_loss_errors", "plane", "neighbors_parity")
    chosen = session.posargs or [f"tests/test_{name}.py" for name in tests]
    session.run("python", "-X", "gil=0", "-m", "pytest", *chosen)


@nox.session
def peers(session: nox.Session) -> None:
    """Compare with PyTorch, optax and numba; arguments go to pytest."""
    session.install(".[test,peers]")
    session.run("pytest", "tests/peers", *session.posargs, env={"CI": "true"})


@nox.session
def lint(session: nox.Session) -> None:
    """Check formats, types and stubs."""
    session.install(".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("python", "-m", "mypy.stubtest", "fastgd._core")


@nox.session
def cpp(session: nox.Session) -> None:
    """Build one CMake preset and run its C++ tests: nox -s cpp -- clang."""
    preset = session.posargs[0] if session.posargs else "gcc"
    _cpp(session, preset)
    session.run("ctest", "--preset", preset)


@nox.session
def coverage(session: nox.Session) -> None:
    """Report the lines and branches that the tests run, of Python and of C++; arguments go to pytest."""
    session.install("coverage", "cmake", "ninja", "scikit-build-core", "pybind11")
    settings = ["cmake.define.FASTGD_COVERAGE=ON", "cmake.define.FASTGD_BUILD_TESTS=ON"]
    settings += ["build-dir=build/coverage", "install.strip=false"]
    flags = (f"--config-settings={one}" for one in settings)
    session.install("--no-build-isolation", *flags, ".[test,peers]", env={"CXX": "clang++-16"})
    # One file a program, which all its processes share while they run.
    counts = Path(session.create_tmp(), "counts")
    env = {"LLVM_PROFILE_FILE": f"{counts}/%m%c.profraw"}
    session.run("coverage", "run", "--branch", "--source=fastgd", "-m", "pytest", *session.posargs, env=env)
    session.run("ctest", "--test-dir", "build/coverage", "--output-on-failure", env=env)
    session.run("coverage", "report", "--skip-covered")
    profile = f"{counts}/all.profdata"
    session.run("llvm-profdata-16", "merge", f"--output={profile}", *map(str, counts.glob("*.profraw")), external=True)
    binaries = [
        *map(str, Path("build/coverage").glob("_core*.so")),
        *map(str, Path("build/coverage").glob("tests/cpp/*_test*")),
    ]
    session.run("python", ".ci/cpp_coverage.py", profile, *binaries)


def _cpp(session: nox.Session, preset: str) -> None:
    session.install("cmake", "ninja")
    session.run("cmake", "--preset", preset)
    session.run("cmake", "--build", "--preset", preset)


def numerics(session: nox.Session) -> None:
    """Take every float there is, and sum 10^8 rows."""
    _cpp(session, "gcc")
    session.run("ctest", "--preset", "gcc", "-C", "nightly", "-R", "thorough", "--verbose")
    session.install(".[test]")
    session.run("python", "tests/_sums.py", "100000000")


def forks(session: nox.Session) -> None:
    """Fit in a parent and in its child, 10,000 times."""
    session.install(".[test]")
    session.run("pytest", "tests/test_threads.py", "-k", "hundreds_of_children", env={"FASTGD_ROUNDS": "10000"})


def memory(session: nox.Session) -> None:
    """Refuse each allocation once; run some C++ tests under valgrind."""
    _cpp(session, "gcc")
    tests, teams = "build/gcc/tests/cpp", {"FASTGD_TEAMS": "always"}
    valgrind = ("valgrind", "--quiet", "--error-exitcode=1", "--leak-check=full", "--errors-for-leak-kinds=definite")
    for name in ("objective_test", "lbfgs_test", "owlqn_test", "neighbors_test", "rates_test"):
        session.run(*valgrind, f"{tests}/{name}", external=True, env=teams)
    session.run(f"{tests}/out_of_memory_test", "all", external=True, env=teams)


def sanitizers(session: nox.Session) -> None:
    """Run all tests of Python under AddressSanitizer and UndefinedBehaviorSanitizer."""
    # The stage tries parity on a third of the cases, which that one test would rightly call too few.
    tests = "tests --ignore=tests/peers --deselect=tests/test_parity.py::test_every_pair_of_circumstances_is_tried"
    env = {"FASTGD_SANITIZED": tests, "FASTGD_SANITIZED_ISAS": "avx2;generic"}
    session.run("bash", ".ci/run", "sanitize", external=True, env=env)


def levels(session: nox.Session) -> None:
    """Run the C++ tests of Clang, and those for aarch64, on every instruction set."""
    session.install("cmake", "ninja")
    for preset in ("clang", "aarch64"):
        session.run("cmake", "--preset", preset, "-DFASTGD_ISAS=")
        session.run("cmake", "--build", "--preset", preset)
        session.run("ctest", "--preset", preset)


def analyzer(session: nox.Session) -> None:
    """Run Clang's static analyzer over what is compiled for the lowest instruction set."""
    session.install("cmake", "ninja")
    session.run("cmake", "--preset", "clang")
    sources = session.run("python", ".ci/docs.py", "baseline", "build/clang", silent=True)
    # NewDelete takes the union in std::optional for a second destructor; AddressSanitizer watches over that instead.
    checks = "--checks=-*,clang-analyzer-core.*,clang-analyzer-cplusplus.*,-clang-analyzer-cplusplus.NewDelete"
    session.run("clang-tidy-16", "-p", "build/clang", "--quiet", checks, *(sources or "").split(), external=True)


def threads(session: nox.Session) -> None:
    """Run the C++ tests under ThreadSanitizer."""
    _cpp(session, "tsan")
    session.run("ctest", "--preset", "tsan")


def fuzz(session: nox.Session) -> None:
    """Fuzz each reader of files for ten minutes, and the kernels with 20,000 cases of the day's own."""
    session.install("atheris", ".[test]")
    for reader in ("csv", "svmlight", "npy", "model", "checkpoint"):
        corpora = (session.create_tmp(), f"tests/fuzz/corpus/{reader}")
        session.run("python", "tests/fuzz/fuzz_readers.py", reader, *corpora, "-max_total_time=600")
    day = str(datetime.date.today().toordinal())
    session.run("pytest", "tests/test_differential.py", env={"FASTGD_CASES": "20000", "FASTGD_SEED": day})


PARTS = (numerics, forks, memory, sanitizers, levels, analyzer, threads, fuzz)
NIGHTLY = {part.__name__: part for part in PARTS}


@nox.session
@nox.parametrize("part", [*NIGHTLY])
def nightly(session: nox.Session, part: str) -> None:
    """Run what takes too long for every change: nox -s "nightly(part='numerics')"."""
    NIGHTLY[part](session)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation in build/docs."""
    session.install(".[docs]")
    session.run("sphinx-build", "-nW", "--keep-going", "--conf-dir", "docs", ".", "build/docs")


@nox.session
def bench(session: nox.Session) -> None:
    """Run the Python benchmarks; arguments go to them."""
    session.install(".[bench]")
    session.run("fastgd", "bench", *session.posargs)
