import stat
import subprocess
import sys
from pathlib import Path

import pytest

from proxy_core.errors import StoreError
from proxy_core.stores.lock import turn
from tests.architecture.tree import ROOT

HOLD = """
import sys
from pathlib import Path
from proxy_core.stores.lock import turn
with turn(Path(sys.argv[1]), "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with pytest.raises(ValueError, match="inside"), turn(path, "the file"):
        raise ValueError("inside")
    with turn(path, "the file", timeout_s=0):
        assert path.exists()
        assert sys.platform == "win32" or stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_another_process_is_waited_for_and_a_dead_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        too_long = pytest.raises(StoreError, match="holds the settings file for too long")
        with too_long, turn(path, "the settings file", timeout_s=0.1):
            pytest.fail("two hold it")
        holder.kill()
        holder.wait()
        with turn(path, "the settings file", timeout_s=5):
            pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"), turn(tmp_path / "file" / "lock", "it"):
        pytest.fail("no folder, no lock")
