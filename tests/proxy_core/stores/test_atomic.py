import os
import stat
from pathlib import Path

import pytest

from proxy_core.stores import atomic

PRIVATE_MODES = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_write_replaces_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write(path, b"old")
    atomic.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


@PRIVATE_MODES
def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    atomic.write(path, b"x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, tmp_path / "a")] == [0o700] * 2


def test_the_previous_version_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"1", b"2", b"3"):
        atomic.write(path, content, keep_previous=True)
    assert atomic.previous_of(path).read_bytes() == b"2"
    assert names(tmp_path) == ["file", "file.previous"]


def test_a_crash_after_keeping_leaves_no_litter_at_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    os.link(path, atomic.previous_of(path))  # as after a crash between keeping and replacing
    atomic.write(path, b"2", keep_previous=True)
    assert (path.read_bytes(), atomic.previous_of(path).read_bytes()) == (b"2", b"1")
    assert names(tmp_path) == ["file", "file.previous"]


def test_previous_is_copied_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "file"
    atomic.write(path, b"1", keep_previous=True)
    atomic.write(path, b"2", keep_previous=True)
    previous = atomic.previous_of(path)
    assert previous.read_bytes() == b"1"
    assert os.name == "nt" or stat.S_IMODE(previous.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    atomic.write(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_remove_takes_the_previous_version_along(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write(path, b"1", keep_previous=True)
    atomic.write(path, b"2", keep_previous=True)
    atomic.remove(path)
    atomic.remove(path)
    assert names(tmp_path) == []
    atomic.remove(tmp_path / "no folder" / "file")


def test_sweep_takes_only_what_killed_writers_of_this_file_left(tmp_path: Path) -> None:
    for name in (".file.0a1b.tmp", ".other.0a1b.tmp", "file", "file.tmp"):
        (tmp_path / name).touch()
    atomic.sweep(tmp_path / "file")
    assert names(tmp_path) == [".other.0a1b.tmp", "file", "file.tmp"]


def test_set_aside_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"1", b"2"):
        path.write_bytes(content)
        atomic.set_aside(path, "damaged")
    assert names(tmp_path) == ["file.damaged-1", "file.damaged-2"]
    assert (tmp_path / "file.damaged-2").read_bytes() == b"2"
