"""Runs the command line inside the test's process, over a home of its own with a file vault."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.command import trunkline

PASSPHRASE = "for-the-tests-only"


@dataclass(frozen=True)
class Shell:
    """``shell("keys", "add", "x")`` runs a command; ``home`` is where everything is."""

    home: Path

    def __call__(self, *arguments: str, stdin: str | bytes = "", env: dict[str, str] | None = None) -> Result:
        """Run, and fail the test where a traceback would have been seen."""
        variables = {
            "TRUNKLINE_HOME": str(self.home),
            "TRUNKLINE_VAULT_PASSPHRASE": PASSPHRASE,
            **(env or {}),
        }
        result = CliRunner().invoke(trunkline, list(arguments), input=stdin, env=variables)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            pytest.fail(f"a traceback: {result.exception!r}")
        return result

    def json(self, *arguments: str, stdin: str = "", code: int = 0) -> Any:
        """Run with ``--json`` and return what was printed."""
        result = self(*arguments, "--json", stdin=stdin)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    @property
    def settings(self) -> str:
        """The text of the settings file."""
        return (self.home / "settings.toml").read_text("utf-8")

    def add(self, *arguments: str, key: str = "sk-a1b2c3d4e5f6") -> Any:
        """Add an account."""
        return self.json("accounts", "add", *arguments, "--key-stdin", stdin=key + "\n")


def make_shell(folder: Path) -> Shell:
    """Return a command line whose settings name the file vault and look for no local servers."""
    home = folder / "home"
    home.mkdir()
    (home / "settings.toml").write_text('[vault]\nkind = "file"\n[routing]\nlocal_servers = false\n')
    return Shell(home)
