import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.commands.running import Shell
from tests.architecture.tree import ROOT


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_scripts_are_printed(shell: Shell, name: str) -> None:
    result = shell("completion", name)
    assert result.exit_code == 0
    assert "_TRUNKLINE_COMPLETE" in result.stdout


def test_another_shell_is_refused(shell: Shell) -> None:
    assert shell("completion", "csh").exit_code == 2


def complete(words: str, tmp_path: Path) -> set[str]:
    """Return what the program offers to bash for the last word."""
    env = {
        **os.environ,
        "TRUNKLINE_HOME": str(tmp_path / "home"),
        "_TRUNKLINE_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "app"], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert not (tmp_path / "home").exists()
    return {line.partition(",")[2] for line in done.stdout.splitlines()}


def test_commands_and_options_are_completed(tmp_path: Path) -> None:
    assert {"accounts", "keys", "serve", "models", "usage", "doctor"} <= complete("trunkline ", tmp_path)
    assert complete("trunkline accounts re", tmp_path) == {"remove"}
    assert "--key-stdin" in complete("trunkline accounts add --", tmp_path)


SCRIPTS = {
    "bash": 'eval "$(cat {script})"; COMP_WORDS=(trunkline us); COMP_CWORD=1; '
    "_trunkline_completion trunkline; echo ${{COMPREPLY[@]}}",
    "zsh": 'autoload -U compinit; compinit -u; eval "$(cat {script})"; '
    "whence _trunkline_completion && echo usage",
    "fish": "source {script}; complete -C 'trunkline us'",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_works_in_its_shell(shell: Shell, tmp_path: Path, name: str) -> None:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    script = tmp_path / "completion"
    script.write_text(shell("completion", name).stdout)
    command = tmp_path / "bin" / "trunkline"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m app "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [program, "-c", SCRIPTS[name].format(script=script)],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "usage" in done.stdout, done.stderr


def test_json_holds_the_script(shell: Shell) -> None:
    result = shell("completion", "bash", "--json")
    assert result.exit_code == 0
    value = json.loads(result.stdout)
    assert value["shell"] == "bash"
    assert "_TRUNKLINE_COMPLETE" in value["script"]
