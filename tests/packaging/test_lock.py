"""The lock holds every dependency that pyproject.toml names, within its range, and fits together."""

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT, SOURCES, parse, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "packaging/requirements.lock").read_text("utf-8")


def test_every_direct_dependency_is_locked_within_its_range() -> None:
    lines = [Requirement(line) for line in LOCK.splitlines() if not line.startswith("#")]
    locked = {one.name: str(one.specifier).removeprefix("==") for one in lines}
    direct = [
        Requirement(text) for text in PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    ]
    assert direct
    wrong = [
        str(one) for one in direct if locked.get(canonicalize_name(one.name), "none") not in one.specifier
    ]
    assert wrong == []


def test_what_is_installed_fits_together() -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_application_imports_only_what_it_declares() -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    makers = packages_distributions()
    imported = {
        (module.split(".")[0], name)
        for name, path in python_files(ROOT, *SOURCES)
        for node in ast.walk(parse(path))
        for module in imported_modules(node)
    }
    foreign = {(top, name) for top, name in imported if top not in {*sys.stdlib_module_names, *SOURCES}}
    assert foreign
    undeclared = [
        f"{name}: {top}"
        for top, name in sorted(foreign)
        if not declared & {canonicalize_name(maker) for maker in makers.get(top, ())}
    ]
    assert undeclared == []


def imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
