"""The command line: global options, exit codes, and the shelf of commands."""

from __future__ import annotations

import asyncio
import errno
import functools
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import click

from app import logs
from app.headless import announce_json, announce_people, run, serve
from app.paths import Paths, paths
from app.redaction import redact
from app.terminal import emit
from app.wiring import Workplace, open_workplace
from proxy_core import ProxyError, SettingsError
from proxy_core.errors import CredentialError, StoreError
from proxy_core.provider import VERSION

_SHELF = "app.commands"
_EPILOG = (
    "Exit codes: 0 done; 1 what was asked for failed; 2 wrong usage or a wrong setting; 3 the vault is "
    "locked, missing, or has no such secret; 4 data could not be read or written; 130 interrupted."
)
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

    async def workplace(self, *, probe: bool = False) -> Workplace:
        """Read the settings and choose the vault, with ``probe`` see whether it works, too.

        Raises SettingsError, StoreError.
        """
        places = await asyncio.to_thread(lambda: self.paths)
        return await open_workplace(places, os.environ, vault_kind=self.vault, probe=probe)

    def serve(self, *, host: str | None, port: int | None, for_people: bool) -> Coroutine[Any, Any, None]:
        """Set logging up and return the server, to be run."""
        logs.set_up("info", self.paths.log)
        announce = announce_people if for_people else announce_json
        return serve(self.paths, host=host, port=port, vault_kind=self.vault, announce=announce)


class Failed(Exception):
    """The thing asked for failed; everything was said already."""


def fail(options: Options, message: str) -> NoReturn:
    """Say what failed, on standard output too for scripts, and raise Failed."""
    if options.as_json:
        emit(True, {"ok": False, "message": redact(message)}, "")
    click.echo(f"trunkline: {redact(message)}", err=True)
    raise Failed


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
    except KeyboardInterrupt:
        sys.exit(130)
    except ProxyError as error:
        code = next(number for kind, number in _EXITS if isinstance(error, kind))
        _complain(options, type(error).__name__, error.message, code)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever read our output left: click knows what to do
        _complain(options, "StoreError", f"{error.filename or 'A file'}: {error.strerror or error}.", 4)


def _complain(options: Options, kind: str, message: str, code: int) -> NoReturn:
    message = redact(message)
    if options.as_json:
        emit(True, {"ok": False, "error": kind, "message": message}, "")
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


@click.group(
    cls=Shelf,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, prog_name="trunkline")
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
    return options.serve(host=None, port=None, for_people=not options.as_json)


def has_screen() -> bool:
    """Whether a window can be shown."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
