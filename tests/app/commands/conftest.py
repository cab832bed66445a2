from pathlib import Path

import pytest

from tests.app.commands.running import Shell, make_shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return make_shell(tmp_path)
