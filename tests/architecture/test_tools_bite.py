"""The configured tools fail on planted violations: import contracts, ruff rule families, mypy, pytest."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
CONTRACTS = [contract["name"] for contract in CONFIGURATION["importlinter"]["contracts"]]

SKELETON = (
    "app/application.py", "app/bridge.py", "app/tray.py", "app/windows/about/presenter.py",
    "app/windows/about/window.py", "app/windows/usage/window.py", "proxy_core/proxy.py", "proxy_core/sse.py",
    "proxy_core/jsonbytes.py", "proxy_core/dialect.py", "proxy_core/provider.py",
    "proxy_core/provider_key.py", "proxy_core/tasks.py",
    "proxy_core/ir/message.py", "proxy_core/server/http.py", "proxy_core/relay/relay.py",
    "proxy_core/routing/plan.py", "proxy_core/accounts/pool.py", "proxy_core/usage/ledger.py",
    "proxy_core/stores/memory.py", "proxy_core/transports/replay.py", "proxy_core/dialects/one/request.py",
    "proxy_core/dialects/two/request.py", "proxy_core/providers/one/upstream.py",
    "proxy_core/providers/two/upstream.py",
)  # fmt: skip
ALLOWED = {"app/application.py": "import proxy_core.stores.memory\n"}
FORBIDDEN = {
    "proxy_core/server/http.py": "import app.tray\nimport PySide6.QtCore\n",
    "proxy_core/stream_cutting.py": "",
    "proxy_core/dialects/one/request.py": "import asyncio\nimport proxy_core.dialects.two.request\n",
    "proxy_core/providers/one/upstream.py": "import proxy_core.ir.message\n",
    "proxy_core/providers/two/upstream.py": "import proxy_core.providers.one.upstream\n",
    "proxy_core/routing/plan.py": "import proxy_core.dialects.one.request\n",
    "app/windows/about/presenter.py": "import PySide6.QtCore\n",
    "app/windows/about/window.py": "import app.windows.usage.window\nimport proxy_core.relay.relay\n",
    "app/tray.py": "import proxy_core.stores.memory\nimport app.bridge\n",
    "app/bridge.py": "import app.tray\n",
}

RUFF_VIOLATIONS = {
    "E711": "x == None",
    "F401": "import json",
    "W605": "'\\d'",
    "I001": "import sys\nimport ast",
    "N801": "class lower: ...",
    "UP035": "from typing import List",
    "B006": "def f(a=[]): ...",
    "C401": "set(x for x in y)",
    "SIM118": "k in d.keys()",
    "RET505": "def f():\n    if x:\n        return 1\n    else:\n        return 2",
    "PIE790": "def f():\n    '''d'''\n    pass",
    "PTH118": "import os\nos.path.join(a, b)",
    "T201": "print(1)",
    "TID251": "import asyncio\nasyncio.create_task(x)",
    "TID252": "from . import a",
    "ASYNC251": "import time\nasync def f():\n    time.sleep(1)",
    "BLE001": "try:\n    f()\nexcept Exception:\n    g()",
    "ERA001": "# x = 1",
    "G004": "import logging\nlogging.info(f'{x}')",
    "D103": "def public(): ...",
    "PGH003": "x = 1  # type: ignore",
    "RUF006": "import asyncio\nasyncio.ensure_future(x)",
    "RUF100": "x = 1  # noqa: E711",
    "S105": "password = 'abc'",
    "S113": "import requests\nrequests.get('x')",
    "PT011": "import pytest\nwith pytest.raises(ValueError):\n    f()",
    "E501": "x = '" + "a" * 110 + "'",
    "C901": "def f():\n" + "    if x: ...\n" * 11,
    "PLR0915": "def f():\n" + "    g()\n" * 41,
}

TESTS_THAT_FAIL = """
import asyncio, logging, time, types, warnings
from unittest.mock import AsyncMock as Client
import pytest
from proxy_core import slow
from proxy_core.relay.relay import Relay

def test_warning(): warnings.warn("old", DeprecationWarning)
def test_log(): logging.getLogger("x").warning("loud")
async def test_blocking(): slow.nap()
@pytest.mark.xfail
def test_unexpected_pass(): pass
@pytest.mark.timeout(0.2)
def test_hanging():
    while True: pass
@pytest.mark.qtloop
async def test_qt_log():
    from PySide6.QtCore import qWarning
    qWarning("loud")

async def half_a_stream(relay, exchange, sink):
    await sink.start(200, {})
    await sink.write(b'data: {"id":"x"}\\n\\n')
    await sink.finish()

