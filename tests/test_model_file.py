"""Model files: what comes back is what was saved; a damaged or foreign file is refused, never executed."""

from __future__ import annotations

import json
import os
import pickle
import stat
import struct
import zipfile
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from fastgd import _model_file
from fastgd._model_file import Model


def a_model(**changes: Any) -> Model:
    fields: dict[str, Any] = {
        "loss": "multinomial",
        "coef": np.arange(6.0).reshape(3, 2) / 7,
        "intercept": np.array([0.5, -1.5, 1e-300]),
        "classes": ["rød", "grün", "blue,\n"],
        "feature_names": ["länge", "b"],
        "training": {"rows": 10, "scores": {"train": 0.5}},
        "fastgd_version": "0.1.0",
    }
    return Model(**(fields | changes))


def write(path: Path, header: object = None, **arrays: Any) -> Path:
    """A model file with some of its parts replaced; `header` is a dict of changes, the raw bytes, or the entry."""
    model = a_model()
    good: dict[str, Any] = {
        "format": "fastgd-model",
        "version": 1,
        "loss": model.loss,
        "loss_params": {},
        "classes": model.classes,
        "feature_names": model.feature_names,
        "n_features": 2,
        "fastgd_version": "9.9",
        "training": {},
    }
    if isinstance(header, dict):
        good |= header
    raw = header if isinstance(header, bytes) else json.dumps(good).encode()
    entry = header if isinstance(header, np.ndarray) else np.frombuffer(raw, np.uint8)
    parts = {"header": entry, "coef": model.coef, "intercept": model.intercept} | arrays
    np.savez(path, **{name: part for name, part in parts.items() if part is not None})
    return path


@pytest.mark.parametrize(
    "model",
    [
        a_model(),
        a_model(classes=[1, 2, 5], feature_names=None),
        a_model(classes=[0.5, 1.5], coef=np.ones((1, 2), np.float32), intercept=np.ones(1, np.float32)),
        a_model(loss="huber", loss_params={"epsilon": 0.25}, classes=None),
        a_model(coef=np.asfortranarray(np.arange(6.0).reshape(3, 2))),
    ],
)
def test_what_comes_back_is_what_was_saved(tmp_path: Path, model: Model) -> None:
    _model_file.save(tmp_path / "m", model)
    back = _model_file.load(tmp_path / "m")
    for name in ("coef", "intercept"):
        assert getattr(back, name).dtype == getattr(model, name).dtype
        np.testing.assert_array_equal(getattr(back, name), getattr(model, name))
    for name in ("loss", "loss_params", "classes", "feature_names", "training", "fastgd_version"):
        assert getattr(back, name) == getattr(model, name)


def test_the_file_is_plain_numpy_and_json(tmp_path: Path) -> None:
    _model_file.save(tmp_path / "m.npz", a_model())
    with np.load(tmp_path / "m.npz", allow_pickle=False) as archive:
        header = json.loads(archive["header"].tobytes())
        np.testing.assert_array_equal(archive["coef"], a_model().coef)
    assert (header["format"], header["version"], header["n_features"]) == ("fastgd-model", 1, 2)


def test_a_file_of_another_writer_may_store_columns_first(tmp_path: Path) -> None:
    write(tmp_path / "m.npz", coef=np.asfortranarray(a_model().coef))
    np.testing.assert_array_equal(_model_file.load(tmp_path / "m.npz").coef, a_model().coef)


def test_equal_models_make_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        _model_file.save(tmp_path / name, a_model())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    _model_file.save(path, a_model())
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"m is not a usable model file"):
            _model_file.load(path)


