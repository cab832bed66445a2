"""packaging/dev.py: what it decides, with the machine replaced by fakes."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

from tests.architecture.tree import ROOT

DEV = ROOT / "packaging/dev.py"


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The script as a module, with its .venv in a place of its own; calling outside fails."""
    spec = importlib.util.spec_from_file_location("trunkline_dev", DEV)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def outside(*_command: object, **_how: object) -> NoReturn:
        raise AssertionError("must not start a program")

    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv/stamp")
    monkeypatch.setattr(module.sys, "platform", "linux")
    monkeypatch.setattr(module, "step", outside)
    monkeypatch.setattr(module, "become", outside)
    return module


def debian(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, installed: str, user: int) -> None:
    done = subprocess.CompletedProcess([], 0, stdout=installed)
    monkeypatch.setattr(dev, "is_debian", lambda: True)
    monkeypatch.setattr(dev, "probe", lambda _python: None)
    monkeypatch.setattr(dev, "find_python", lambda: ("/usr/bin/python3", (3, 11), False))
    monkeypatch.setattr(dev.subprocess, "run", lambda *_command, **_how: done)
    monkeypatch.setattr(dev.os, "geteuid", lambda: user, raising=False)


def listing(*names: str) -> str:
    return "".join(f"installed {name}\n" for name in names)


def test_only_missing_packages_are_wanted(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    there = listing(*dev.RUN_PACKAGES[2:], "libglib2.0-0t64") + "config-files libgl1\n"
    debian(dev, monkeypatch, there, user=0)
    assert dev.missing_packages(testing=False) == ["python3.11-venv", "libgl1"]
    assert dev.missing_packages(testing=True) == ["python3.11-venv", "libgl1", *dev.TEST_PACKAGES]


def test_without_root_it_says_the_one_line_and_exits_3(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    debian(dev, monkeypatch, listing(*dev.RUN_PACKAGES[1:]), user=1000)
    assert dev.main(["dev.py", "run"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    line = f"sudo apt-get install -y --no-install-recommends python3.11-venv {dev.RUN_PACKAGES[0]}"
    assert said.err.splitlines()[-1] == line


def test_as_root_it_updates_the_lists_and_tries_again(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian(dev, monkeypatch, listing(*dev.RUN_PACKAGES[1:]), user=0)
    calls: list[str] = []

    def step(command: list[str], _complaint: str, _env: object = None) -> None:
        calls.append(next(word for word in command if word in ("install", "update")))
        if calls == ["install"]:
            raise dev.SetupError("stale lists")

    monkeypatch.setattr(dev, "step", step)
    monkeypatch.setattr(dev.Path, "glob", lambda _self, _pattern: iter([Path("x_Packages")]))
    dev.install_packages(testing=False)
    assert calls == ["install", "update", "install"]


def test_no_suitable_python_is_a_sentence(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "is_debian", lambda: False)
    monkeypatch.setattr(dev, "probe", lambda _python: ((3, 9), True))
    assert dev.main(["dev.py", "run"]) == 3
    assert "this needs Python 3.11, 3.12 or 3.13" in capsys.readouterr().err


def test_probe_tells_version_and_survives_what_is_no_python(dev: ModuleType, tmp_path: Path) -> None:
    assert dev.probe(sys.executable) == (sys.version_info[:2], True)
    assert dev.probe(str(tmp_path / "absent")) is None


def test_set_up_does_nothing_when_the_stamp_fits(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "install_packages", lambda testing: None)
    monkeypatch.setattr(dev, "probe", lambda _python: ((3, 12), True))
    dev.VENV.mkdir()
    dev.STAMP.write_text(dev.fingerprint((3, 12)), "utf-8")
    dev.set_up(testing=True)
    dev.STAMP.write_text(dev.fingerprint((3, 11)), "utf-8")
    with pytest.raises(AssertionError, match="must not start a program"):
        dev.set_up(testing=True)


def test_run_hands_over_all_arguments(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def become(command: list[str]) -> int:
        commands.append(command)
        return 7

    monkeypatch.setattr(dev, "set_up", lambda testing: None)
    monkeypatch.setattr(dev, "become", become)
    assert dev.main(["dev.py", "run", "--home", "x", "serve", "--help"]) == 7
    assert commands[0][1:] == ["-P", "-m", "app", "--home", "x", "serve", "--help"]


def test_a_file_it_may_not_read_is_a_sentence(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def set_up(testing: bool) -> NoReturn:
        raise PermissionError(13, "Permission denied", ".venv")

    monkeypatch.setattr(dev, "set_up", set_up)
    assert dev.main(["dev.py", "run"]) == 4
    assert "Permission denied: '.venv'" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_command_starts_the_program_from_anywhere(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "a place" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(dev, "venv_python", lambda: python)
    dev.write_command()
    dev.write_command()
    command = [str(python.with_name("trunkline")), "keys", "add", "my editor"]
    said = subprocess.check_output(command, cwd=tmp_path, text=True)
    assert said == "-P|-m|app|keys|add|my editor|"
