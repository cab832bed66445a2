"""The tree as it stands keeps every rule."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType, ModuleType

import pytest

import proxy_core
from proxy_core.registry import discover
from tests.architecture import rules
from tests.architecture.tree import ROOT, plugin_folders, python_files

# Files that may be longer than the budget: path → lines. May only shrink; see `rules.size_budget`.
OVERSIZE: MappingProxyType[str, int] = MappingProxyType({})


@pytest.mark.parametrize(
    "rule",
    [
        rules.twin_files,
        rules.function_budget,
        rules.module_state,
        rules.pure_calls,
        rules.nested_loops,
        rules.vague_names,
        rules.shelf_tuples,
    ],
    ids=lambda rule: rule.__name__,
)
def test_rule(rule: Callable[[Path], list[str]]) -> None:
    assert list(python_files(ROOT, "proxy_core")), "read the wrong tree"
    assert rule(ROOT) == []


def test_size_budget() -> None:
    assert rules.size_budget(ROOT, OVERSIZE) == []


def test_plugin_names_stay_in_their_folders() -> None:
    families = {dialect.family for dialect in discover("proxy_core.dialects", "DIALECTS", object).values()}
    assert discover("proxy_core.providers", "PROVIDERS", object)
    homes = {
        provider.name: f"proxy_core/providers/{folder}"
        for folder in plugin_folders(ROOT, "proxy_core/providers")
        for provider in sys.modules[f"proxy_core.providers.{folder}"].PROVIDERS
    }
    assert rules.plugin_names(ROOT, homes, families) == []


def test_lock_has_names_and_versions_only() -> None:
    assert rules.lock_lines((ROOT / "packaging/requirements.lock").read_text("utf-8")) == []


def test_public_face_is_what_all_says() -> None:
    public = {
        name
        for name, value in vars(proxy_core).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert list(proxy_core.__all__) == sorted(proxy_core.__all__)
    assert public - {"annotations"} == set(proxy_core.__all__) - {"__version__"}


def test_every_core_package_is_behind_the_public_face() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    protected = {
        module
        for contract in contracts
        if contract["type"] == "protected"
        for module in contract["protected_modules"]
    }
    packages = {f"proxy_core.{path.parent.name}" for path in (ROOT / "proxy_core").glob("*/__init__.py")}
    assert packages
    assert packages <= protected


def test_proxy_core_and_the_command_line_load_no_qt() -> None:
    code = (
        "import sys, proxy_core, app.command, app.headless\n"
        "print(sorted(name for name in sys.modules if name.startswith(('PySide6', 'shiboken6', 'qasync'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