def test_one_flipped_byte_is_refused_or_does_not_matter(tmp_path: Path) -> None:
    path, model = tmp_path / "m", a_model()
    _model_file.save(path, model)
    whole = bytearray(path.read_bytes())
    refused = 0
    for place in range(len(whole)):
        damaged = whole.copy()
        damaged[place] ^= 0x21
        path.write_bytes(damaged)
        try:
            back = _model_file.load(path)
        except ValueError:
            refused += 1
        else:
            np.testing.assert_array_equal(back.coef, model.coef)
            assert back.classes == model.classes
    # What may pass are the fields of the zip archive that nothing reads, such as dates and attributes.
    assert refused > 0.8 * len(whole)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("exploded",))


@pytest.mark.parametrize("entry", ["header", "coef", "intercept"])
def test_a_pickle_is_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"entry '{entry}'.*pickled"):
        _model_file.load(write(tmp_path / "m.npz", **{entry: np.array([Bomb()], object)}))
    (tmp_path / "bare").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="zip archive"):
        _model_file.load(tmp_path / "bare")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"version": 2}, "version 2 of the format is unknown, 1 is known; it was written by fastgd 9.9"),
        ({"format": "other"}, "format 'fastgd-model'"),
        ({"loss": 3}, "'loss' has the wrong type: 3"),
        ({"loss_params": {"epsilon": "x"}}, "'epsilon' must be a number"),
        ({"n_features": 3}, "says 3 features, coef has 2"),
        ({"n_features": True}, "'n_features' has the wrong type"),
        ({"feature_names": ["a"]}, "1 feature names for 2 features"),
        ({"feature_names": ["a", "a"]}, "distinct"),
        ({"feature_names": ["a", 2]}, "distinct strings"),
        ({"classes": ["a", "b"]}, "2 classes, coef 3 outputs"),
        ({"classes": ["a", 1, 2]}, "all strings, all integers or all floats"),
        ({"classes": ["a", "a", "b"]}, "classes must be distinct"),
        ({"classes": []}, "0 classes"),
        ({"training": None}, "'training' has the wrong type"),
    ],
)
def test_a_wrong_header_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _model_file.load(write(tmp_path / "m.npz", changes))


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"coef": np.ones((3, 2), np.int64)}, "coef must be float32 or float64, not int64"),
        ({"coef": np.ones((3, 2), np.float32)}, "they must agree"),
        ({"coef": np.ones(6)}, "coef must have 2 axes"),
        ({"coef": np.ones((2, 2))}, "coef has 2 outputs, intercept 3"),
        ({"coef": np.ones((3, 0))}, "at least one entry"),
        ({"coef": np.full((3, 2), np.nan)}, r"coef holds nan at index \(0, 0\)"),
        ({"intercept": np.array([0, np.inf, 0])}, r"intercept holds inf at index \(1,\)"),
        ({"coef": None}, "should hold header, coef, intercept"),
        ({"extra": np.ones(1)}, "holds coef.npy, extra.npy"),
        ({"header": np.ones(3)}, "'header' must be a uint8 vector"),
    ],
)
def test_wrong_arrays_are_named(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _model_file.load(write(tmp_path / "m.npz", **arrays))


@pytest.mark.parametrize("raw", [b"{", b"[1]", b"\xff\xfe", b'{"format": NaN}', b"[" * 100_000])
def test_a_header_that_is_no_json_object_is_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        _model_file.load(write(tmp_path / "m.npz", raw))


def test_an_array_that_promises_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    stream = BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 2)})
    write(tmp_path / "m.npz", coef=None)
    with zipfile.ZipFile(tmp_path / "m.npz", "a") as archive:
        archive.writestr("coef.npy", stream.getvalue())
    with pytest.raises(ValueError, match=r"'coef' of shape .* needs \d+ bytes, 0 are there"):
        _model_file.load(tmp_path / "m.npz")


def test_a_compressed_entry_is_refused_before_it_grows(tmp_path: Path) -> None:
    with zipfile.ZipFile(write(tmp_path / "good.npz")) as good, zipfile.ZipFile(tmp_path / "m.npz", "w") as bad:
        for name in good.namelist():
            kind = zipfile.ZIP_DEFLATED if name == "coef.npy" else zipfile.ZIP_STORED
            bad.writestr(name, good.read(name), kind)
    with pytest.raises(ValueError, match=r"coef\.npy is compressed"):
        _model_file.load(tmp_path / "m.npz")


