import errno
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from app import command
from app.command import Failed, Options, Shelf, fail, guarded, has_screen, trunkline
from proxy_core import ProxyError, SettingsError, VaultLockedError
from proxy_core.errors import RouteError, StoreError
from proxy_core.provider import VERSION
from tests.app.commands.running import make_shell
from tests.architecture.tree import ROOT


def run(*arguments: str, **env: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(trunkline, list(arguments), env=env)
    return result.exit_code, result.stdout, result.stderr


def test_version() -> None:
    assert run("--version") == (0, f"trunkline, version {VERSION}\n", "")


def test_help_names_every_command_and_the_exit_codes() -> None:
    code, text, _ = run("--help")
    assert code == 0
    for name in ("serve", "models", "accounts", "keys", "usage", "doctor", "completion"):
        assert f"\n  {name} " in text
    assert "3 the vault is locked" in " ".join(text.split())


@pytest.mark.parametrize(
    "arguments", [["frob"], ["--frob"], ["serve", "--port"], ["accounts", "frob"], ["keys", "add"]]
)
def test_bad_usage_is_exit_code_2_and_a_sentence(arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("words"), 2),
        (VaultLockedError("words"), 3),
        (StoreError("words"), 4),
        (RouteError("words"), 1),
        (ProxyError("words"), 1),
        (OSError(errno.ENOSPC, "words", "file"), 4),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_failures_are_a_sentence_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], error: Exception, code: int, as_json: bool
) -> None:
    def action() -> None:
        raise error

    with pytest.raises(SystemExit) as left:
        guarded(Options(as_json=as_json), action)
    assert left.value.code == code
    out, err = capsys.readouterr()
    assert err.startswith("trunkline: ")
    assert "words" in err
    if as_json:
        assert json.loads(out)["ok"] is False
    else:
        assert out == ""


def test_secrets_in_messages_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    def action() -> None:
        raise SettingsError("wrong: sk-proj-Ab12Cd34Ef56Gh78")

    with pytest.raises(SystemExit):
        guarded(Options(as_json=True), action)
    with pytest.raises(Failed):
        fail(Options(as_json=True), "wrong: sk-proj-Ab12Cd34Ef56Gh78")
    out, err = capsys.readouterr()
    assert "Ab12" not in out + err
    assert out.count("***") == err.count("***") == 2


def test_an_interrupt_is_exit_code_130() -> None:
    def action() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as left:
        guarded(Options(), action)
    assert left.value.code == 130


def test_a_reader_that_left_is_click_s_matter() -> None:
    def action() -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        guarded(Options(), action)


def test_an_empty_shelf_is_told_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = ModuleType("empty")
    empty.__path__ = []
    monkeypatch.setitem(sys.modules, "tests.empty_shelf", empty)
    monkeypatch.setattr(command, "_SHELF", "tests.empty_shelf")
    with pytest.raises(RuntimeError, match="were not packaged"):
        Shelf._found.__wrapped__()


@pytest.mark.parametrize(
    ("platform", "environment", "screen"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ""}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_screens(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], screen: bool
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert has_screen() is screen


def test_without_a_command_and_without_a_screen_it_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Options, dict[str, object]]] = []
    monkeypatch.setattr(command, "has_screen", lambda: False)
    monkeypatch.setattr(Options, "serve", lambda self, **named: asked.append((self, named)))
    shell = make_shell(tmp_path)
    assert shell("--home", "x").exit_code == 0
    assert shell("--home", "x", "--json").exit_code == 0
    assert [named["for_people"] for _, named in asked] == [True, False]
    assert {one.home for one, _ in asked} == {"x"}


def test_without_a_command_and_with_a_screen_it_is_the_tray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def start(places: object, *, vault_kind: str | None, no_tray: bool) -> int:
        asked.append((places, vault_kind, no_tray))
        return 0

    desktop = ModuleType("app.application")
    desktop.start = start  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "app.application", desktop)
    monkeypatch.setattr(command, "has_screen", lambda: True)
    shell = make_shell(tmp_path)
    assert shell("--vault", "file", "--no-tray").exit_code == 0
    assert asked == [(Options(str(shell.home)).paths, "file", True)]


def test_every_command_takes_the_common_options_last() -> None:
    def leaves(
        group: click.Command, path: tuple[str, ...] = ()
    ) -> list[tuple[tuple[str, ...], click.Command]]:
        if not isinstance(group, click.Group):
            return [(path, group)]
        context = click.Context(group)
        found = []
        for name in group.list_commands(context):
            one = group.get_command(context, name)
            assert one is not None
            found += leaves(one, (*path, name))
        return found

    for path, leaf in leaves(trunkline):
        options = {name for parameter in leaf.params for name in parameter.opts}
        if path != ("completion",):
            assert {"--home", "--vault", "--json"} <= options, path
        assert leaf.help, path


def test_it_starts_without_qt_and_without_the_vaults() -> None:
    code = (
        "import sys, app.command\n"
        "heavy = ('PySide6', 'qasync', 'keyring', 'cryptography', 'google')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
