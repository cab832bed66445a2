"""The command line: global options, exit codes, and the shelf of commands.

Exit codes: 0 done; 1 the thing asked for failed; 2 wrong usage or a wrong setting; 3 the vault is locked
or missing; 4 data could not be read or written.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from app.headless import run
from app.paths import Paths, paths
from app.redaction import redact
from app.terminal import emit
from app.wiring import Workplace, open_workplace
from proxy_core import ProxyError, SettingsError
from proxy_core.errors import CredentialError, StoreError

_SHELF = "app.commands"
_EXITS: tuple[tuple[type[ProxyError], int], ...] = (
    (SettingsError, 2),
    (CredentialError, 3),
    (StoreError, 4),
    (ProxyError, 1),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What stands before or after any command."""

    home: str | None = None
    vault: str | None = None
    as_json: bool = False

    @property
    def paths(self) -> Paths:
        """The places that were chosen."""
        return paths(self.home or os.environ.get("TRUNKLINE_HOME"))

    async def workplace(self) -> Workplace:
        """Open settings and vault. Raises SettingsError, StoreError."""
        return await open_workplace(self.paths, os.environ, vault_kind=self.vault)


class Failed(Exception):
    """The thing asked for failed; everything was said already."""


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that every command has; it gets them as its first argument."""

    @click.option("--home", metavar="DIR", help="Keep everything in this folder (or TRUNKLINE_HOME).")
    @click.option("--vault", type=click.Choice(["keyring", "file"]), help="Where secrets are kept.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
    @click.pass_context
    @functools.wraps(function)
    def command(
        context: click.Context,
        /,
        *args: Any,
        home: str | None,
        vault: str | None,
        as_json: bool,
        **named: Any,
    ) -> Any:
        options: Options = context.obj or Options()
        options = replace(
            options,
            home=home or options.home,
            vault=vault or options.vault,
            as_json=as_json or options.as_json,
        )
        return guarded(options, lambda: function(options, *args, **named))

    return command


def guarded(options: Options, action: Callable[[], Any]) -> Any:
    """Run a command's work; its failure becomes a sentence and an exit code."""
    try:
        result = action()
        if isinstance(result, Coroutine):
            run(result)
    except Failed:
        sys.exit(1)
    except ProxyError as error:
        code = next(number for kind, number in _EXITS if isinstance(error, kind))
        message = redact(error.message)
        if options.as_json:
            emit(True, {"ok": False, "error": type(error).__name__, "message": message}, "")
        click.echo(f"trunkline: {message}", err=True)
        sys.exit(code)


class Shelf(click.Group):
    """Finds its commands by scanning their folder."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return every command's name, sorted."""
        return sorted(self._found())

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command by its name."""
        return self._found().get(name)

    @staticmethod
    @functools.cache
    def _found() -> dict[str, click.Command]:
        package = importlib.import_module(_SHELF)
        found: dict[str, click.Command] = {}
        for module in pkgutil.iter_modules(package.__path__):
            for command in importlib.import_module(f"{_SHELF}.{module.name}").COMMANDS:
                found[str(command.name)] = command
        if not found:
            raise RuntimeError(f"the shelf {_SHELF} is empty: its commands were not packaged")
        return found


def _version() -> str:
    try:
        return version("trunkline")
    except PackageNotFoundError:
        return "0.1.0"


@click.group(cls=Shelf, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="trunkline")
@click.option("--home", metavar="DIR", help="Keep everything in this folder (or TRUNKLINE_HOME).")
@click.option("--vault", type=click.Choice(["keyring", "file"]), help="Where secrets are kept.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@click.option("--no-tray", is_flag=True, help="Show a window instead of a tray icon.")
@click.pass_context
def trunkline(
    context: click.Context, home: str | None, vault: str | None, as_json: bool, no_tray: bool
) -> None:
    """Every AI account you own, on one local line.

    Without a command: the tray, or, where there is no screen, a server in this terminal.
    """
    context.obj = Options(home, vault, as_json)
    if context.invoked_subcommand is None:
        options: Options = context.obj
        guarded(options, lambda: _start(options, no_tray))


def _start(options: Options, no_tray: bool) -> Any:
    if has_screen():
        # only here, so that no other command imports Qt
        desktop = importlib.import_module("app.application")
        sys.exit(desktop.start(options.paths, vault_kind=options.vault, no_tray=no_tray))
    headless = importlib.import_module("app.headless")
    announce = headless.announce_json if options.as_json else headless.announce_people
    return headless.serve(options.paths, host=None, port=None, vault_kind=options.vault, announce=announce)


def has_screen() -> bool:
    """Whether a window can be shown."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
