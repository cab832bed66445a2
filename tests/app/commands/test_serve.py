from pathlib import Path

import pytest

from app import headless
from app.command import Options
from tests.app.commands.running import Shell


@pytest.mark.parametrize(
    ("arguments", "host", "port", "people"),
    [
        ([], None, None, False),
        (["--port", "0"], None, 0, False),
        (["--port", "9", "--host", "::1", "--people"], "::1", 9, True),
    ],
)
def test_options_reach_the_server(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    host: str | None,
    port: int | None,
    people: bool,
) -> None:
    asked = {}
    monkeypatch.setattr(Options, "serve", lambda self, **named: asked.update(named))
    assert shell("serve", *arguments).exit_code == 0
    assert asked == {"host": host, "port": port, "for_people": people}


def test_vault_and_home_may_stand_before_and_after(
    tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(Options, "serve", lambda self, **named: seen.append(self))
    home = str(tmp_path / "other")
    for arguments in (
        ["--home", home, "--vault", "file", "--json", "serve"],
        ["serve", "--home", home, "--vault", "file", "--json"],
        ["--home", "wrong", "--vault", "keyring", "--json", "serve", "--home", home, "--vault", "file"],
    ):
        assert shell(*arguments).exit_code == 0
    assert seen == [Options(home, "file", True)] * 3


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "x"], ["--vault", "paper"], ["more"]])
def test_bad_usage(shell: Shell, arguments: list[str]) -> None:
    result = shell("serve", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_server_is_the_one_without_qt() -> None:
    assert headless.serve.__module__ == "app.headless"