def test_an_entry_that_claims_to_be_longer_than_the_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.npz")
    whole = bytearray(path.read_bytes())
    # Both sizes of the first entry in the archive's directory.
    place = whole.index(b"PK\x01\x02")
    whole[place + 20 : place + 28] = struct.pack("<II", 1 << 30, 1 << 30)
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=r"longer than the file"):
        _model_file.load(path)


def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.npz")
    with zipfile.ZipFile(path) as archive:
        again = archive.read("coef.npy")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("coef.npy", again)
    with pytest.raises(ValueError, match=r"holds coef.npy, coef.npy"):
        _model_file.load(path)


@pytest.mark.parametrize("changes", [b'{"format": 1e999}', b'{"format": "\\ud800"}'])
def test_a_header_that_could_not_be_written_again_is_refused(tmp_path: Path, changes: bytes) -> None:
    with pytest.raises(ValueError, match="entry 'header' is not UTF-8 JSON"):
        _model_file.load(write(tmp_path / "m.npz", changes))


@pytest.mark.parametrize("shape", ["(-3, -2)", f"(0, {2**70})", "(3, 2)" + " " * 20_000])
def test_a_shape_that_no_array_has_is_refused(tmp_path: Path, shape: str) -> None:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    write(tmp_path / "m.npz", coef=None)
    with zipfile.ZipFile(tmp_path / "m.npz", "a") as archive:
        archive.writestr("coef.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text + bytes(48))
    with pytest.raises(ValueError, match=r"m\.npz is not a usable model file: entry 'coef'"):
        _model_file.load(tmp_path / "m.npz")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_model_that_is_not_finite_is_not_saved(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="cannot be saved"):
        _model_file.save(tmp_path / "m", a_model(intercept=np.full(3, value)))
    with pytest.raises(ValueError, match="cannot be saved"):
        _model_file.save(tmp_path / "m", a_model(training={"objective": value}))
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"old")

    def fail(stream: IO[bytes]) -> None:
        stream.write(b"new, half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _model_file.write_atomically(tmp_path / "m", fail)
    assert (tmp_path / "m").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")
def test_the_file_keeps_links_and_obeys_the_umask(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "m")
    before = os.umask(0o027)
    try:
        _model_file.save(tmp_path / "link", a_model())
    finally:
        os.umask(before)
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE((tmp_path / "folder" / "m").stat().st_mode) == 0o640


def test_scores_come_in_blocks_and_any_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    model = a_model(coef=np.ones((3, 2), np.float32), intercept=np.arange(3, dtype=np.float32))
    monkeypatch.setattr(_model_file, "_BLOCK_BYTES", 24)
    X = np.arange(20, dtype=np.uint8).reshape(10, 2)
    assert [len(block) for block in model.raw_blocks(X)] == [3, 3, 3, 1]
    np.testing.assert_array_equal(model.raw(X), X.astype(float) @ np.ones((2, 3)) + np.arange(3))


def test_predictions_follow_the_scores() -> None:
    two = a_model(classes=["no", "yes"], coef=np.ones((1, 2)), intercept=np.zeros(1))
    np.testing.assert_array_equal(two.class_index(np.array([[-1.0], [0.0], [1.0]])), [0, 0, 1])
    np.testing.assert_array_equal(a_model().class_index(np.array([[1.0, 3.0, 3.0], [0.0, 0.0, 0.0]])), [1, 0])
    for loss, expected in (("poisson", np.exp(2.0)), ("huber", 2.0)):
        model = a_model(loss=loss, classes=None, coef=np.ones((1, 2)), intercept=np.zeros(1))
        np.testing.assert_array_equal(model.mean(np.array([[2.0]])), [expected])