Relay.run = half_a_stream  # what the proxy tells its clients is held against their dialects' rules
async def test_stream():
    chat = types.SimpleNamespace(name="openai_chat")
    asked = types.SimpleNamespace(dialect=chat, upstream_dialect="x", failure=None, operation="chat")
    await Relay.run(None, asked, Client())
"""
TESTS_THAT_PASS = """
import asyncio, logging
import pytest
from proxy_core import slow

@pytest.mark.allow_logs
def test_allowed_log(): logging.getLogger("x").warning("loud")
async def test_off_the_loop(): await asyncio.to_thread(slow.nap)
@pytest.mark.qtloop
async def test_qt_loop(): assert type(asyncio.get_running_loop()).__name__ == "DesktopLoop"
@pytest.mark.network
def test_deselected(): assert False
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    scripts = sysconfig.get_path("scripts")
    program = shutil.which(command[0], path=scripts) or command[0]
    return subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree under the real configuration."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in SKELETON:
        plant(tmp_path, name, ALLOWED.get(name, ""))
    for top in ("app", "proxy_core"):
        for folder in (tmp_path / top, *(path for path in (tmp_path / top).rglob("*") if path.is_dir())):
            (folder / "__init__.py").touch()
    return tmp_path


def plant(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "utf-8")


def verdicts(root: Path) -> dict[str, str]:
    """Return KEPT or BROKEN by contract."""
    said = run(root, "lint-imports", "--no-cache").stdout
    return {
        name: found[1]
        for name in CONTRACTS
        if (found := re.search(rf"^{re.escape(name)} (KEPT|BROKEN)", said, re.M))
    }


def test_every_import_contract_bites(tree: Path) -> None:
    assert verdicts(tree) == dict.fromkeys(CONTRACTS, "KEPT")
    for name, text in FORBIDDEN.items():
        plant(tree, name, text)
    assert verdicts(tree) == dict.fromkeys(CONTRACTS, "BROKEN")


def test_every_ruff_rule_bites(tree: Path) -> None:
    for code, text in RUFF_VIOLATIONS.items():
        plant(tree, f"planted/{code}.py", f"{text}\n")
    found = json.loads(run(tree, "ruff", "check", "--no-cache", "--output-format=json", "planted").stdout)
    codes = {(Path(one["filename"]).stem, one["code"]) for one in found}
    assert {code for code in RUFF_VIOLATIONS if (code, code) not in codes} == set()
    planned = {
        code
        for rule in CONFIGURATION["ruff"]["lint"]["select"]
        for code in RUFF_VIOLATIONS
        if code.startswith(rule)
    }
    assert planned == set(RUFF_VIOLATIONS)


def test_mypy_bites(tree: Path) -> None:
    plant(tree, "proxy_core/tasks.py", "def f(x): return x\n")
    said = run(tree, sys.executable, "-m", "mypy", "--cache-dir", str(tree / "cache"), "proxy_core/tasks.py")
    assert (said.returncode, "[no-untyped-def]" in said.stdout) == (1, True)


def test_pytest_bites(tree: Path) -> None:
    plant(tree, "tests/test_planted.py", TESTS_THAT_FAIL)
    plant(tree, "tests/test_clean.py", TESTS_THAT_PASS)
    plant(tree, "proxy_core/slow.py", "import time\ndef nap(): time.sleep(0.001)\n")
    for name in ("conftest.py", "linting.py"):
        shutil.copy(ROOT / "tests" / name, tree / "tests")
    (tree / "tests/upstreams").mkdir()
    for path in [*(ROOT / "tests/upstreams").glob("lint*.py"), ROOT / "tests/upstreams/sse_lines.py"]:
        shutil.copy(path, tree / "tests/upstreams")
    shutil.copytree(ROOT / "app", tree / "app", dirs_exist_ok=True)
    shutil.copytree(ROOT / "proxy_core", tree / "proxy_core", dirs_exist_ok=True)
    said = run(tree, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA").stdout
    outcomes = {
        (found[2], found[1]) for found in re.finditer(r"^(\w+) tests/test_\w+\.py::(\w+)", said, re.M)
    }
    planted = set(re.findall(r"def (test_\w+)", TESTS_THAT_FAIL))
    assert {name for name, outcome in outcomes if outcome in ("FAILED", "ERROR")} == planted, said
    assert {name for name, outcome in outcomes if outcome == "PASSED"} - planted == {
        "test_allowed_log", "test_off_the_loop", "test_qt_loop",
    }  # fmt: skip


def test_an_unknown_marker_is_an_error(tree: Path) -> None:
    plant(tree, "tests/test_planted.py", "import pytest\n@pytest.mark.netwrok\ndef test_x(): pass\n")
    assert "'netwrok' not found in `markers`" in run(tree, sys.executable, "-m", "pytest", "-q").stdout
