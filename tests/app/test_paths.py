import os
import stat
from pathlib import Path

import pytest

from app.paths import make_private, paths


def test_everything_is_below_the_chosen_folder(tmp_path: Path) -> None:
    chosen = paths(str(tmp_path))
    places = (chosen.settings, chosen.state, chosen.usage, chosen.vault, chosen.log, chosen.keyring_lock)
    assert all(place.is_relative_to(tmp_path) for place in places)
    assert len(set(places)) == len(places)
    assert list(tmp_path.iterdir()) == []


def test_relative_folders_and_the_home_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "me"))
    assert paths("here").config == (tmp_path / "here").resolve()
    assert paths("~/there").config == (tmp_path / "me" / "there").resolve()


@pytest.mark.parametrize("home", [None, ""])
def test_without_a_folder_it_is_the_system_s_own(home: str | None) -> None:
    own = paths(home)
    assert own.home is None
    assert own.keyring_service == "Trunkline"
    assert "trunkline" in str(own.config).lower()
    assert own.config.is_relative_to(os.environ["HOME"]), "the tests' own home"


def test_two_folders_mix_neither_keyring_entries_nor_instances(tmp_path: Path) -> None:
    one, two = paths(str(tmp_path / "1")), paths(str(tmp_path / "2"))
    assert one == paths(f"{tmp_path}/x/../1/")
    assert len({one.keyring_service, two.keyring_service, paths(None).keyring_service}) == 3
    assert len({one.instance, two.instance, paths(None).instance}) == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "b")
    make_private(tmp_path / "a" / "b")
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b")} == {0o700}
