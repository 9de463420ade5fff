"""A run that goes on from a checkpoint ends with the bits of one that was never ended."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _runs import RUNS, SWEEPS, Ended, bits, descend, end_after, sweep

import fastgd
from fastgd import Checkpoint, _saves


def message_of(call: Callable[[], object]) -> str | None:
    """Why it is refused; None where it is not."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("every", "n_written"), [(2, 2), ("1e-9s", 3)])
def test_goes_on_with_the_same_bits(
    name: str, every: int | str, n_written: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = descend(name)
    kept = Checkpoint(tmp_path / "run.ckpt", every)
    end_after(n_written, monkeypatch)
    with pytest.raises(Ended):
        descend(name, checkpoint=kept, n_threads=1)
    assert bits(descend(name, checkpoint=kept, n_threads=2)) == bits(whole)
    # Once it has come to its end it is there at once.
    end_after(1, monkeypatch)
    assert bits(descend(name, checkpoint=kept)) == bits(whole)


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize("every", [1, "1e-9s"])
@pytest.mark.parametrize("n_threads", [(1, 2), (2, 1)], ids=["to_two_threads", "to_one_thread"])
def test_a_sweep_goes_on_with_the_same_bits(
    name: str, every: int | str, n_threads: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(**options: Any) -> list[Any]:
        result = sweep(name, **options)
        scores = {} if result.scores is None else result.scores
        return [*map(bits, result.results), *(np.asarray(column).tobytes() for column in scores.values())]

    whole = found()
    kept = Checkpoint(tmp_path / "sweep.ckpt", every)
    end_after(3, monkeypatch)
    with pytest.raises(Ended):
        found(checkpoint=kept, n_threads=n_threads[0])
    assert found(checkpoint=kept, n_threads=n_threads[1]) == whole
    end_after(1, monkeypatch)
    assert found(checkpoint=kept) == whole


def test_another_sweep_is_told_apart(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "sweep.ckpt")
    sweep("folds", checkpoint=kept)
    with pytest.raises(ValueError, match="there cv is 3, here 2"):
        sweep("folds", checkpoint=kept, cv=2)
    with pytest.raises(
        ValueError, match=r"optimizer is 3 x Adam\(lr=0\.01, .*, 3 x Adam\(lr='auto', .*, here 3 x Adam"
    ):
        sweep("folds", checkpoint=kept, grid={"lr": [0.02, "auto"]})
    with pytest.raises(ValueError, match="checkpoint must be None with halving"):
        sweep("folds", checkpoint=kept, halving=True)


def test_is_written_when_it_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def epochs(every: int | str, **options: Any) -> list[int]:
        written: list[int] = []
        monkeypatch.setattr(_saves.Saves, "_save", lambda self, n_epochs, state: written.append(n_epochs))
        descend("full batches", checkpoint=Checkpoint(tmp_path / "run.ckpt", every), **options)
        return written

    assert epochs(1) == [1, 2, 3, 4, 5, 6]
    assert epochs(4) == [4, 6]
    assert epochs(100) == epochs("3600s") == [6]
    assert epochs("1e-9s") == [1, 2, 3, 4, 5, 6]
    assert epochs(100, callbacks=lambda info: info.epoch == 2) == [3]
    assert epochs(1, tol=1.0, n_iter_no_change=1) == [1, 2]


def test_a_finished_run_goes_on_when_asked_for_more(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "run.ckpt", every=10)
    descend("momentum", checkpoint=kept)
    assert bits(descend("momentum", checkpoint=kept, max_epochs=9)) == bits(descend("momentum", max_epochs=9))


def test_a_run_that_a_callback_has_ended_stays_ended(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "run.ckpt")
    ended = descend("momentum", checkpoint=kept, callbacks=lambda info: info.epoch == 2)
    assert ended.status == "callback"
    assert bits(descend("momentum", checkpoint=kept)) == bits(ended)


def test_ctrl_c_and_a_time_limit_leave_the_last_one(tmp_path: Path) -> None:
    def interrupt(info: fastgd.EpochInfo) -> None:
        if info.epoch == 3:
            raise KeyboardInterrupt

    whole = descend("idle columns")
    ends: dict[str, dict[str, Any]] = {"interrupted": {"callbacks": interrupt}, "time_limit": {"time_limit": 1e-9}}
    for status, how in ends.items():
        kept = Checkpoint(tmp_path / f"{status}.ckpt")
        assert descend("idle columns", checkpoint=kept, **how).status == status
        assert bits(descend("idle columns", checkpoint=kept)) == bits(whole)


def test_kill_at_any_moment(tmp_path: Path) -> None:
    """200 times; what is there is always whole, and the run that comes to its end has the bits of one alone."""
    moments = random.Random(0)
    path = tmp_path / "run.ckpt"
    n_kills = n_ends = 0
    # A run alone takes less; beside others on a busy machine it may take any time.
    longest = 0.08
    names = ["idle columns", "a table of slopes", "mixture, batches", "dropout", "line searches"]
    while n_kills < 200:
        name = names[n_ends % len(names)]
        options = {"checkpoint": Checkpoint(path, "0.002s"), "n_threads": 1 + n_kills % 2, "max_epochs": 40}
        child = os.fork()
        if child == 0:
            try:
                descend(name, **options)
            finally:
                os._exit(0)
        time.sleep(moments.uniform(0.0, longest))
        os.kill(child, signal.SIGKILL)
        if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            n_kills += 1
            longest *= 1.05
            continue
        n_ends += 1
        longest = max(0.08, longest / 2.0)
        assert bits(descend(name, **options)) == bits(descend(name, max_epochs=40))
        path.unlink()
    assert n_ends > 0


def test_what_the_killed_leave_is_swept_away(tmp_path: Path) -> None:
    left = tmp_path / ".run.ckpt.4711.tmp"
    left.write_bytes(b"half")
    (tmp_path / ".other.ckpt.4711.tmp").write_bytes(b"half")
    descend("full batches", checkpoint=Checkpoint(tmp_path / "run.ckpt"))
    assert {*os.listdir(tmp_path)} == {"run.ckpt", ".other.ckpt.4711.tmp"}


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "run.ckpt")
    descend("momentum", checkpoint=kept, max_epochs=2)
    before = (tmp_path / "run.ckpt").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.warns(RuntimeWarning, match=r"run\.ckpt could not be written after 3 epochs: .*the run goes on"):
            result = descend("momentum", checkpoint=kept)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert bits(result) == bits(descend("momentum"))
    assert os.listdir(tmp_path) == ["run.ckpt"]
    assert (tmp_path / "run.ckpt").read_bytes() == before
    assert bits(descend("momentum", checkpoint=kept)) == bits(result)


@pytest.mark.parametrize("folder", ["/proc", "/no-such-folder"])
def test_a_folder_that_takes_no_files(folder: str) -> None:
    with pytest.raises(OSError, match=f"checkpoint must be in a folder that .*, got '{folder}/run.ckpt'"):
        descend("momentum", checkpoint=Checkpoint(f"{folder}/run.ckpt"))


def test_damage_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    kept = Checkpoint(path)
    descend("full batches", checkpoint=kept, max_epochs=2)
    good = path.read_bytes()
    whole = bits(descend("full batches"))
    place = random.Random(0)

    def flip(at: int) -> bytes:
        return good[:at] + bytes([good[at] ^ 1 << place.randrange(8)]) + good[at + 1 :]

    flipped = [(at, flip(at)) for at in range(0, len(good), 3)]
    cut = [(at, good[:at]) for at in range(0, len(good), 7)]
    n_told = 0
    results: list[Any] = []
    for at, bad in cut + flipped:
        path.write_bytes(bad)
        refusal = message_of(lambda: results.append(bits(descend("full batches", checkpoint=kept))))
        if refusal is None:
            # What the flipped bit says is of no meaning, such as the hour that it was written.
            assert results.pop() == whole, at
            continue
        assert "run.ckpt is not a usable checkpoint" in refusal, at
        assert path.read_bytes() == bad
        n_told += 1
    assert n_told > 0.8 * len(cut + flipped)


def test_a_state_that_no_run_has_written_is_no_danger(tmp_path: Path) -> None:
    """Its checksums are right, so that only the core can tell."""
    path = tmp_path / "run.ckpt"
    kept = Checkpoint(path)
    place = random.Random(1)
    for name in ("mixture, line searches", "idle columns", "a table of slopes", "line searches, l1 norm"):
        path.unlink(missing_ok=True)
        descend(name, checkpoint=kept, max_epochs=2)
        with np.load(path) as archive:
            arrays = dict(archive)
        n = len(arrays["state"])
        for _ in range(60):
            state = arrays["state"].copy()
            at = place.randrange(min(n, 2000)) & ~7
            state[at : at + 8] = np.frombuffer(place.randbytes(8), np.uint8) if place.random() < 0.5 else 0xFF
            with zipfile.ZipFile(path, "w") as archive:
                for entry, array in {**arrays, "state": state[: place.choice([n, n - 1, n // 2])]}.items():
                    with archive.open(f"{entry}.npy", "w") as stream:
                        np.lib.format.write_array(stream, array)
            refusal = message_of(lambda name=name: descend(name, checkpoint=kept, max_epochs=3, time_limit=5.0))
            assert refusal is None or "checkpoint" in refusal or "finite" in refusal


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("batch_size is 32, here 16", {"batch_size": 16}),
    ("random_state is 0, here 1", {"random_state": 1}),
    ("tol is None, here 0.1", {"tol": 0.1}),
    ("shuffle is True, here False", {"shuffle": False}),
    ("order is None, here the function .*lambda", {"order": lambda epoch: np.arange(10)}),
    ("clip_norm is 0.0, here 1.0", {"clip_norm": 1.0}),
    (r"optimizer is SGD\(.*, here Adam\(", {"optimizer": fastgd.optimizers.Adam(lr=0.1)}),
    (r"optimizer is SGD\(lr=0.01.*, here SGD\(lr=0.02", {"optimizer": fastgd.optimizers.SGD(lr=0.02, momentum=0.9)}),
    ("it is of other start parameters w0", {"w0": np.ones(7)}),
]


@pytest.mark.parametrize(("what", "changed"), CHANGES, ids=[what for what, _ in CHANGES])
def test_another_run_is_told_apart(what: str, changed: dict[str, Any], tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "run.ckpt")
    descend("momentum", checkpoint=kept)
    before = (tmp_path / "run.ckpt").read_bytes()
    with pytest.raises(
        ValueError, match=rf"run\.ckpt is the checkpoint of another run, and is left as it is: .*{what}"
    ):
        descend("momentum", checkpoint=kept, **changed)
    assert (tmp_path / "run.ckpt").read_bytes() == before


def test_other_data_are_told_apart(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    y = X[:, 0] > 0.0
    other = X.copy()
    other[7, 1] += 1.0
    kept = Checkpoint(tmp_path / "run.ckpt")

    def fit(X: Any, y: Any, **options: Any) -> None:
        fastgd.minimize(fastgd.LinearObjective(X, y, **options), max_epochs=2, checkpoint=kept)

    fit(X, y)
    for data, options in [((other, y), {}), ((X, ~y), {}), ((X, y), {"sample_weight": np.arange(1.0, 51.0)})]:
        with pytest.raises(ValueError, match="it is of other data"):
            fit(*data, **options)
    with pytest.raises(ValueError, match=r"storage='float64'.*storage='float32'"):
        fit(X.astype(np.float32), y)
    with pytest.raises(ValueError, match=r"there alpha is 0.0, here 0.5"):
        fit(X, y, alpha=0.5)


def test_another_version_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Checkpoint(tmp_path / "run.ckpt")
    descend("full batches", checkpoint=kept)
    monkeypatch.setattr(_saves, "version", lambda _: "99.0")
    with pytest.raises(ValueError, match=r"is a checkpoint of fastgd 0.*, which 99.0 cannot go on from"):
        descend("full batches", checkpoint=kept)


@pytest.mark.parametrize("every", [0, -1, 1.5, "30", "s", "-3s", "infs", "nans", "", None, True])
def test_every_is_checked(every: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="every must be"):
        Checkpoint("run.ckpt", every)


def test_arguments_are_checked(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="path must be a str or a path"):
        Checkpoint(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"checkpoint must be a fastgd\.Checkpoint or None, got 'run\.ckpt'"):
        descend("full batches", checkpoint="run.ckpt")
    assert repr(Checkpoint("a", "30s")) == "Checkpoint('a', every='30s')"
    assert Checkpoint("a") == Checkpoint(Path("a"), 1) != Checkpoint("a", 2)
    assert len({Checkpoint("a"), Checkpoint("a")}) == 1
