"""A full disk: it goes on serving, says so once, loses nothing, and takes up again when there is space."""

import sys
from pathlib import Path

import pytest

from proxy_core.errors import StoreError
from proxy_core.stores.files import TomlSettings
from tests.hostile.disk import limit_files, survive
from tests.hostile.house import furnished

ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux changes another process's limits")


def temporary(folder: Path) -> list[Path]:
    return [one for one in folder.iterdir() if one.suffix == ".tmp"]


@ONLY_LINUX
async def test_the_ledger_waits_for_space(tmp_path: Path) -> None:
    async with furnished(tmp_path, log={"level": "info"}) as place:
        found = await survive(place, 10)
        assert found.answers == (10, 10, 10)
        assert (found.before, found.during, found.after) == (10, 10, 30)
        assert found.said == 1
        assert place.leaks() == []
        assert place.served.stop() == 0


@ONLY_LINUX
async def test_settings_that_cannot_be_written_stay_as_they_were(tmp_path: Path) -> None:
    import os
    import resource

    path = tmp_path / "settings.toml"
    path.write_text("# mine\n[usage]\nkeep_days = 1\n")
    store = TomlSettings(path, {})
    limit_files(os.getpid(), 5)
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            await store.change(lambda document: document["usage"].update(keep_days=2))
    finally:
        limit_files(os.getpid(), None)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert path.read_text() == "# mine\n[usage]\nkeep_days = 1\n"
    assert not temporary(tmp_path)
    assert (await store.change(lambda document: document["usage"].update(keep_days=2))).usage.keep_days == 2
