"""The commands that README, CI script and workflow name exist, and all of them run the same gate."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def dev_commands(text: str) -> set[str]:
    """Return the sub-commands of packaging/dev.py that a text calls."""
    return set(re.findall(r"\bpython3? packaging/dev\.py ([a-z]+)", text))


def test_readme_names_both_commands() -> None:
    assert dev_commands((ROOT / "README.md").read_text("utf-8")) >= {"run", "test"}


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", ROOT / ".ci/run", *WORKFLOWS], ids=lambda path: path.name
)
def test_every_named_command_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    known = {"run", "test", "packages"}
    assert dev_commands(text)
    assert dev_commands(text) <= known
    named = set(re.findall(r"\b(?:packaging|tests|proxy_core|app|resources)/[\w./-]*\w", text))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_readme_names_no_unknown_trunkline_command() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"^(?:\$ )?trunkline ([a-z]+)", text, re.M))
    named |= set(re.findall(r"\bdev\.py run ([a-z]+)", text))
    assert named
    for name in sorted(named):
        command = [sys.executable, "-m", "app", name, "--help"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
@pytest.mark.parametrize("name", [".ci/run", "packaging/dev.py"])
def test_scripts_are_executable(name: str) -> None:
    assert (ROOT / name).stat().st_mode & stat.S_IXUSR


def test_ci_script_and_workflow_run_the_gate() -> None:
    assert "exec python3 packaging/dev.py test" in (ROOT / ".ci/run").read_text("utf-8")
    assert any("test" in dev_commands(path.read_text("utf-8")) for path in WORKFLOWS)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_pin_actions_and_use_no_secrets(path: Path) -> None:
    text = path.read_text("utf-8")
    actions = re.findall(r"uses: (\S+)", text)
    assert actions
    assert [action for action in actions if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []
    assert "secrets." not in text


def test_dev_refuses_an_unknown_command_with_its_usage() -> None:
    command = [sys.executable, str(ROOT / "packaging/dev.py"), "tset"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "packaging/dev.py test" in done.stderr
